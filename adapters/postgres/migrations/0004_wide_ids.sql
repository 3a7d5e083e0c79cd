-- 0004: orders are numbered with 64 bits. With 32 the engine ended at order 2,147,483,647.
--
-- Effects: orders.id, its sequence and order_events.orders_id become BIGINT; what is so already stays as it is. Both tables
-- and their indexes are written anew, and nobody reads or writes them meanwhile: docs/upgrading.md has the cost.
-- An adopted table's sequence may have any name, may be an identity column's, or may not be there.
-- Fails, and names them all:
--   * when something needs a column that is to be widened, and Postgres does not widen it along: views, rules, triggers,
--     row policies, generated columns, functions;
--   * when a foreign key refers to it from a column of 32 bits or less, which would then be where orders end.

LOCK TABLE orders, order_events IN ACCESS EXCLUSIVE MODE;

DO $$
DECLARE
    to_drop TEXT;
    to_widen TEXT;
    narrow RECORD;
    sequence_of_orders TEXT := pg_get_serial_sequence('orders', 'id');
BEGIN
    WITH RECURSIVE narrow AS (
        SELECT attrelid, attnum FROM pg_attribute
        WHERE (attrelid, attname) IN (('orders'::regclass, 'id'), ('order_events'::regclass, 'orders_id'))
            AND atttypid IN ('smallint'::regtype, 'integer'::regtype)
    ), needs (class, id, depth) AS (
        SELECT CASE WHEN view.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass END, coalesce(view.ev_class, d.objid), 0
        FROM narrow AS n
        JOIN pg_depend AS d
            ON (d.refclassid, d.refobjid, d.refobjsubid) = ('pg_class'::regclass, n.attrelid, n.attnum)
            AND d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
                'pg_attrdef'::regclass, 'pg_proc'::regclass)
        LEFT JOIN pg_rewrite AS view
            ON d.classid = 'pg_rewrite'::regclass AND view.oid = d.objid AND view.rulename = '_RETURN'
        WHERE NOT EXISTS ( -- its own default
            SELECT FROM pg_attrdef AS own
            WHERE d.classid = 'pg_attrdef'::regclass AND (own.oid, own.adrelid, own.adnum) = (d.objid, n.attrelid, n.attnum)
        )
        UNION
        SELECT 'pg_class'::regclass, view.ev_class, needs.depth + 1
        FROM needs
        JOIN pg_depend AS d ON (d.refclassid, d.refobjid, d.classid) = (needs.class, needs.id, 'pg_rewrite'::regclass)
        JOIN pg_rewrite AS view ON view.oid = d.objid AND view.rulename = '_RETURN' AND view.ev_class <> needs.id
        WHERE needs.class = 'pg_class'::regclass
    ), needed_by AS ( -- views upon views first: so they can be dropped in this order
        SELECT string_agg(it.type || ' ' || it.identity, ', ' ORDER BY depth DESC, it.identity) AS names
        FROM (SELECT class, id, max(depth) AS depth FROM needs GROUP BY class, id) AS each,
            pg_identify_object(class, id, 0) AS it
    ), referring AS (
        SELECT string_agg(
            format('%s.%I (foreign key %I)', it.identity, a.attname, c.conname), ', ' ORDER BY it.identity, a.attname
        ) AS names
        FROM narrow AS n
        JOIN pg_constraint AS c ON c.contype = 'f' AND c.confrelid = n.attrelid AND c.conparentid = 0
        JOIN pg_attribute AS a
            ON a.attrelid = c.conrelid AND a.attnum = c.conkey[array_position(c.confkey, n.attnum)]
            AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype),
            pg_identify_object('pg_class'::regclass, c.conrelid, 0) AS it
    )
    SELECT needed_by.names, referring.names INTO to_drop, to_widen FROM needed_by, referring;

    IF to_drop IS NOT NULL OR to_widen IS NOT NULL THEN
        RAISE EXCEPTION '%', concat(
            'the ids of orders cannot become BIGINT yet, and were left as they are.',
            ' Drop what needs them, migrate, and make it again: ' || to_drop || '.',
            ' Make the columns that refer to them BIGINT, then migrate: ' || to_widen || '.');
    END IF;

    -- Orders that are final change no more and need no room on their pages: so they are written in half the time, and take a
    -- fifth of the place.
    ALTER TABLE orders SET (fillfactor = 100);
    FOR narrow IN
        SELECT attrelid::regclass AS relation, attname FROM pg_attribute
        WHERE (attrelid, attname) IN (('orders'::regclass, 'id'), ('order_events'::regclass, 'orders_id'))
            AND atttypid IN ('smallint'::regtype, 'integer'::regtype)
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE BIGINT', narrow.relation, narrow.attname);
    END LOOP;
    ALTER TABLE orders SET (fillfactor = 25);
    IF sequence_of_orders IS NOT NULL THEN
        EXECUTE format('ALTER SEQUENCE %s AS BIGINT', sequence_of_orders);
    END IF;
END $$;
