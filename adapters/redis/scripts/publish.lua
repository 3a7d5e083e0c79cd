-- Publishes messages, in order.
-- KEYS: none (channels belong to no slot)
-- ARGV: channel, message, channel, message, ...
-- Returns: nothing
-- Effects: none that are stored
for i = 1, #ARGV, 2 do
  redis.call('PUBLISH', ARGV[i], ARGV[i + 1])
end
