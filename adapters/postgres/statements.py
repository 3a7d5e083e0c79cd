"""The SQL, each statement one round trip and one commit. Groups come as one JSON array of rows, named as in rows.py.

Times are the server's and stored as UTC whatever the session's zone is.
`= ANY(ARRAY[key])` is `= key` with one difference: no plan for it can begin with the table, even with an empty one. So
the plan may be kept.
"""

from typing import Final

from adapters.postgres.audit import audited

# The columns that rows.read_order takes, in its order.
_ORDER: Final = """
    o.order_id, o.user_id, o.input_token, o.output_token, trim_scale(o.amount), o.created_at, o.updated_at, o.status,
    o.version, o.attempt, o.logs, o.quotes::text, o.chosen_dex, o.tx_hash, o.tx_venue, trim_scale(o.tx_amount),
    trim_scale(o.tx_limit_price), o.tx_expires_at, trim_scale(o.execution_price), o.reason_code, o.finished_at,
    o.slippage_bps, o.client_order_id, o.held, o.slippage_by_default, o.request_id, o.traceparent, {payload}
"""
LISTED: Final = _ORDER.replace("{payload}", "NULL")
# Only the order that is asked for by its id comes with the bytes that were sent.
_WHOLE: Final = _ORDER.replace(
    "{payload}",
    """CASE o.status WHEN 'submitted' THEN
        (SELECT payload FROM transaction_payloads AS p WHERE p.orders_id = ANY(ARRAY[o.id])) END""",
)

# What is read may be on this server alone: a session that was ended or cancelled while its commit waited for a
# synchronous standby leaves its rows to be seen. So a statement whose answer others rely on has this: where there is
# such a standby it writes to the log, and its own commit waits for that and all before. (An id alone does not wait.)
_DURABLE: Final = """(SELECT CASE WHEN current_setting('synchronous_standby_names') <> '' THEN
    pg_logical_emit_message(true, 'order_engine'::text, ''::text) END)"""

# In the commit of an order that is `born` its user's webhook endpoints are owed it. An endpoint that was made before
# the statement began is seen, whichever process made it. Where there is none at all, rows are not even looked at. With
# OFFSET each is looked up by itself, whatever the tables held when the plan was made.
_OWED: Final = """
INSERT INTO webhook_outbox (webhook_id, orders_id, due_at)
SELECT e.webhook_id, b.id, statement_timestamp() AT TIME ZONE 'UTC'
FROM born AS b
CROSS JOIN LATERAL (
    SELECT webhook_id FROM webhook_endpoints
    WHERE user_id = b.user_id AND removed_at IS NULL AND disabled_at IS NULL OFFSET 0) AS e
WHERE EXISTS (SELECT FROM webhook_endpoints)"""

_NEW: Final = """
INSERT INTO orders
    (order_id, user_id, input_token, output_token, amount, slippage_bps, slippage_by_default, request_id, traceparent,
    status, logs, created_at, updated_at)
SELECT order_id, user_id, input_token, output_token, amount, slippage_bps, slippage_by_default, request_id, traceparent,
    'pending', '{}', created_at, date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC')
FROM json_to_recordset(%s) AS i (
    order_id text, user_id text, input_token text, output_token text, amount numeric, slippage_bps integer,
    slippage_by_default boolean, request_id text, traceparent text, created_at timestamp)
"""

# Keep new orders that have neither key nor client order id. (rows): nothing. Raises unique_violation, and keeps none of
# them, if one is there already: to look for each first, as ADD_AGAIN does, would be a tenth of the server's work.
ADD_NEW: Final = f"WITH born AS ({_NEW} RETURNING id, user_id){_OWED}"

# The same; one that is there already stays, durably. (rows): nothing of interest.
ADD_AGAIN: Final = f"""WITH born AS ({_NEW} ON CONFLICT (order_id) DO NOTHING RETURNING id, user_id), owed AS ({_OWED})
SELECT {_DURABLE}"""

