-- Adds jobs that are not in the queue yet. A known job that fell out of its place (its key was evicted or deleted by
-- hand, or holds what no script wrote) is put back there. After rows.lua.
-- KEYS: stream, jobs, leases, delayed, buried
-- ARGV: order ids, at most 3,000, then group
-- Returns: how many were added
-- Effects: one stream entry and one row in jobs for each new id
local stream, jobs, leases, delayed, buried = unpack(KEYS)
local group = table.remove(ARGV)
local homes = { l = leases, d = delayed, b = buried }
-- µs: no lease is longer.
local LONGEST = 3601000000
local fresh, seen = {}, {}

-- Returns which entry the group was given last, as two numbers.
local delivered = nil
local function last_delivered()
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  for _, fields in ipairs(groups.err and {} or groups) do
    local about = {}
    for i = 1, #fields, 2 do
      about[fields[i]] = fields[i + 1]
    end
    if about.name == group then
      local ms, seq = string.match(about['last-delivered-id'], '^(%d+)-(%d+)$')
      return { tonumber(ms), tonumber(seq) }
    end
  end
  return { 0, 0 }
end

-- Whether a job's entry is still to be delivered. One that was read past it would never be.
local function waits(id, entry)
  local found = redis.pcall('XRANGE', stream, entry, entry)
  if found.err or not found[1] or found[1][2][4] ~= id then
    return false
  end
  delivered = delivered or last_delivered()
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  ms, seq = tonumber(ms), tonumber(seq)
  if ms > delivered[1] or ms == delivered[1] and seq > delivered[2] then
    return true
  end
  redis.call('XACK', stream, group, entry)
  redis.call('XDEL', stream, entry)
  return false
end

-- Puts a job back into its sorted set, to be taken at once, when it is not there or could wait there for ever.
local function settle(id, place, longest)
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local score = redis.call('ZSCORE', homes[place], id)
  if not score or tonumber(score) > now + longest then
    redis.call('ZADD', homes[place], now, id)
  end
end

local function missing(id, row)
  local place, _, entry, _, rest = parse(row)
  if place == 'w' then
    return not waits(id, entry)
  elseif place then
    local delay = place == 'd' and tonumber(string.match(rest, '^%d+$') or nil)
    settle(id, place, place == 'b' and math.huge or delay and delay + 1000000 or LONGEST)
    return false
  end
  for _, home in pairs(homes) do
    redis.call('ZREM', home, id)
  end
  return true
end

local rows = redis.call('HMGET', jobs, unpack(ARGV))
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
