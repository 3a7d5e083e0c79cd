-- 0009: lists of failed orders, and an id below which hardly an order is unfinished.
--
-- orders_failed, orders_failed_by_user: have what failed, and the few confirmed orders of an adopted table that have no price. Their
-- columns change with an order's last step alone, which touches every index anyway: all others stay HOT. They cost the orders that fail
-- one entry each, and the others nothing.
-- On a large table make both by hand before, as docs/upgrading.md says: here they lock out writers while the table is read.
--
-- sweep_floor, one row: every unfinished order (resting and held ones too) with an id below `floor` is in `below`. Once true that stays
-- so, whatever happens, since no order is unfinished again. What reads unfinished orders begins at the floor, so that it need not pass
-- the index entries of all that finished since the oldest snapshot somebody holds: until that ends no vacuum can take them away.
-- It stands here, and not in a process, so that a failover or a restore that loses orders' last steps loses what was concluded from them.
-- `next_floor` is where the floor goes next, once none of the transactions `writers` runs: each id below it was given out to a
-- transaction that is over by then or was among them.
-- raise_sweep_floor(most, least_gain, window): raises the floor by `window` ids at most; returns whether it did. It does not while more
-- than `most` unfinished orders would be below, or for fewer than `least_gain` ids.

CREATE INDEX IF NOT EXISTS orders_failed ON orders (id)
    WHERE finished_at IS NOT NULL AND (reason_code IS NOT NULL OR execution_price IS NULL);
CREATE INDEX IF NOT EXISTS orders_failed_by_user ON orders (user_id, id)
    WHERE finished_at IS NOT NULL AND (reason_code IS NOT NULL OR execution_price IS NULL);

CREATE TABLE sweep_floor (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    floor BIGINT NOT NULL,
    below BIGINT[] NOT NULL,
    next_floor BIGINT NOT NULL,
    writers TEXT[] NOT NULL
);
INSERT INTO sweep_floor (floor, below, next_floor, writers) VALUES (0, '{}', 0, '{}');

-- The transactions that may insert orders. Whoever inserts has this lock before it draws an id and until its commit is visible.
CREATE FUNCTION writers_of_orders() RETURNS TEXT[] LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(array_agg(DISTINCT virtualtransaction), '{}') FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'orders'::regclass AND mode = 'RowExclusiveLock' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
$$;

CREATE FUNCTION raise_sweep_floor(most INTEGER, least_gain BIGINT, "window" BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    -- A row that was numbered by hand may be beyond the sequence, and a sequence beyond the rows.
    given BIGINT := least(
        coalesce((SELECT max(id) FROM orders), 0),
        coalesce(pg_sequence_last_value(pg_get_serial_sequence('orders', 'id')::regclass), 0));
    known sweep_floor;
    raised BIGINT;
    unfinished BIGINT[];
BEGIN
    -- Each statement has to see what was committed before it.
    IF current_setting('transaction_isolation') <> 'read committed' OR current_setting('transaction_read_only') = 'on' THEN
        RETURN false;
    END IF;
    -- No standby is waited for: whichever writes a failover keeps, they are the first ones.
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO known FROM sweep_floor FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    ELSIF known.next_floor <= known.floor THEN
        IF given - known.floor >= least_gain THEN
            UPDATE sweep_floor SET next_floor = given, writers = writers_of_orders();
        END IF;
        RETURN false;
    ELSIF known.writers && writers_of_orders() THEN
        RETURN false;
    END IF;
    raised := least(known.next_floor, known.floor + "window");
    unfinished := ARRAY(
        (SELECT id FROM orders WHERE id = ANY(known.below) AND finished_at IS NULL)
        UNION ALL
        (SELECT id FROM orders WHERE finished_at IS NULL AND NOT resting AND id >= known.floor AND id < raised
            ORDER BY id LIMIT most + 1)
        UNION ALL
        (SELECT id FROM orders WHERE resting AND finished_at IS NULL AND id >= known.floor AND id < raised
            ORDER BY id LIMIT most + 1)
    );
    IF cardinality(unfinished) > most THEN
        RETURN false;
    END IF;
    UPDATE sweep_floor SET floor = raised, below = unfinished;
    RETURN true;
END $$;

-- Ids may begin anew then.
CREATE FUNCTION lower_sweep_floor() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    UPDATE sweep_floor SET floor = 0, below = '{}', next_floor = 0, writers = '{}';
    RETURN NULL;
END $$;
CREATE TRIGGER orders_truncated AFTER TRUNCATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION lower_sweep_floor();
