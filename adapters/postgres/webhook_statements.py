"""The SQL about webhooks. The outbox's rows are made in the statements that add orders.

`statement_timestamp`, unlike `clock_timestamp`, may be compared with an index.
"""
# ruff: noqa: S608 - all pieces are of this package

from typing import Final

from adapters.postgres.statements import LISTED

_NOW: Final = "(statement_timestamp() AT TIME ZONE 'UTC')"
_IS_OPEN: Final = "e.disabled_at IS NULL AND e.removed_at IS NULL"
_COLUMNS: Final = """e.webhook_id::text, e.user_id, e.url, e.events, e.secret, e.previous_secret, e.previous_until,
    e.created_at, e.enabled_at, e.disabled_at, e.disabled_why, e.revision"""

# (the endpoint, most): its id, also when it was there already. Two at once may make one more than the most.
ADD: Final = """
WITH new AS (SELECT * FROM json_to_record(%s) AS n (
    webhook_id uuid, user_id text, url text, events text[], secret text, created_at timestamp))
INSERT INTO webhook_endpoints (webhook_id, user_id, url, events, secret, created_at, enabled_at)
SELECT webhook_id, user_id, url, events, decode(secret, 'hex'), created_at, created_at FROM new
WHERE %s > (SELECT count(*) FROM webhook_endpoints AS e
    WHERE e.user_id = new.user_id AND e.removed_at IS NULL AND e.webhook_id <> new.webhook_id)
ON CONFLICT (webhook_id) DO UPDATE SET url = excluded.url
RETURNING webhook_id
"""
# (id): the endpoint.
GET: Final = f"SELECT {_COLUMNS} FROM webhook_endpoints AS e WHERE e.webhook_id = %s::uuid AND e.removed_at IS NULL"
# (user id): the user's endpoints.
OF_USER: Final = f"""SELECT {_COLUMNS} FROM webhook_endpoints AS e
WHERE e.user_id = %s AND e.removed_at IS NULL ORDER BY e.created_at, e.webhook_id"""
ALL: Final = f"""SELECT {_COLUMNS} FROM webhook_endpoints AS e
WHERE e.removed_at IS NULL ORDER BY e.created_at, e.webhook_id"""
# (the endpoint): its id if it was at the revision, or this very change was made already: no secret is sealed twice
# alike.
CHANGE: Final = """
UPDATE webhook_endpoints AS e SET
    url = n.url, events = n.events, secret = decode(n.secret, 'hex'),
    previous_secret = decode(n.previous_secret, 'hex'), previous_until = n.previous_until, enabled_at = n.enabled_at,
    disabled_at = n.disabled_at, disabled_why = n.disabled_why, revision = n.revision + 1,
    failures = CASE WHEN e.enabled_at <> n.enabled_at THEN 0 ELSE e.failures END,
    failing_since = CASE WHEN e.enabled_at <> n.enabled_at THEN NULL ELSE e.failing_since END,
    retry_at = CASE WHEN e.enabled_at <> n.enabled_at THEN '-infinity' ELSE e.retry_at END
FROM json_to_record(%s) AS n (
    webhook_id uuid, url text, events text[], secret text, previous_secret text, previous_until timestamp,
    enabled_at timestamp, disabled_at timestamp, disabled_why text, revision integer)
WHERE e.webhook_id = n.webhook_id AND e.removed_at IS NULL
    AND (e.revision = n.revision OR (e.revision = n.revision + 1 AND e.secret = decode(n.secret, 'hex')))
RETURNING e.webhook_id
"""
# (id).
REMOVE: Final = f"""
UPDATE webhook_endpoints SET removed_at = {_NOW}, secret = '', previous_secret = NULL, lease = lease + 1
WHERE webhook_id = %s::uuid AND removed_at IS NULL
"""

# (how many of a user, most, lease seconds): endpoint, lease, failures, failing since.
TAKE: Final = f"""
WITH ready AS (
    SELECT e.webhook_id, e.leased_until, e.user_id, row_number() OVER (
        PARTITION BY e.user_id ORDER BY e.leased_until) AS number
    FROM webhook_endpoints AS e
    WHERE {_IS_OPEN} AND e.retry_at <= {_NOW} AND e.leased_until <= {_NOW} AND EXISTS (
        SELECT FROM webhook_outbox AS w WHERE w.webhook_id = e.webhook_id AND w.due_at <= {_NOW})
), free AS (
    SELECT e.webhook_id FROM ready AS r JOIN webhook_endpoints AS e ON e.webhook_id = ANY(ARRAY[r.webhook_id])
    WHERE {_IS_OPEN} AND e.retry_at <= {_NOW} AND e.leased_until <= {_NOW} AND %s >= r.number + (
        SELECT count(*) FROM webhook_endpoints AS l
        WHERE l.user_id = r.user_id AND l.removed_at IS NULL AND l.leased_until > {_NOW})
    ORDER BY r.leased_until LIMIT %s
    FOR UPDATE OF e SKIP LOCKED
)
UPDATE webhook_endpoints AS e SET lease = e.lease + 1, leased_until = {_NOW} + make_interval(secs => %s)
FROM free WHERE e.webhook_id = free.webhook_id
RETURNING {_COLUMNS}, e.lease, e.failures, e.failing_since
"""

