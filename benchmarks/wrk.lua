-- wrk's script: posts orders, each of the prepared ones in turn, and tells the result as one line of JSON.
-- Arguments: number of users. The last line of the output has the fields of LoadResult, without the tool.

local ORDERS = 3000
local prepared = {}
local at = 0

function init(args)
  local users = tonumber(args[1])
  wrk.method = 'POST'
  wrk.headers['Content-Type'] = 'application/json'
  for i = 1, ORDERS do
    local body = string.format(
      '{"inputToken":"SOL","outputToken":"USDC","amount":%.4f,"userId":"user%d"}', 0.5 + i * 0.0137, i % users)
    prepared[i] = wrk.format(nil, nil, nil, body)
  end
end

function request()
  at = at % ORDERS + 1
  return prepared[at]
end

-- Only statuses above 399 are counted as errors: this route has no others than those and 202.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"seconds":%.6f,"requests":%d,"not_accepted":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.duration / 1e6, summary.requests,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
