-- Says whether the queue can work here. It cannot on a replica, where writes are refused, on a full server, on keys of a wrong
-- type, at the end of a stream's ids, or without a permission.
-- KEYS: stream, jobs, leases, delayed, buried, paused, bell, clock
-- ARGV: group, whether this process takes jobs ('takes'), and does not only put them
-- Returns: nothing, or the error
-- Effects: none: it removes what is not there and changes only what is there
local stream, jobs, leases, delayed, buried, paused, bell, clock = unpack(KEYS)
local group, id = ARGV[1], '0-0'
-- What needs memory comes first: after another write a full server would allow it.
for _, home in ipairs({ leases, delayed, buried }) do
  redis.call('ZADD', home, 'XX', 0, '')
end
redis.call('HDEL', jobs, '')
redis.call('XDEL', stream, id)

local reply = redis.pcall('XINFO', 'STREAM', stream)
for i = 1, reply.err and 0 or #reply, 2 do
  if reply[i] == 'last-generated-id' and reply[i + 1] == '18446744073709551615-18446744073709551615' then
    return redis.error_reply('ERR ' .. stream .. ' has no id left for another entry: delete it')
  end
end

-- Every command of the queue's scripts and of those who wait: first what whoever puts jobs and counts them needs.
local needed = {
  { 'EXISTS', paused }, { 'GET', clock }, { 'HDEL', jobs, id }, { 'HLEN', jobs }, { 'HMGET', jobs, id }, { 'HSET', jobs, id, id },
  { 'TIME' }, { 'TYPE', jobs }, { 'XACK', stream, group, id }, { 'XADD', stream, '*', id, id }, { 'XDEL', stream, id },
  { 'XINFO', 'GROUPS', stream }, { 'XINFO', 'STREAM', stream }, { 'XRANGE', stream, id, id }, { 'ZADD', delayed, 0, id },
  { 'ZADD', leases, 0, id }, { 'ZCARD', buried }, { 'ZCOUNT', leases, 0, 0 }, { 'ZREM', leases, id }, { 'ZSCORE', leases, id },
}
local of_takers = {
  { 'DEL', paused }, { 'HGET', jobs, id }, { 'SET', clock, id }, { 'XADD', bell, '*', id, id },
  { 'XCLAIM', stream, group, id, 0, id }, { 'XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM' },
  { 'XGROUP', 'DELCONSUMER', stream, group, id }, { 'XINFO', 'CONSUMERS', stream, group },
  { 'XREAD', 'STREAMS', bell, stream, id, id }, { 'XREADGROUP', 'GROUP', group, id, 'STREAMS', stream, '>' },
  { 'XREVRANGE', bell, '+', '-' }, { 'ZRANGE', leases, 0, 0 }, { 'ZRANGEBYSCORE', leases, 0, 0 },
}
for _, commands in ipairs({ needed, ARGV[2] == 'takes' and of_takers or {} }) do
  for _, command in ipairs(commands) do
    if not redis.acl_check_cmd(unpack(command)) then
      return redis.error_reply('NOPERM the queue may not call ' .. command[1] .. ' ' .. (command[2] or ''))
    end
  end
end
