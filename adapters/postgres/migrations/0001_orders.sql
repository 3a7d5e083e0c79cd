-- 0001: orders, their events, and the keys of repeated requests.
--
-- Adopts an `orders` table that was made by hand with the twelve columns below, and its rows; makes it otherwise.
-- Effects on adopted rows:
--   * Times were written in the time zone that sessions have by default. They become UTC: so this runs in that zone
--     (a URL with `options=-c timezone=...` names another).
--   * version = number of logs; one event row for each log, its frame made up of what the row tells.
--   * What is not final is held: it may be half done elsewhere, so it does not run until an operator says so.
--   * NaN, which DECIMAL can hold and JSON cannot, becomes 0 (amount) or NULL (price).
-- Fails when a row has a status that is not of this engine.

CREATE TABLE IF NOT EXISTS orders (
    id SERIAL PRIMARY KEY,
    order_id VARCHAR(255) UNIQUE NOT NULL,
    user_id VARCHAR(255) NOT NULL,
    input_token VARCHAR(50) NOT NULL,
    output_token VARCHAR(50) NOT NULL,
    amount DECIMAL(18,8) NOT NULL,
    status VARCHAR(20) NOT NULL,
    execution_price DECIMAL(18,8),
    tx_hash VARCHAR(255),
    logs TEXT[],
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE orders
    ADD COLUMN version INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN quotes JSON,
    ADD COLUMN chosen_dex TEXT,
    ADD COLUMN tx_venue TEXT,
    ADD COLUMN tx_amount NUMERIC,
    ADD COLUMN tx_limit_price NUMERIC,
    ADD COLUMN tx_expires_at TIMESTAMP,
    ADD COLUMN reason_code TEXT,
    ADD COLUMN slippage_bps INTEGER,
    ADD COLUMN client_order_id TEXT,
    ADD COLUMN finished_at TIMESTAMP,
    ADD COLUMN held BOOLEAN NOT NULL DEFAULT false,
    ADD CONSTRAINT orders_status_known
        CHECK (status IN ('pending', 'routing', 'building', 'submitted', 'confirmed', 'failed'));

-- An order is updated five times or so, soon after its birth: room for that on its page, and no index on what moves,
-- make those updates HOT (no index is touched). Measured: see docs/database.md.
ALTER TABLE orders SET (fillfactor = 25);

-- orders_id is orders.id. No foreign key here or below: it would read and lock the order's row once more for each event.
-- Rows are only ever written in the statement that writes the order.
CREATE TABLE order_events (
    orders_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    frame TEXT NOT NULL,
    PRIMARY KEY (orders_id, seq)
);

CREATE TABLE idempotency_keys (
    user_id VARCHAR(255) NOT NULL,
    key VARCHAR(255) NOT NULL,
    order_id VARCHAR(255) NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, key)
);

-- What adopted rows tell of themselves.
UPDATE orders SET
    amount = CASE WHEN amount = 'NaN' THEN 0 ELSE amount END,
    execution_price = CASE WHEN execution_price = 'NaN' THEN NULL ELSE execution_price END,
    logs = array_replace(coalesce(logs, '{}'), NULL, ''),
    version = coalesce(cardinality(logs), 0),
    chosen_dex = (
        SELECT substr(message, length('Best route: ') + 1) FROM unnest(logs) WITH ORDINALITY AS log (message, seq)
        WHERE message LIKE 'Best route: %' ORDER BY seq DESC LIMIT 1
    ),
    created_at = coalesce(created_at, updated_at, LOCALTIMESTAMP) AT TIME ZONE current_setting('TimeZone') AT TIME ZONE 'UTC',
    updated_at = coalesce(updated_at, created_at, LOCALTIMESTAMP) AT TIME ZONE current_setting('TimeZone') AT TIME ZONE 'UTC',
    held = status NOT IN ('confirmed', 'failed');

UPDATE orders SET finished_at = updated_at WHERE NOT held;

UPDATE orders SET
    reason_code = CASE WHEN logs[version] = 'Slippage tolerance exceeded' THEN 'slippage_exceeded' ELSE 'internal_error' END
WHERE status = 'failed';

-- A transaction is known by its hash alone; whatever became of it, it is over.
UPDATE orders SET tx_venue = coalesce(chosen_dex, ''), tx_amount = amount, tx_expires_at = updated_at
WHERE tx_hash IS NOT NULL AND status <> 'failed';

INSERT INTO order_events (orders_id, seq, event_id, frame)
SELECT
    id, seq, 'adopted',
    '{"orderId":' || to_json(order_id::text) || ',"status":"' || event_status || '","message":' || to_json(message)
    || coalesce(',"chosenDex":' || to_json(substring(message FROM '^Best route: (.*)$')), '')
    || CASE WHEN event_status IN ('submitted', 'confirmed') THEN coalesce(',"txHash":' || to_json(tx_hash::text), '') ELSE '' END
    || CASE WHEN event_status = 'confirmed' THEN coalesce(',"executionPrice":' || trim_scale(execution_price), '') ELSE '' END
    || CASE WHEN event_status = 'failed' THEN coalesce(',"reasonCode":"' || reason_code || '"', '') ELSE '' END
    || ',"seq":' || seq || ',"timestamp":"' || to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    || '","attempt":1,"userId":' || to_json(user_id::text) || '}'
FROM (
    SELECT
        o.*, log.message, log.seq,
        CASE WHEN log.seq = o.version THEN o.updated_at ELSE o.created_at END AS at,
        CASE
            WHEN log.seq = o.version AND o.status <> 'pending' THEN o.status
            WHEN log.message LIKE 'Building%' THEN 'building'
            WHEN log.message LIKE 'Transaction submitted%' THEN 'submitted'
            ELSE 'routing'
        END AS event_status
    FROM orders AS o, unnest(o.logs) WITH ORDINALITY AS log (message, seq)
) AS told;

-- Listing a user's orders, newest first.
CREATE INDEX orders_by_user ON orders (user_id, id DESC);
-- The sweep for forgotten orders, among millions that are final.
CREATE INDEX orders_unfinished ON orders (id) WHERE finished_at IS NULL;
-- One order for each of a user's client order ids.
CREATE UNIQUE INDEX orders_client_order_id ON orders (user_id, client_order_id) WHERE client_order_id IS NOT NULL;
