-- Lists some of the dead letters. After primary.lua.
-- KEYS: jobs, buried
-- ARGV: how many to pass over, how many to look at
-- Returns: {how many were there, id, why, id, why, ...}, oldest first
-- Effects: none
local jobs, buried = unpack(KEYS)
local ids = redis.call('ZRANGE', buried, ARGV[1], ARGV[1] + ARGV[2] - 1)
local listed = { #ids }
for _, id in ipairs(ids) do
  local why = string.match(redis.call('HGET', jobs, id) or '', '^b %d+ %S+ %d+ (.*)$')
  if why then
    listed[#listed + 1] = string.sub(id, 1, 255)
    listed[#listed + 1] = string.sub(why, 1, 1000)
  end
end
return listed
