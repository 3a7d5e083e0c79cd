-- Adds jobs that are not in the queue yet. A known job that fell out of its place (its key was evicted or deleted by
-- hand) is put back there.
-- KEYS: stream, jobs, leases, delayed, buried
-- ARGV: order ids, at most 3,000
-- Returns: how many were added
-- Effects: one stream entry and one row in jobs for each new id
--
-- A row of the hash `jobs` is "place count entry delivery rest", for each job that is not done:
--   place     w: waits in the stream, l: leased, d: delayed, b: buried
--   count     deliveries that add up to burial
--   entry     the job's id in the stream, where it stays until it is done or buried
--   delivery  the fencing token of the last lease, 0 before the first
--   rest      l: the holder, b: why
-- The sorted sets hold ids by time in µs of the server's clock: leases (end), delayed (due), buried (since).
local stream, jobs, leases, delayed, buried = unpack(KEYS)
local homes = { l = leases, d = delayed, b = buried }
local rows = redis.call('HMGET', jobs, unpack(ARGV))
local fresh, seen = {}, {}

local function missing(id, row)
  local place, entry = string.match(row, '^(%a) %d+ (%S+)')
  if place == 'w' then
    return #redis.call('XRANGE', stream, entry, entry) == 0
  end
  if not redis.call('ZSCORE', homes[place], id) then
    local time = redis.call('TIME')
    redis.call('ZADD', homes[place], time[1] * 1000000 + time[2], id)
  end
  return false
end

for i, id in ipairs(ARGV) do
  if not seen[id] and (not rows[i] or missing(id, rows[i])) then
    local entry = redis.call('XADD', stream, '*', 'name', 'execute', 'orderId', id)
    fresh[#fresh + 1] = id
    fresh[#fresh + 1] = 'w 0 ' .. entry .. ' 0 '
    seen[id] = true
  end
end
if #fresh > 0 then
  redis.call('HSET', jobs, unpack(fresh))
end
return #fresh / 2