# Keep new orders with their keys. (rows): the ids of those that were added.
# An order is added if its client order id is free and its key, if it has one, could be claimed; else neither order nor
# key is there afterwards. A client order id that another transaction takes meanwhile raises unique_violation, and the
# group must be repeated. Claims are sorted, and then inserts, so that two groups wait for each other in one direction
# only; ids are drawn before the sorting, so that they follow the order of arrival, and for new orders alone: repeats
# use none up.
ADD_KEYED: Final = """
WITH input AS (
    SELECT * FROM json_to_recordset(%s) AS i (
        order_id text, user_id text, input_token text, output_token text, amount numeric, slippage_bps integer,
        slippage_by_default boolean, request_id text, traceparent text, created_at timestamp, client_order_id text,
        key text)
), taken AS (
    SELECT i.order_id FROM input AS i
    JOIN orders AS o ON o.user_id = i.user_id AND o.client_order_id = i.client_order_id
), claimed AS (
    INSERT INTO idempotency_keys (user_id, key, order_id, created_at)
    SELECT user_id, key, order_id, clock_timestamp() AT TIME ZONE 'UTC' FROM input
    WHERE key IS NOT NULL AND order_id NOT IN (SELECT order_id FROM taken)
    ORDER BY user_id, key
    ON CONFLICT DO NOTHING
    RETURNING order_id
), numbered AS (
    SELECT nextval((SELECT pg_get_serial_sequence('orders', 'id'))::regclass) AS id, i.* FROM input AS i
    WHERE order_id NOT IN (SELECT order_id FROM taken)
        AND (key IS NULL OR order_id IN (SELECT order_id FROM claimed))
), born AS (
    INSERT INTO orders
        (id, order_id, user_id, input_token, output_token, amount, slippage_bps, slippage_by_default, client_order_id,
        request_id, traceparent, status, logs, created_at, updated_at)
    SELECT id, order_id, user_id, input_token, output_token, amount, slippage_bps, slippage_by_default, client_order_id,
        request_id, traceparent,
        'pending', '{}', created_at, date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC')
    FROM numbered
    ORDER BY user_id, client_order_id
    ON CONFLICT (order_id) DO NOTHING
    RETURNING id, order_id, user_id
), owed AS ({owed})
SELECT order_id FROM born
""".replace("{owed}", _OWED)

# Find what durably stands for some requests. (rows): the asking order's id, whether it is by key, nothing, the order.
STANDING: Final = """
WITH input AS (
    SELECT * FROM json_to_recordset(%s) AS i (order_id text, user_id text, client_order_id text, key text)
)
SELECT i.order_id, true, {durable}, {order} FROM input AS i
JOIN idempotency_keys AS k ON k.user_id = i.user_id AND k.key = i.key
JOIN orders AS o ON o.order_id = k.order_id
UNION ALL
SELECT i.order_id, false, {durable}, {order} FROM input AS i
JOIN orders AS o ON o.user_id = i.user_id AND o.client_order_id = i.client_order_id
""".replace("{order}", LISTED).replace("{durable}", _DURABLE)

# Claim new keys for orders that stand. (rows): those that were claimed.
CLAIM: Final = """
INSERT INTO idempotency_keys (user_id, key, order_id, created_at)
SELECT user_id, key, order_id, clock_timestamp() AT TIME ZONE 'UTC'
FROM json_to_recordset(%s) AS i (user_id text, key text, order_id text)
ORDER BY user_id, key
ON CONFLICT DO NOTHING
RETURNING user_id, key, order_id
"""

# Move orders on. (rows, each order once, sorted by id): how many were at the version that their row expects.
# Rows are locked as they come, so two groups wait for each other in one direction only. With an order its events are
# kept, the execution of a swap that landed, and a transaction's payload, until it is of no more use.
# Most rows have one event, so it stands in columns; those before it in JSON of their own, which takes as long to read.
APPEND: Final = """
WITH moved AS (
    UPDATE orders AS o SET
        status = i.status, version = i.version, attempt = i.attempt,
        logs = CASE WHEN i.earlier IS NULL THEN o.logs ELSE o.logs || i.earlier_messages END || i.message,
        quotes = coalesce(i.quotes, o.quotes), chosen_dex = i.chosen_dex, tx_hash = i.tx_hash, tx_venue = i.tx_venue,
        tx_amount = i.tx_amount, tx_limit_price = i.tx_limit_price, tx_expires_at = i.tx_expires_at,
        execution_price = i.execution_price, reason_code = i.reason_code, finished_at = i.finished_at,
        resting = coalesce(i.resting, false),
        updated_at = date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC')
    FROM json_to_recordset(%s) AS i (
        order_id text, expected integer, version integer, event_id text, kind text, frame text, message text,
        earlier json, earlier_messages text[], status text, attempt integer, quotes json, chosen_dex text, tx_hash text,
        tx_venue text, tx_amount numeric, tx_limit_price numeric, tx_expires_at timestamp, execution_price numeric,
        reason_code text, finished_at timestamp, amount_in numeric, amount_out numeric, venue_fee numeric,
        network_fee numeric, network_fee_asset text, quoted_price numeric, landing json, payload text, purge boolean,
        resting boolean)
    WHERE o.order_id = ANY(ARRAY[i.order_id]) AND o.version = i.expected
    RETURNING
        o.id, o.order_id, o.user_id, o.input_token, o.output_token, i.version, i.event_id, i.kind, i.frame, i.earlier,
        i.tx_hash, i.tx_venue, i.finished_at, i.amount_in, i.amount_out, i.venue_fee, i.network_fee,
        i.network_fee_asset, i.quoted_price, i.landing, i.payload, i.purge
), kept_events AS (
    INSERT INTO order_events (orders_id, seq, event_id, kind, frame)
    SELECT id, version, event_id, kind, frame FROM moved
    UNION ALL
    SELECT m.id, e.seq, e.event_id, e.kind, e.frame
    FROM moved AS m, json_to_recordset(m.earlier) AS e (seq integer, event_id text, kind text, frame text)
    WHERE m.earlier IS NOT NULL
), kept_executions AS (
    INSERT INTO executions
        (order_id, user_id, input_token, output_token, venue, tx_hash, amount_in, amount_out, venue_fee, network_fee,
        network_fee_asset, quoted_price, executed_at, chain, slot, priority_fee, finality)
    SELECT order_id, user_id, input_token, output_token, tx_venue, tx_hash, amount_in, amount_out, venue_fee,
        network_fee, network_fee_asset, quoted_price, finished_at, landing->>'chain', (landing->>'slot')::bigint,
        (landing->>'priority_fee')::numeric, CASE WHEN landing IS NOT NULL THEN 'confirmed' END
    FROM moved WHERE amount_in IS NOT NULL
), kept_payloads AS (
    INSERT INTO transaction_payloads (orders_id, payload)
    SELECT id, decode(payload, 'base64') FROM moved WHERE payload IS NOT NULL
    ON CONFLICT (orders_id) DO UPDATE SET payload = excluded.payload
), purged_payloads AS (
    DELETE FROM transaction_payloads WHERE orders_id = ANY(ARRAY(SELECT id FROM moved WHERE purge))
)
SELECT count(*) FROM moved
"""

