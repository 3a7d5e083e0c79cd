-- Finishes jobs.
-- KEYS: stream, jobs, leases
-- ARGV: group, then for each lease: order id, "delivery holder"; at most 1,000 leases
-- Returns: for each lease 1, or 0 when it was lost
-- Effects: nothing is left of a finished job: row, lease and stream entry go
local stream, jobs, leases = unpack(KEYS)
local group = ARGV[1]
local ids, entries, held = {}, {}, {}
for i = 2, #ARGV, 2 do
  local id, claim = ARGV[i], ARGV[i + 1]
  local place, entry, owner = string.match(redis.call('HGET', jobs, id) or '', '^(%a) %d+ (%S+) (.*)$')
  if place == 'l' and owner == claim then
    redis.call('HDEL', jobs, id)
    ids[#ids + 1] = id
    entries[#entries + 1] = entry
    held[#held + 1] = 1
  else
    held[#held + 1] = 0
  end
end
if #ids > 0 then
  redis.call('ZREM', leases, unpack(ids))
  redis.call('XACK', stream, group, unpack(entries))
  redis.call('XDEL', stream, unpack(entries))
end
return held
