-- Hands jobs back, to be taken again later; one that failed as often as it may is buried instead.
-- KEYS: stream, jobs, leases, delayed, buried, bell
-- ARGV: group, most deliveries, then for each lease: order id, "delivery holder", µs until it is due, how it failed ('': it
--   did not, and the delivery does not count)
-- Returns: for each lease 1, 2 when the job was buried, or 0 when the lease was lost
-- Effects: the jobs move from leases to delayed, or to buried and out of the stream; the bell tells those who wait that
--   something falls due
local stream, jobs, leases, delayed, buried, bell = unpack(KEYS)
local group, most = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local outcomes, moved = {}, false

local function bury(id, count, entry, last, since, failure)
  local why = 'delivered ' .. count .. ' times and never done; the last time: ' .. failure
  redis.call('HSET', jobs, id, 'b ' .. count .. ' - ' .. last .. ' ' .. why)
  redis.call('ZADD', buried, since, id)
  redis.call('XACK', stream, group, entry)
  redis.call('XDEL', stream, entry)
  return 2
end

local function delay(id, count, entry, last, due)
  redis.call('HSET', jobs, id, 'd ' .. count .. ' ' .. entry .. ' ' .. last .. ' ')
  redis.call('ZADD', delayed, due, id)
  moved = true
  return 1
end

for i = 3, #ARGV, 4 do
  local id, claim, failure = ARGV[i], ARGV[i + 1], ARGV[i + 3]
  local place, count, entry, owner = string.match(redis.call('HGET', jobs, id) or '', '^(%a) (%d+) (%S+) (.*)$')
  local outcome = 0
  if place == 'l' and owner == claim then
    local last = string.match(owner, '^%d+')
    redis.call('ZREM', leases, id)
    if failure == '' then
      outcome = delay(id, math.max(0, count - 1), entry, last, now + ARGV[i + 2] + i)
    elseif tonumber(count) < most then
      outcome = delay(id, count, entry, last, now + ARGV[i + 2] + i)
    else
      outcome = bury(id, count, entry, last, now + i, failure)
    end
  end
  outcomes[#outcomes + 1] = outcome
end
if moved then
  redis.call('XADD', bell, 'MAXLEN', 1, '*', 'due', '')
end
return outcomes
