-- Gives jobs back, to be taken again later.
-- KEYS: jobs, leases, delayed, bell
-- ARGV: for each lease: order id, "delivery holder", µs until it is due, 1 when the delivery counts, else 0
-- Returns: for each lease 1, or 0 when it was lost
-- Effects: the jobs move from leases to delayed; the bell tells those who wait that something falls due
local jobs, leases, delayed, bell = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local held, moved = {}, false
for i = 1, #ARGV, 4 do
  local id, claim, delay = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local place, count, entry, owner = string.match(redis.call('HGET', jobs, id) or '', '^(%a) (%d+) (%S+) (.*)$')
  if place == 'l' and owner == claim then
    if ARGV[i + 3] == '0' then
      count = math.max(0, count - 1)
    end
    redis.call('HSET', jobs, id, 'd ' .. count .. ' ' .. entry .. ' ' .. string.match(owner, '^%d+') .. ' ')
    redis.call('ZREM', leases, id)
    redis.call('ZADD', delayed, now + delay + i, id)
    held[#held + 1] = 1
    moved = true
  else
    held[#held + 1] = 0
  end
end
if moved then
  redis.call('XADD', bell, 'MAXLEN', 1, '*', 'due', '')
end
return held
