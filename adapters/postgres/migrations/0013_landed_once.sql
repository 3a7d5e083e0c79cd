-- 0013: no two orders are confirmed with one transaction, known by its hash and the chain, or venue, that it is of.
--
-- Executions are written meanwhile, so no transaction can hold this: each statement stands for itself, empty lines part them, and all are
-- harmless to repeat. Of rows that repeat the first counts.

DROP INDEX CONCURRENTLY IF EXISTS executions_landed_once;

UPDATE executions SET repeats = true WHERE NOT repeats AND id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY coalesce(chain, venue), tx_hash ORDER BY id) AS nth FROM executions
    ) AS e
    WHERE nth > 1
);

CREATE UNIQUE INDEX CONCURRENTLY executions_landed_once ON executions (coalesce(chain, venue), tx_hash) WHERE NOT repeats;
