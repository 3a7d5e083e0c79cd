-- Drops a buried job, whose order was decided on. After primary.lua.
-- KEYS: jobs, buried
-- ARGV: order id
-- Returns: 1, or 0 when it is not buried
-- Effects: nothing is left of the job (burying took its stream entry)
local jobs, buried = unpack(KEYS)
local id = ARGV[1]
if string.sub(redis.call('HGET', jobs, id) or '', 1, 1) ~= 'b' then
  return 0
end
redis.call('HDEL', jobs, id)
redis.call('ZREM', buried, id)
return 1
