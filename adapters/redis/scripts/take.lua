-- Leases jobs: first those whose lease ran out, then retries that are due, then new ones. After rows.lua, clock.lua.
-- KEYS: stream, jobs, leases, delayed, buried, paused, bell
-- ARGV: group, holder, most jobs (at most 1,000), length of a lease in µs, most deliveries
-- Returns: {id, delivery, id, delivery, ...}, {ids buried now}, how many of the jobs had a lease that ran out, and where
--   to wait when no job was leased: µs until the next one falls due (-1: none will), last id of the stream ('': paused),
--   last id of the bell
-- Effects: rows, sorted sets and the group's pending list follow; a job that was delivered too often is buried instead;
--   a missing group is made; what is none of the queue's goes
local stream, jobs, leases, delayed, buried, paused, bell = unpack(KEYS)
local now = look(leases, delayed)
local group, holder = ARGV[1], ARGV[2]
local most, length, deliveries = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local taken, rows, ends, buried_now, leased = {}, {}, {}, {}, {}

local newest = string.format('%.0f', now)
-- No order's id is longer: what is would only fill the answer.
local LONGEST_ID = 255

local function room()
  return most - #taken / 2
end

-- The server's time makes deliveries rise even when all rows were lost in between.
local function lease(id, count, entry, last)
  local delivery = now > tonumber(last) and newest or string.format('%.0f', last + 1)
  local n = #taken
  taken[n + 1], taken[n + 2] = id, delivery
  ends[n + 1], ends[n + 2] = now + length + n, id
  rows[n + 1], rows[n + 2] = id, 'l ' .. (count + 1) .. ' ' .. entry .. ' ' .. delivery .. ' ' .. holder
  leased[id] = true
end

local function drop_entry(entry)
  redis.pcall('XACK', stream, group, entry)
  redis.pcall('XDEL', stream, entry)
end

local function bury(id, count, entry, last)
  local latest = tonumber(redis.call('ZRANGE', buried, -1, -1, 'WITHSCORES')[2] or 0)
  redis.call('HSET', jobs, id, 'b ' .. count .. ' - ' .. last .. ' delivered ' .. count .. ' times and never done')
  redis.call('ZADD', buried, latest < math.huge and math.max(now, latest + 1) or now, id)
  drop_entry(entry)
  buried_now[#buried_now + 1] = id
end

local function redeliver(home, place)
  for _ = 1, 3 do
    local due = room() > 0 and redis.call('ZRANGEBYSCORE', home, '-inf', now, 'LIMIT', 0, room()) or {}
    if #due == 0 then
      return
    end
    redis.call('ZREM', home, unpack(due))
    for i, row in ipairs(redis.call('HMGET', jobs, unpack(due))) do
      local at, count, entry, last = parse(row)
      if #due[i] > LONGEST_ID then
        redis.call('HDEL', jobs, due[i])
      elseif at == place and tonumber(count) >= deliveries then
        bury(due[i], count, entry, last)
      elseif at == place then
        redis.pcall('XCLAIM', stream, group, holder, 0, entry) -- only for those who look at XPENDING
        lease(due[i], count, entry, last)
      elseif row and not at then
        redis.call('HDEL', jobs, due[i])
      end
    end
  end
end

local function read_stream()
  local read = { 'XREADGROUP', 'GROUP', group, holder, 'COUNT', room(), 'STREAMS', stream, '>' }
  local reply = redis.pcall(unpack(read))
  if reply and reply.err then
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
    reply = redis.call(unpack(read))
  end
  return reply and reply[1][2] or {}
end

local function deliver_new()
  local entries = read_stream()
  local ids = {}
  for i, entry in ipairs(entries) do
    ids[i] = entry[2][3] == 'orderId' and entry[2][4] or ''
  end
  local known = #ids > 0 and redis.call('HMGET', jobs, unpack(ids)) or {}
  for i, id in ipairs(ids) do
    local entry = entries[i][1]
    local at, count, own, last = 'w', 0, entry, 0
    if known[i] and known[i] ~= 'w 0 ' .. entry .. ' 0 ' then -- what most are, and patterns are slow
      at, count, own, last = parse(known[i])
    end
    if id == '' or #id > LONGEST_ID or leased[id] or at and own ~= entry then
      drop_entry(entry)
    elseif at == 'w' then
      lease(id, count, entry, last)
    elseif not at then
      lease(id, 0, entry, 0)
    end
  end
  return #entries
end

local function first(home)
  return tonumber(redis.call('ZRANGE', home, 0, 0, 'WITHSCORES')[2] or math.huge)
end

local function last_of_stream()
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      return info[i + 1]
    end
  end
end

-- Whatever else stands there is not the queue's, and nothing of the queue is lost with it.
local function last_of_bell()
  local rings = redis.pcall('XREVRANGE', bell, '+', '-', 'COUNT', 1)
  if rings.err then
    redis.call('DEL', bell)
  end
  return rings[1] and rings[1][1] or '0-0'
end

if redis.call('EXISTS', paused) == 1 then
  return { taken, buried_now, 0, -1, '', last_of_bell() }
end
-- A hash of a wrong type must fail the script before the group is given entries that would then be nobody's.
redis.call('HLEN', jobs)
local lapsed, due = first(leases), first(delayed)
if lapsed <= now then
  redeliver(leases, 'l')
end
local taken_over = #taken / 2
if due <= now then
  redeliver(delayed, 'd')
end
-- More than once only when some entries were no jobs to lease.
local more = false
for _ = 1, 10 do
  more = room() > 0 and deliver_new() > 0
  if not more then
    break
  end
end
if #taken > 0 then
  redis.call('HSET', jobs, unpack(rows))
  redis.call('ZADD', leases, unpack(ends))
  return { taken, buried_now, taken_over }
end
-- With more to pass over, nobody waits for what comes after it.
local left = more and 0 or math.max(0, math.min(first(leases), first(delayed)) - now)
return { taken, buried_now, 0, left < 2 ^ 53 and left or -1, last_of_stream(), last_of_bell() }
