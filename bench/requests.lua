-- For wrk: the requests of a file, one after another; at the end one line of JSON.
-- A line is METHOD <tab> PATH <tab> HEADERS (name: value; separated by "|") <tab> BODY.
local requests, at = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, headers, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local given = {}
    for name, value in headers:gmatch("([^:|]+): ([^|]+)") do given[name] = value end
    if body == "" then body = nil end
    requests[#requests + 1] = wrk.format(method, path, given, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"failed":%d,"status":%d,"p50":%.1f,"p99":%.1f,"longest":%.1f}\n',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99), latency.max))
end
