-- 0006: orders that rest, waiting for a price.
--
-- orders.resting says the same as status = 'resting'. It changes only when an order begins or ends its rest, so it may be in an
-- index (other updates stay HOT): the resting orders lie apart from those that run, however many they are, in one index for both.
-- The status is checked anew for what is written from now on; 0007 looks at what is there.

ALTER TABLE orders
    ADD COLUMN resting BOOLEAN NOT NULL DEFAULT false,
    DROP CONSTRAINT orders_status_known,
    ADD CONSTRAINT orders_status_known
        CHECK (status IN ('pending', 'resting', 'routing', 'building', 'submitted', 'confirmed', 'failed')) NOT VALID;

DROP INDEX orders_unfinished;
CREATE INDEX orders_unfinished ON orders (resting, id) WHERE finished_at IS NULL;
