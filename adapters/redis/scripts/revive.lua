-- Puts a buried job back at the end of the stream, with a fresh count. After primary.lua.
-- KEYS: stream, jobs, buried
-- ARGV: order id
-- Returns: 1, or 0 when it is not buried
-- Effects: the job moves from buried to the stream; its deliveries go on rising
local stream, jobs, buried = unpack(KEYS)
local id = ARGV[1]
local place, last = string.match(redis.call('HGET', jobs, id) or '', '^(%a) %d+ %S+ (%d+)')
if place ~= 'b' then
  return 0
end
local entry = redis.call('XADD', stream, '*', 'name', 'execute', 'orderId', id)
redis.call('HSET', jobs, id, 'w 0 ' .. entry .. ' ' .. last .. ' ')
redis.call('ZREM', buried, id)
return 1
