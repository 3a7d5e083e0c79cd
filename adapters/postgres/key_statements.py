"""What is asked of the table of API keys."""
# ruff: noqa: S608 - all pieces are of this file

from adapters.postgres.audit import audited

_COLUMNS = """key_id::text, name, owner, scopes, mode, networks::text[], created_at, expires_at, revoked_at,
    last_used_at, replaces::text"""
_NEW = """
WITH new AS (SELECT * FROM json_to_record(%s) AS n (
    key_id uuid, digest text, name text, owner text, scopes text[], mode text, networks cidr[], created_at timestamp,
    expires_at timestamp, replaces uuid, until timestamp))"""
_INSERT = """
    INSERT INTO api_keys (key_id, digest, name, owner, scopes, mode, networks, created_at, expires_at, replaces)
    SELECT key_id, decode(digest, 'hex'), name, owner, scopes, mode, networks, created_at, expires_at, replaces
    FROM new"""

# (the new key, entries): its id, also when it was there already.
ADD = audited(f"""{_NEW}, act AS ({_INSERT} ON CONFLICT (key_id) DO NOTHING RETURNING 1)
SELECT key_id FROM new""")
# (the new key, entries): the id of the old one, nothing when there is none that is good. In one statement: no moment
# has both in full, or neither.
REPLACE = audited(f"""{_NEW}, old AS (
    UPDATE api_keys AS k SET expires_at = least(k.expires_at, new.until) FROM new
    WHERE k.key_id = new.replaces AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > new.created_at)
    RETURNING k.key_id
), act AS ({_INSERT} WHERE EXISTS (SELECT FROM old) ON CONFLICT (key_id) DO NOTHING RETURNING 1)
SELECT key_id FROM old""")
# (at, id, entries, id): the key. As the statement began it was not revoked, or it was.
REVOKE = audited(f"""WITH act AS (
    UPDATE api_keys SET revoked_at = %s WHERE key_id = %s::uuid AND revoked_at IS NULL RETURNING *
)
SELECT {_COLUMNS} FROM (
    TABLE act UNION ALL (SELECT * FROM api_keys WHERE key_id = %s::uuid AND revoked_at IS NOT NULL)) AS k""")
# (digests): digest and key of each that is known.
FIND = f"SELECT digest, {_COLUMNS} FROM api_keys WHERE digest = ANY(%s::bytea[])"
# (ids): the keys, oldest first.
READ = f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = ANY(%s::uuid[]) ORDER BY created_at, key_id"
READ_ALL = f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at, key_id"
# (ids, times), ids sorted: processes that note the same keys wait for each other, and one of them is enough.
NOTE_USED = """
WITH used AS (
    SELECT k.key_id, u.at FROM unnest(%s::uuid[], %s::timestamp[]) AS u (key_id, at)
    JOIN api_keys AS k ON k.key_id = u.key_id
    WHERE k.last_used_at IS NULL OR k.last_used_at <= u.at - interval '1 minute'
    ORDER BY k.key_id FOR UPDATE OF k
)
UPDATE api_keys AS k SET last_used_at = used.at FROM used
WHERE k.key_id = used.key_id AND (k.last_used_at IS NULL OR k.last_used_at <= used.at - interval '1 minute')
"""
