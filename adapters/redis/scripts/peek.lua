-- Comes before scripts that compare times and change none.
-- KEYS, the last: clock (clock.lua tells what it is)
local function peek()
  local time, told = redis.call('TIME'), redis.pcall('GET', table.remove(KEYS))
  local last = type(told) == 'string' and string.match(told, '^seen (%d+)$') or 0
  return math.max(time[1] * 1000000 + time[2], tonumber(last))
end

