"""The statements of tickets. A ticket is seen by every process at once, and taken by one."""

from typing import Final

# Keep a ticket. (now, user, how many more the user may have, digest, user, scopes, key, grant's end, target, origin,
# end): no rows. Deletes what has expired, a bounded part, and the user's oldest. What another session deletes just now
# is passed by: nobody waits, and no two deadlock.
KEEP: Final = """
WITH expired AS (
    DELETE FROM socket_tickets WHERE digest IN (
        SELECT digest FROM socket_tickets WHERE expires_at <= %s LIMIT 1000 FOR UPDATE SKIP LOCKED)
), beyond AS (
    DELETE FROM socket_tickets WHERE digest IN (
        SELECT t.digest FROM socket_tickets AS t WHERE t.digest IN (
            SELECT digest FROM socket_tickets WHERE user_id = %s ORDER BY expires_at DESC OFFSET %s)
        FOR UPDATE SKIP LOCKED)
)
INSERT INTO socket_tickets (digest, user_id, scopes, key_id, grant_expires_at, target, origin, expires_at)
VALUES (%b, %s, %b::text[], %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""

# Take a ticket. (digest): user, scopes, key, grant's end, target, origin, end, if it was there.
TAKE: Final = """
DELETE FROM socket_tickets WHERE digest = %b
RETURNING user_id, scopes, key_id, grant_expires_at, target, origin, expires_at
"""
