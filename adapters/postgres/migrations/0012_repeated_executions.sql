-- 0012: room for what 0013 needs.
--
-- executions.repeats: the row's transaction had confirmed another order before. There may be such rows of earlier releases, and there
-- is none of this one.

ALTER TABLE executions ADD COLUMN repeats BOOLEAN NOT NULL DEFAULT false;
