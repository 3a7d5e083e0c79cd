-- Ends a pause.
-- KEYS: paused, bell
-- Returns: nothing
-- Effects: workers that wait are woken
local paused, bell = unpack(KEYS)
if redis.call('DEL', paused) == 1 and type(redis.pcall('XADD', bell, 'MAXLEN', 1, '*', 'resumed', '')) == 'table' then
  redis.call('DEL', bell) -- something else stood there
  redis.call('XADD', bell, 'MAXLEN', 1, '*', 'resumed', '')
end
