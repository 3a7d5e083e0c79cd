-- Publishes messages, in order.
-- KEYS: none (channels belong to no slot)
-- ARGV: lines: channel, message, channel, message, ... (an argument for each would cost the client five times as much)
-- Returns: nothing
-- Effects: none that are stored
local lines = ARGV[1]
local at = 1
while at <= #lines do
  -- Plain searches: patterns walk through every message letter by letter.
  local middle = string.find(lines, '\n', at, true)
  local last = (string.find(lines, '\n', middle + 1, true) or #lines + 1) - 1
  redis.call('PUBLISH', string.sub(lines, at, middle - 1), string.sub(lines, middle + 1, last))
  at = last + 2
end