# (ids, how many orders of each, how many events of each order): endpoint, delivered seq, failures, failing since,
# [seq, frame] of the events above it, whether these are all of an order that ended, the order; the longest due first.
# An order that has nothing new is looked at again after a quarter of the time that it has stood still for, and of one
# that was sent to its end, or is gone, the row goes.
OWED: Final = f"""
WITH looked AS MATERIALIZED (
    SELECT w.*, o.version, o.updated_at, o.finished_at IS NOT NULL AS ended, t.most
    FROM unnest(%s::uuid[], %s::integer[]) AS t (webhook_id, most)
    CROSS JOIN LATERAL (
        SELECT * FROM webhook_outbox AS w WHERE w.webhook_id = t.webhook_id AND w.due_at <= {_NOW}
        ORDER BY w.due_at LIMIT 500) AS w
    LEFT JOIN orders AS o ON o.id = ANY(ARRAY[w.orders_id])
), idle AS (
    UPDATE webhook_outbox AS w SET due_at = {_NOW}
        + least(greatest(({_NOW} - l.updated_at) / 4, interval '0.2 seconds'), interval '30 seconds')
    FROM looked AS l
    WHERE w.webhook_id = l.webhook_id AND w.orders_id = l.orders_id AND l.version <= l.delivered_seq AND NOT l.ended
), ended AS (
    DELETE FROM webhook_outbox AS w USING looked AS l
    WHERE w.webhook_id = l.webhook_id AND w.orders_id = l.orders_id AND w.delivered_seq = l.delivered_seq
        AND (l.version IS NULL OR (l.ended AND l.version <= l.delivered_seq))
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY webhook_id ORDER BY due_at) AS number FROM looked
    WHERE version > delivered_seq
)
SELECT n.webhook_id::text, n.delivered_seq, n.failures, n.failing_since, events.found,
    n.ended AND coalesce((events.found -> -1 ->> 0)::integer, 0) >= n.version, {LISTED}
FROM numbered AS n
JOIN orders AS o ON o.id = ANY(ARRAY[n.orders_id])
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_array(e.seq, e.frame) ORDER BY e.seq), '[]') AS found FROM (
        SELECT * FROM order_events AS e WHERE e.orders_id = n.orders_id AND e.seq > n.delivered_seq
        ORDER BY e.seq LIMIT %s) AS e
) AS events
WHERE n.number <= n.most
ORDER BY n.due_at
"""

# Pass orders by for a while. (endpoints, order ids).
PASS_BY: Final = f"""
UPDATE webhook_outbox AS w SET due_at = {_NOW} + interval '1 minute'
FROM unnest(%s::uuid[], %s::text[]) AS t (webhook_id, order_id) JOIN orders AS o ON o.order_id = ANY(ARRAY[t.order_id])
WHERE w.webhook_id = t.webhook_id AND w.orders_id = o.id
"""

# Release leases of which nothing came. (ids, leases).
RELEASE: Final = f"""
UPDATE webhook_endpoints AS e SET leased_until = {_NOW} FROM unnest(%s::uuid[], %s::bigint[]) AS t (webhook_id, lease)
WHERE e.webhook_id = t.webhook_id AND e.lease = t.lease
"""