# The same for a group whose orders neither landed nor have, or had, a payload; and for one in which some had a payload,
# which an operator's end of an order purges. The API's role may do no more.
_MOVED: Final = APPEND.partition(", kept_executions AS (")[0]
_PURGED: Final = APPEND.removeprefix(APPEND.partition(", purged_payloads AS (")[0])
APPEND_PLAIN: Final = f"{_MOVED}\nSELECT count(*) FROM moved\n"
APPEND_ENDED: Final = _MOVED + _PURGED

# The same, each, for a group in which there are administrative acts. (rows, entries).
AUDITED: Final = {
    statement: audited(statement, "i.subject IN (SELECT order_id FROM moved)")
    for statement in (APPEND, APPEND_PLAIN, APPEND_ENDED)
}

# Find orders whose transaction confirmed another at that place. (rows): their ids. With OFFSET each row is looked up by
# itself.
USED: Final = """
SELECT i.order_id
FROM json_to_recordset(%s) AS i (order_id text, place text, tx_hash text)
WHERE EXISTS (
    SELECT FROM executions AS e
    WHERE coalesce(e.chain, e.venue) = i.place AND e.tx_hash = i.tx_hash AND NOT e.repeats AND e.order_id <> i.order_id
    OFFSET 0)
"""

# Find events that were already kept, durably. (rows): the ids of their orders, and nothing.
KEPT: Final = """
SELECT i.order_id, {durable}
FROM json_to_recordset(%s) AS i (order_id text, seq integer, event_id text)
JOIN orders AS o ON o.order_id = ANY(ARRAY[i.order_id])
JOIN order_events AS e ON e.orders_id = ANY(ARRAY[o.id]) AND e.seq = i.seq AND e.event_id = i.event_id
""".replace("{durable}", _DURABLE)

# Get orders. (list of ids): those that are there, in any order.
GET: Final = "SELECT {order} FROM orders AS o WHERE o.order_id = ANY(%b::text[])".replace("{order}", _WHOLE)

# The same durably, with nothing behind each order.
GET_DURABLY: Final = GET.replace(" FROM orders AS o WHERE", f", {_DURABLE} FROM orders AS o WHERE")

# Get an order's events above a seq. (order id, seq): user id, seq, whether it is the order's end, frame; in order.
EVENTS: Final = """
SELECT o.user_id, e.seq, e.seq = o.version AND o.finished_at IS NOT NULL, e.frame
FROM orders AS o
JOIN order_events AS e ON e.orders_id = o.id
WHERE o.order_id = %s AND e.seq > %s
ORDER BY e.seq
"""

# Say how far orders are. (list of ids): id, user id, seq of the last event, whether that was the end, its frame then.
LAST_SEQS: Final = """
SELECT o.order_id, o.user_id, o.version, o.finished_at IS NOT NULL, CASE WHEN o.finished_at IS NOT NULL THEN
    (SELECT e.frame FROM order_events AS e WHERE e.orders_id = ANY(ARRAY[o.id]) AND e.seq = o.version) END
FROM orders AS o WHERE o.order_id = ANY(%b::text[])
"""

# How much of each table's ids is given out. (names): name, share. Ids end where their column or their sequence does,
# whichever is first. A sequence that this role may not read is left out.
ID_RANGES_USED: Final = """
SELECT given.name, (coalesce(s.last_value, 0) / least(s.max_value, 2::numeric ^ (8 * a.attlen - 1) - 1))::float8
FROM unnest(%s::text[]) AS given (name)
JOIN pg_attribute AS a
    ON a.attrelid = to_regclass(given.name) AND a.atttypid = ANY('{smallint,integer,bigint}'::regtype[])
JOIN pg_sequences AS s
    ON format('%%I.%%I', s.schemaname, s.sequencename) = pg_get_serial_sequence(given.name, a.attname)
WHERE has_sequence_privilege(pg_get_serial_sequence(given.name, a.attname), 'USAGE, SELECT')
"""
