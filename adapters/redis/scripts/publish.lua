-- Publishes messages, in order.
-- KEYS: none (channels belong to no slot)
-- ARGV: lines: channel, message, channel, message, ... (an argument for each would cost the client five times as much)
-- Returns: nothing
-- Effects: none that are stored
for channel, message in string.gmatch(ARGV[1], '([^\n]+)\n([^\n]+)') do
  redis.call('PUBLISH', channel, message)
end
