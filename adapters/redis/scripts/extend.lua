-- Renews leases to their full length from now.
-- KEYS: jobs, leases
-- ARGV: length of a lease in µs, then for each lease: order id, "delivery holder"
-- Returns: for each lease 1, or 0 when it was lost
-- Effects: the end of each lease that is still held moves
local jobs, leases = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local held = {}
for i = 2, #ARGV, 2 do
  local id, claim = ARGV[i], ARGV[i + 1]
  local place, owner = string.match(redis.call('HGET', jobs, id) or '', '^(%a) %d+ %S+ (.*)$')
  if place == 'l' and owner == claim then
    redis.call('ZADD', leases, now + ARGV[1] + i, id)
    held[#held + 1] = 1
  else
    held[#held + 1] = 0
  end
end
return held
