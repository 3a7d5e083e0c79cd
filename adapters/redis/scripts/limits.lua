-- Leaves a process's report of the limits that all share, and reads the others'. Who left none for long is forgotten, and so
-- is garbage. It asks for no time: the clock may be set.
-- KEYS: limits
-- ARGV: process, report, number of the exchange since which the others must have left theirs
-- Returns: {number of this exchange, report of another, ..}
-- Effects: one field of the hash, which goes after a minute without any
local limits = KEYS[1]
local process, report, since = unpack(ARGV)
local kind = redis.call('TYPE', limits).ok
if kind ~= 'hash' and kind ~= 'none' then
  redis.call('DEL', limits)
end
local number = redis.pcall('HINCRBY', limits, '#', 1)
if type(number) ~= 'number' or number < 1 or number > 9007199254740000 then
  redis.call('HSET', limits, '#', 1)
  number = 1
end
redis.call('HSET', limits, process, string.format('%.0f %s', number, report))
redis.call('PEXPIRE', limits, 60000)
since = tonumber(since)
if since > number then
  since = 0
end
local answer = { number }
local rows = redis.call('HGETALL', limits)
for i = 1, #rows, 2 do
  local name = rows[i]
  if name ~= '#' and name ~= process then
    local said, text = string.match(rows[i + 1], '^(%d+) (.*)$')
    said = tonumber(said)
    if said and said >= since and said <= number then
      answer[#answer + 1] = text
    else
      redis.call('HDEL', limits, name)
    end
  end
end
return answer
