-- 0006: orders that rest, waiting for a price.
--
-- orders.resting says the same as status = 'resting'. It changes only when an order begins or ends its rest, so indexes may name
-- it (other updates stay HOT). orders_unfinished has no resting order, so that a million of them is in nobody's way; the two new
-- indexes are empty, and cost nothing, while nothing rests.
-- The status is checked anew for what is written from now on; 0007 looks at what is there.

ALTER TABLE orders
    ADD COLUMN resting BOOLEAN NOT NULL DEFAULT false,
    DROP CONSTRAINT orders_status_known,
    ADD CONSTRAINT orders_status_known
        CHECK (status IN ('pending', 'resting', 'routing', 'building', 'submitted', 'confirmed', 'failed')) NOT VALID;

DROP INDEX orders_unfinished;
CREATE INDEX orders_unfinished ON orders (id) WHERE finished_at IS NULL AND NOT resting;
-- Listing resting orders, everyone's and a user's. Statements say `finished_at IS NULL` for the first alone, so that no plan can
-- take the one that is not meant: statistics tell nothing of resting orders until the table has doubled.
CREATE INDEX orders_resting ON orders (id) WHERE resting AND finished_at IS NULL;
CREATE INDEX orders_resting_by_user ON orders (user_id, id) WHERE resting;
