-- 0002: reading many orders at once.
--
-- A user's newest orders lie on as many pages. An index scan, which the planner would take, reads them from the disk one
-- after the other; a bitmap scan has the next ones read meanwhile.

CREATE FUNCTION orders_with_ids(ids INTEGER[]) RETURNS SETOF orders
    LANGUAGE plpgsql STABLE ROWS 50
    SET enable_bitmapscan = on
    SET enable_indexscan = off
    SET enable_seqscan = off
    SET plan_cache_mode = force_generic_plan
    AS $$ BEGIN
        RETURN QUERY SELECT * FROM orders WHERE id = ANY (ids);
    END $$;

DO $$ BEGIN
    ALTER FUNCTION orders_with_ids SET effective_io_concurrency = 64;
EXCEPTION WHEN invalid_parameter_value THEN
    NULL; -- the server's system cannot read ahead (macOS, before Postgres 18)
END $$;
