-- 0012: tickets for sockets, for half a minute each.
--
-- A row a ticket that was not used yet, under the digest of its text. Unlogged: after a crash or a failover there is
-- none, so that none that was used comes back. user_id is '' for a grant of no user. Times are as UTC.

CREATE UNLOGGED TABLE socket_tickets (
    digest BYTEA PRIMARY KEY,
    user_id TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    key_id TEXT,
    grant_expires_at TIMESTAMP,
    target TEXT NOT NULL,
    origin TEXT,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX socket_tickets_of_user ON socket_tickets (user_id, expires_at);
CREATE INDEX socket_tickets_expired ON socket_tickets (expires_at);
