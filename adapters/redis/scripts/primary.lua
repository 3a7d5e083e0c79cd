-- Comes first in scripts that might write nothing: a replica would answer them, from what it heard last.
-- KEYS, the last: one that is never there
redis.call('DEL', table.remove(KEYS))

