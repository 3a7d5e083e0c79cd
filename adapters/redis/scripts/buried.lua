-- Lists the dead letters. After primary.lua.
-- KEYS: jobs, buried
-- Returns: {id, why, id, why, ...}, oldest first
-- Effects: none
local jobs, buried = unpack(KEYS)
local listed = {}
for _, id in ipairs(redis.call('ZRANGE', buried, 0, -1)) do
  local why = string.match(redis.call('HGET', jobs, id) or '', '^b %d+ %S+ %d+ (.*)$')
  if why then
    listed[#listed + 1] = id
    listed[#listed + 1] = why
  end
end
return listed
