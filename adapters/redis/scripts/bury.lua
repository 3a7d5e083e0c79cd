-- Puts a job aside for an operator.
-- KEYS: stream, jobs, leases, buried
-- ARGV: group, order id, "delivery holder", why
-- Returns: 1, or 0 when the lease was lost
-- Effects: the job moves from leases to buried and leaves the stream
local stream, jobs, leases, buried = unpack(KEYS)
local group, id, claim, why = unpack(ARGV)
local row = redis.call('HGET', jobs, id) or ''
local place, count, entry, owner = string.match(row, '^(%a) (%d+) (%S+) (.*)$')
if place ~= 'l' or owner ~= claim then
  return 0
end
local time = redis.call('TIME')
redis.call('HSET', jobs, id, 'b ' .. count .. ' - ' .. string.match(owner, '^%d+') .. ' ' .. why)
redis.call('ZREM', leases, id)
redis.call('ZADD', buried, time[1] * 1000000 + time[2], id)
redis.call('XACK', stream, group, entry)
redis.call('XDEL', stream, entry)
return 1
