-- Ends a pause.
-- KEYS: paused, bell
-- Returns: nothing
-- Effects: workers that wait are woken
local paused, bell = unpack(KEYS)
if redis.call('DEL', paused) == 1 then
  redis.call('XADD', bell, 'MAXLEN', 1, '*', 'resumed', '')
end
