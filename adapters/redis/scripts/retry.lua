-- Hands jobs back, to be taken again later; one that failed as often as it may is buried instead. After clock.lua.
-- KEYS: stream, jobs, leases, delayed, buried, bell
-- ARGV: group, most deliveries, then for each lease: order id, "delivery holder", µs until it is due, how it failed ('': it
--   did not, and the delivery does not count)
-- Returns: for each lease 1, 2 when the job was buried, or 0 when the lease was lost
-- Effects: the jobs move from leases to delayed, or to buried and out of the stream; the bell tells those who wait that
--   something falls due
local stream, jobs, leases, delayed, buried, bell = unpack(KEYS)
local group, most = ARGV[1], tonumber(ARGV[2])
local now = look(leases, delayed)
local outcomes, moved = {}, false

local function bury(id, count, entry, last, since, failure)
  local why = 'delivered ' .. count .. ' times and never done; the last time: ' .. failure
  redis.call('HSET', jobs, id, 'b ' .. count .. ' - ' .. last .. ' ' .. why)
  local latest = tonumber(redis.call('ZRANGE', buried, -1, -1, 'WITHSCORES')[2] or 0)
  redis.call('ZADD', buried, latest < math.huge and math.max(since, latest + 1) or since, id)
  redis.pcall('XACK', stream, group, entry)
  redis.pcall('XDEL', stream, entry)
  return 2
end

local function delay(id, count, entry, last, wait, turn)
  redis.call('HSET', jobs, id, 'd ' .. count .. ' ' .. entry .. ' ' .. last .. ' ' .. wait)
  redis.call('ZADD', delayed, now + wait + turn, id)
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
      outcome = delay(id, math.max(0, count - 1), entry, last, ARGV[i + 2], i)
    elseif tonumber(count) < most then
      outcome = delay(id, count, entry, last, ARGV[i + 2], i)
    else
      outcome = bury(id, count, entry, last, now + i, failure)
    end
  end
  outcomes[#outcomes + 1] = outcome
end
-- Whatever else stands in the bell's place is not the queue's, and nothing of the queue is lost with it.
if moved and type(redis.pcall('XADD', bell, 'MAXLEN', 1, '*', 'due', '')) == 'table' then
  redis.call('DEL', bell)
  redis.call('XADD', bell, 'MAXLEN', 1, '*', 'due', '')
end
return outcomes
