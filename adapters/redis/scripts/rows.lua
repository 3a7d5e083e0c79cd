-- Comes before scripts that read whole rows.
--
-- A row of the hash `jobs` is "place count entry delivery rest", for each job that is not done:
--   place     w: waits in the stream, l: leased, d: delayed, b: buried
--   count     deliveries that add up to burial
--   entry     the job's id in the stream, where it stays until it is done or buried (b: -)
--   delivery  the fencing token of the last lease, 0 before the first
--   rest      l: the holder, d: the delay in µs ('' from a release before), b: why
-- The sorted sets hold ids by time in µs of the server's clock: leases (end), delayed (due), buried (since).

-- Returns the parts of a row; nothing when no script can have written it. One such row is no row: it may harm its own job only.
local function parse(row)
  local place, count, entry, delivery, rest = string.match(row or '', '^([wldb]) (%d+) (%S+) (%d+) ?(.*)$')
  -- Larger numbers would not add up, and come out of Lua as no numbers at all.
  if not place or #count > 4 or #delivery > 16 or not (place == 'b' or string.find(entry, '^%d+%-%d+$')) then
    return nil
  end
  return place, count, entry, delivery, rest
end

