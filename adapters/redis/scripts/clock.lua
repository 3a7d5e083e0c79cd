-- Comes before scripts that write times. The server's clock may be set, or a replica takes over, whose clock is another one: then
-- all times that were written move with it, so that each lease and each delay has left what it had.
-- KEYS, the last: clock, with the time at the last look, "seen µs"
-- ARGV, the last: µs since then, at most, by a clock that is never set; -1 when nobody knows

-- µs that a command may be on its way, and that a look may be old.
local LATE, FRESH = 1000000, 100000

local function move(home, by)
  local listed = redis.call('ZRANGE', home, 0, -1, 'WITHSCORES')
  for first = 1, #listed, 2000 do
    local moved = {}
    for i = first, math.min(first + 1998, #listed), 2 do
      moved[#moved + 1], moved[#moved + 2] = listed[i + 1] + by, listed[i]
    end
    redis.call('ZADD', home, unpack(moved))
  end
end

-- Returns the time, after times in the two homes have moved if the clock was set.
local function look(home, other)
  local clock, elapsed = table.remove(KEYS), tonumber(table.remove(ARGV))
  local time, told = redis.call('TIME'), redis.pcall('GET', clock)
  local now = time[1] * 1000000 + time[2]
  local last = type(told) == 'string' and tonumber(string.match(told, '^seen (%d+)$') or nil)
  local step = last and now - last or 0
  if last and step >= 0 and step < FRESH then
    return now
  end
  -- To delete comes first: a server that is full refuses no write after that, so that jobs in hand can go on.
  redis.call('DEL', clock)
  redis.call('SET', clock, string.format('seen %.0f', now))
  if step > 0 then
    step = elapsed >= 0 and step > elapsed + LATE and step - elapsed or 0
  end
  if step ~= 0 then
    move(home, step)
    move(other, step)
  end
  return now
end

