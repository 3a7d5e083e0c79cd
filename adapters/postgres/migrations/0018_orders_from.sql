-- 0018: orders of a time.
--
-- orders_from(time): the id from which on orders are of that time or later, if times rise with ids; as executions_from (0005), by some
-- 30 look-ups by the key, however many orders there are.

CREATE FUNCTION orders_from(wanted TIMESTAMP) RETURNS BIGINT LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    low BIGINT := coalesce((SELECT id FROM orders ORDER BY id LIMIT 1), 1);
    high BIGINT := 1 + coalesce((SELECT id FROM orders ORDER BY id DESC LIMIT 1), 0);
    middle BIGINT;
    there RECORD;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        SELECT id, created_at INTO there FROM orders WHERE id >= middle ORDER BY id LIMIT 1;
        IF there.created_at < wanted THEN
            low := there.id + 1;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END $$;