# (failures, seconds, disabled why or NULL, id, lease, delivered, attempts): the id if the lease was held. It is not any
# more then, so to repeat this does nothing.
SETTLE: Final = f"""
WITH held AS (
    UPDATE webhook_endpoints AS e SET
        leased_until = {_NOW}, lease = e.lease + 1, failures = g.failures,
        failing_since = CASE WHEN g.failures > 0 THEN coalesce(e.failing_since, {_NOW}) END,
        retry_at = CASE WHEN g.failures > 0 THEN {_NOW} + make_interval(secs => g.again_in) ELSE '-infinity' END,
        disabled_at = CASE WHEN g.why IS NOT NULL THEN coalesce(e.disabled_at, {_NOW}) ELSE e.disabled_at END,
        disabled_why = coalesce(e.disabled_why, g.why),
        revision = e.revision + CASE WHEN g.why IS NOT NULL THEN 1 ELSE 0 END
    FROM (SELECT %s::integer AS failures, %s::float8 AS again_in, %s::text AS why, %s::uuid AS webhook_id,
        %s::bigint AS lease) AS g
    WHERE e.webhook_id = g.webhook_id AND e.lease = g.lease AND e.removed_at IS NULL
    RETURNING e.webhook_id
), given AS (
    SELECT h.webhook_id, o.id AS orders_id, i.* FROM held AS h
    CROSS JOIN json_to_recordset(%s) AS i (
        order_id text, was integer, delivered_seq integer, ended boolean, failures integer, again_in float8)
    JOIN orders AS o ON o.order_id = ANY(ARRAY[i.order_id])
), moved AS (
    UPDATE webhook_outbox AS w SET
        delivered_seq = g.delivered_seq, failures = g.failures,
        failing_since = CASE WHEN g.failures = 0 THEN NULL
            WHEN g.delivered_seq > g.was THEN {_NOW} ELSE coalesce(w.failing_since, {_NOW}) END,
        due_at = {_NOW} + make_interval(secs => g.again_in)
    FROM given AS g
    WHERE NOT g.ended AND w.webhook_id = g.webhook_id AND w.orders_id = g.orders_id AND w.delivered_seq = g.was
), ended AS (
    DELETE FROM webhook_outbox AS w USING given AS g
    WHERE g.ended AND w.webhook_id = g.webhook_id AND w.orders_id = g.orders_id AND w.delivered_seq = g.was
), tried AS MATERIALIZED (
    SELECT h.webhook_id, i.* FROM held AS h CROSS JOIN json_to_recordset(%s) AS i (
        order_id text, seq integer, event text, at timestamp, seconds float8, status integer, error text)
), noted AS (
    INSERT INTO webhook_deliveries (webhook_id, order_id, seq, event, at, seconds, status, error) TABLE tried
), forgotten AS (
    DELETE FROM webhook_deliveries AS d USING held AS h
    WHERE d.webhook_id = h.webhook_id AND d.id <= (
        SELECT d.id FROM webhook_deliveries AS d WHERE d.webhook_id = h.webhook_id
        ORDER BY d.id DESC OFFSET greatest(1000 - (SELECT count(*) FROM tried), 0) LIMIT 1)
)
SELECT webhook_id FROM held
"""

# (user id, since, until, since, until, after, most, id): how many, the last one's number and when it was accepted.
# Clocks of processes that take orders may differ, so numbers rise with the times of acceptance to a minute.
REPLAY: Final = f"""
WITH found AS MATERIALIZED (
    SELECT o.id, o.created_at FROM orders AS o
    WHERE o.user_id = %s AND o.id >= orders_from(%s::timestamp - interval '1 minute')
        AND o.id < orders_from(%s::timestamp + interval '1 minute')
        AND o.created_at >= %s AND o.created_at < %s AND o.id > %s
    ORDER BY o.id LIMIT %s
), set_back AS (
    INSERT INTO webhook_outbox AS w (webhook_id, orders_id, due_at) SELECT %s::uuid, id, {_NOW} FROM found
    ON CONFLICT (webhook_id, orders_id) DO UPDATE SET
        delivered_seq = -1, due_at = excluded.due_at, failures = 0, failing_since = NULL
)
SELECT count(*), max(id), (SELECT created_at FROM found ORDER BY id DESC LIMIT 1) FROM found
"""

# (before, before, id, limit): number, and the attempt; newest first.
ATTEMPTS: Final = """
SELECT id, order_id, seq, event, at, seconds, status, error FROM webhook_deliveries
WHERE (%s::bigint IS NULL OR id < %s) AND webhook_id = %s::uuid
ORDER BY id DESC LIMIT %s
"""

# Forget a part of what removed endpoints leave, and then them: a statement that adds an order takes a second or two.
TIDY: Final = f"""
WITH removed AS MATERIALIZED (
    SELECT webhook_id FROM webhook_endpoints WHERE removed_at < {_NOW} - interval '1 minute'
    ORDER BY removed_at LIMIT 1000
), owed AS (
    DELETE FROM webhook_outbox AS w USING (
        SELECT o.webhook_id, o.orders_id FROM removed AS r
        CROSS JOIN LATERAL (SELECT * FROM webhook_outbox AS o WHERE o.webhook_id = r.webhook_id LIMIT 5000) AS o
        LIMIT 5000) AS o
    WHERE w.webhook_id = o.webhook_id AND w.orders_id = o.orders_id
), tried AS (
    DELETE FROM webhook_deliveries AS d USING (
        SELECT d.id FROM removed AS r
        CROSS JOIN LATERAL (SELECT * FROM webhook_deliveries AS d WHERE d.webhook_id = r.webhook_id LIMIT 5000) AS d
        LIMIT 5000) AS t
    WHERE d.id = t.id
)
DELETE FROM webhook_endpoints AS e USING removed AS r
WHERE e.webhook_id = r.webhook_id
    AND NOT EXISTS (SELECT FROM webhook_outbox AS o WHERE o.webhook_id = r.webhook_id)
    AND NOT EXISTS (SELECT FROM webhook_deliveries AS d WHERE d.webhook_id = r.webhook_id)
"""
