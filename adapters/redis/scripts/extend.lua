-- Renews leases to their full length from now. After clock.lua.
-- KEYS: jobs, leases, delayed
-- ARGV: length of a lease in µs, then for each lease: order id, "delivery holder"
-- Returns: for each lease 1, or 0 when it was lost
-- Effects: the end of each lease that is still held moves
local jobs, leases, delayed = unpack(KEYS)
local now = look(leases, delayed)
local held = {}
-- First a write that needs no memory: a server that is full refuses none after that, and leases must not run out.
redis.call('HDEL', jobs, '')
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
