-- Finishes jobs.
-- KEYS: stream, jobs, leases
-- ARGV: group, then for each lease: order id, "delivery holder"; at most 1,000 leases
-- Returns: for each lease 1, or 0 when it was lost
-- Effects: nothing is left of a finished job: row, lease and stream entry go
local stream, jobs, leases = unpack(KEYS)
local group = ARGV[1]
local asked, claims = {}, {}
for i = 2, #ARGV, 2 do
  asked[i / 2], claims[i / 2] = ARGV[i], ARGV[i + 1]
end

local rows = redis.call('HMGET', jobs, unpack(asked))
local ids, entries, held, seen = {}, {}, {}, {}
for i, id in ipairs(asked) do
  local place, entry, owner = string.match(rows[i] or '', '^(%a) %d+ (%S+) (.*)$')
  held[i] = place == 'l' and owner == claims[i] and not seen[id] and 1 or 0
  if held[i] == 1 then
    ids[#ids + 1], entries[#entries + 1], seen[id] = id, entry, true
  end
end
if #ids > 0 then
  -- First what a key of a wrong type would refuse.
  redis.call('ZREM', leases, unpack(ids))
  redis.call('HDEL', jobs, unpack(ids))
  local acknowledged = redis.pcall('XACK', stream, group, unpack(entries))
  if type(acknowledged) == 'number' then
    redis.call('XDEL', stream, unpack(entries))
  else -- one entry's id that is none must not keep the others' entries
    for _, entry in ipairs(entries) do
      redis.pcall('XACK', stream, group, entry)
      redis.pcall('XDEL', stream, entry)
    end
  end
end
return held
