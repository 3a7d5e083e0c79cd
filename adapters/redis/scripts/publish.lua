-- Publishes messages, in order.
-- KEYS: none (channels belong to no slot)
-- ARGV: lines: channel, message, channel, message, ... (an argument for each would cost the client five times as much)
-- Returns: nothing
-- Effects: none that are stored
local lines = ARGV[1]
local at, middle = 1, string.find(ARGV[1], '\n', 1, true)
while middle do
  -- Plain searches: patterns walk through every message letter by letter.
  local stop = string.find(lines, '\n', middle + 1, true) or #lines + 1
  redis.call('PUBLISH', string.sub(lines, at, middle - 1), string.sub(lines, middle + 1, stop - 1))
  at = stop + 1
  middle = string.find(lines, '\n', at, true)
end
