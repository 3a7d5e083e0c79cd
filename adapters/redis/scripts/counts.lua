-- Counts the jobs in each place; one whose lease ran out, or whose retry is due, waits. After primary.lua,
-- peek.lua.
-- KEYS: jobs, leases, delayed, buried, paused
-- Returns: {waiting, leased, delayed, buried, 1 in a pause or 0}
-- Effects: none
local jobs, leases, delayed, buried, paused = unpack(KEYS)
local now = string.format('%.0f', peek())
local held = redis.call('ZCOUNT', leases, '(' .. now, '+inf')
local later = redis.call('ZCOUNT', delayed, '(' .. now, '+inf')
local aside = redis.call('ZCARD', buried)
local waiting = math.max(0, redis.call('HLEN', jobs) - held - later - aside)
return { waiting, held, later, aside, redis.call('EXISTS', paused) }
