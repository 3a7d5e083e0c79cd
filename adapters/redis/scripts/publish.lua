-- Publishes messages, in order. After primary.lua: a replica would take them, and tell them to nobody.
-- KEYS: none (channels belong to no slot)
-- ARGV: lines: channel, message, channel, message, ... (an argument for each would cost the client five times as much)
-- Returns: nothing
-- Effects: none that are stored
local lines, at = ARGV[1], 1
-- Plain searches: patterns walk through every message letter by letter.
local middle = string.find(lines, '\n', at, true)
while middle do
  local stop = string.find(lines, '\n', middle + 1, true) or #lines + 1
  redis.call('PUBLISH', string.sub(lines, at, middle - 1), string.sub(lines, middle + 1, stop - 1))
  at = stop + 1
  middle = string.find(lines, '\n', at, true)
end
