-- Counts the jobs in each place; one whose lease ran out, or whose retry is due, waits.
-- KEYS: jobs, leases, delayed, buried, paused
-- Returns: {waiting, leased, delayed, buried, 1 in a pause or 0}
-- Effects: none
local jobs, leases, delayed, buried, paused = unpack(KEYS)
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local held = redis.call('ZCOUNT', leases, '(' .. now, '+inf')
local later = redis.call('ZCOUNT', delayed, '(' .. now, '+inf')
local aside = redis.call('ZCARD', buried)
local waiting = math.max(0, redis.call('HLEN', jobs) - held - later - aside)
return { waiting, held, later, aside, redis.call('EXISTS', paused) }
