-- Tells where a job is; one whose lease ran out, or whose retry is due, waits. After primary.lua,
-- rows.lua, peek.lua.
-- KEYS: jobs, leases, delayed
-- ARGV: order id
-- Returns: {place, deliveries that count, µs that its lease is still good or until it is due, holder, why}, with 0 and ''
--   for what its place doesn't have; nothing when the queue does not have the job
-- Effects: none
local jobs, leases, delayed = unpack(KEYS)
local id = ARGV[1]
local place, count, _, _, rest = parse(redis.call('HGET', jobs, id))
if not place then
  return {}
end
count = tonumber(count)
if place == 'b' then
  return { 'buried', count, 0, '', rest }
end
local now = peek()
local home = place == 'l' and leases or delayed
local left = math.min(2 ^ 53, place ~= 'w' and (redis.call('ZSCORE', home, id) or now) - now or 0)
if left <= 0 then
  return { 'waiting', count, 0, '', '' }
elseif place == 'l' then
  return { 'leased', count, left, rest, '' }
end
return { 'delayed', count, left, '', '' }
