-- 0002: reading a page of a user's orders.
--
-- orders_of_user(user id, lowest id, highest id): the user's orders from `lowest` to `highest`, both included, in no
-- order; none when an argument is NULL.
-- They lie on as many pages of the table. An index scan, which the planner would take, reads these from the disk one
-- after the other; a bitmap scan has the next ones read meanwhile.

CREATE FUNCTION orders_of_user(of_user VARCHAR, lowest BIGINT, highest BIGINT) RETURNS SETOF orders
    LANGUAGE plpgsql STABLE STRICT ROWS 50
    SET enable_bitmapscan = on
    SET enable_indexscan = off
    SET enable_seqscan = off
    AS $$ BEGIN
        RETURN QUERY SELECT * FROM orders WHERE user_id = of_user AND id BETWEEN lowest AND highest;
    END $$;

DO $$ BEGIN
    ALTER FUNCTION orders_of_user SET effective_io_concurrency = 64;
EXCEPTION WHEN invalid_parameter_value THEN
    NULL; -- the server's system cannot read ahead (macOS, before Postgres 18)
END $$;
