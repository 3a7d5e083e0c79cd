-- 0015: where on a chain a swap landed, and whether that stays.
--
-- executions.slot, .priority_fee (a part of network_fee), .finality: 'confirmed' until the chain can undo it no more, then
-- 'finalized', or 'undone'. NULL for swaps on no chain, which all earlier ones are: none of these is in the two indexes.
-- finality_sweep, one row: when the last sweep over confirmed executions began. Unlogged: what is lost of it comes back.
--
-- Executions are written meanwhile, so no transaction can hold the indexes: each statement stands for itself, empty lines part
-- them, and all are harmless to repeat.

ALTER TABLE executions
    ADD COLUMN IF NOT EXISTS slot BIGINT,
    ADD COLUMN IF NOT EXISTS priority_fee NUMERIC,
    ADD COLUMN IF NOT EXISTS finality TEXT;

CREATE UNLOGGED TABLE IF NOT EXISTS finality_sweep (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    began_at TIMESTAMP NOT NULL
);

DROP INDEX CONCURRENTLY IF EXISTS executions_on_chain;

CREATE INDEX CONCURRENTLY executions_on_chain ON executions (order_id) WHERE chain IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS executions_unsettled;

CREATE INDEX CONCURRENTLY executions_unsettled ON executions (id) WHERE finality = 'confirmed';
