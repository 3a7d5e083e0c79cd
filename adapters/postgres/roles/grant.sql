-- What each role may do with each table; what stands here nowhere is not allowed. For the tables' owner, safe to repeat: `migrate` runs
-- it after each migration. A role that is not there is passed over. A new table has a line here (a test says so).
--
-- The API adds and cancels orders, ends and queues them for administrators, and may find that writes were lost; it can never end a
-- halt, say that a swap landed, or change what is sent, make a key or change what one may. A worker takes no orders. Nobody deletes an
-- order, an event, an execution, a key or an act. (To lock a row, as taking a ticket does, takes the right to update some column of it.)

DO $$
DECLARE
    found_loss CONSTANT TEXT := 'SELECT, INSERT, UPDATE (why, lost_writes, timeline)';
    settling CONSTANT TEXT := 'SELECT, INSERT, UPDATE (finality, amount_in, amount_out, venue_fee, network_fee, '
        'network_fee_asset, slot, priority_fee)';
    delivering CONSTANT TEXT := 'SELECT, DELETE, UPDATE (lease, leased_until, failures, failing_since, retry_at, disabled_at, '
        'disabled_why, revision)';
    note CONSTANT TEXT := 'INSERT (who, origin, request_id, what, subject, before, after, outcome)';
    counting CONSTANT TEXT := 'SELECT, INSERT, UPDATE, DELETE';
    one RECORD;
    given RECORD;
BEGIN
    FOR one IN SELECT * FROM (VALUES
        -- table,               api,                      worker,                           operator,                         readonly
        ('orders',               'SELECT, INSERT, UPDATE', 'SELECT, UPDATE',                 'SELECT, UPDATE',                 'SELECT'),
        ('order_events',         'SELECT, INSERT',         'SELECT, INSERT',                 'SELECT, INSERT',                 'SELECT'),
        ('idempotency_keys',     'SELECT, INSERT',         '',                               '',                               ''),
        ('executions',           'SELECT',                 settling,                         'SELECT, INSERT',                 'SELECT'),
        ('transaction_payloads', 'SELECT, DELETE',         'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE', ''),
        ('trading_halts',        found_loss,               found_loss,                       'SELECT, INSERT, UPDATE',         'SELECT'),
        ('partial_halts',        'SELECT',                 'SELECT, INSERT',                 'SELECT, INSERT, UPDATE',         'SELECT'),
        ('audit_log',            note,                     note,                             'SELECT, ' || note,               ''),
        ('api_keys',             'SELECT, UPDATE (last_used_at)', '',                         'SELECT, INSERT, UPDATE',         ''),
        ('socket_tickets',       'SELECT, INSERT, UPDATE (digest), DELETE', '',               '',                               ''),
        ('webhook_endpoints',    'SELECT, INSERT, UPDATE', delivering,                       '',                               ''),
        ('webhook_outbox',       'SELECT, INSERT, UPDATE', 'SELECT, UPDATE, DELETE',         '',                               ''),
        ('webhook_deliveries',   'SELECT',                 'SELECT, INSERT, DELETE',         '',                               ''),
        ('sweep_floor',          'SELECT',                 'SELECT, UPDATE',                 'SELECT',                         'SELECT'),
        ('finality_sweep',       '',                       'SELECT, INSERT, UPDATE',         '',                               ''),
        ('order_counts',         counting,                 counting,                         counting,                         'SELECT'),
        ('workers',              'SELECT',                 counting,                         'SELECT',                         'SELECT'),
        ('schema_migrations',    'SELECT',                 'SELECT',                         'SELECT',                         'SELECT')
    ) AS decided (relation, api, worker, operator, readonly)
    LOOP
        CONTINUE WHEN to_regclass(one.relation) IS NULL;
        FOR given IN
            SELECT rolname AS role, privileges FROM (VALUES
                ('order_engine_api', one.api), ('order_engine_worker', one.worker),
                ('order_engine_operator', one.operator), ('order_engine_readonly', one.readonly)
            ) AS pairs (name, privileges) JOIN pg_roles ON rolname = name
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', one.relation, given.role);
            IF given.privileges <> '' THEN
                EXECUTE format('GRANT %s ON %I TO %I', given.privileges, one.relation, given.role);
            END IF;
        END LOOP;
    END LOOP;

    -- The API numbers orders. All may see how many ids are left.
    FOR one IN SELECT c.oid::regclass::text AS name, c.oid = pg_get_serial_sequence('orders', 'id')::regclass AS of_orders
        FROM pg_class AS c WHERE c.relkind = 'S' AND c.relnamespace = current_schema()::regnamespace
    LOOP
        FOR given IN SELECT rolname AS role FROM pg_roles WHERE rolname IN (
            'order_engine_api', 'order_engine_worker', 'order_engine_operator', 'order_engine_readonly')
        LOOP
            EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %I', one.name, given.role);
            EXECUTE format('GRANT SELECT ON SEQUENCE %s TO %I', one.name, given.role);
            IF one.of_orders AND given.role = 'order_engine_api' THEN
                EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', one.name, given.role);
            END IF;
        END LOOP;
    END LOOP;
END $$;
