-- 0014: API keys.
--
-- One row a key, kept for good: `orders` are somebody's, and who had which key when is asked later. No secret is here:
-- `digest` is BLAKE2b of it, keyed by a pepper that the database never has.
-- networks: from which the key is good; none: from everywhere. Times are UTC.
-- The API needs to read this table, and to update `last_used_at`, which it does once a minute for a key in use.

CREATE TABLE api_keys (
    key_id UUID PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('paper', 'live')),
    networks CIDR[] NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP,
    last_used_at TIMESTAMP,
    replaces UUID,
    CHECK (isfinite(created_at) AND isfinite(expires_at) AND isfinite(revoked_at) AND isfinite(last_used_at))
);
