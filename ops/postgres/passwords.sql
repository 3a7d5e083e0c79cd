-- Gives each role of the engine its password, from the environment; for psql, as a superuser.
\getenv migrator POSTGRES_MIGRATOR_PASSWORD
\getenv api POSTGRES_API_PASSWORD
\getenv worker POSTGRES_WORKER_PASSWORD
\getenv operator POSTGRES_OPERATOR_PASSWORD
ALTER ROLE order_engine_migrator PASSWORD :'migrator';
ALTER ROLE order_engine_api PASSWORD :'api';
ALTER ROLE order_engine_worker PASSWORD :'worker';
ALTER ROLE order_engine_operator PASSWORD :'operator';
