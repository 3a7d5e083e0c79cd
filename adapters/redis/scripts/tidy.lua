-- Forgets the group's consumers that hold nothing and are long gone: each worker that ever ran leaves one.
-- KEYS: stream
-- ARGV: group, idle ms from which on a consumer counts as gone
-- Returns: how many were forgotten
-- Effects: the consumers leave the group; one that comes back is made again by its next read
local stream, group = KEYS[1], ARGV[1]
local gone = 0
local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, group)
for _, fields in ipairs(consumers.err and {} or consumers) do
  local consumer = {}
  for i = 1, #fields, 2 do
    consumer[fields[i]] = fields[i + 1]
  end
  if consumer.pending == 0 and consumer.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
    gone = gone + 1
  end
end
return gone
