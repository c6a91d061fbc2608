-- wrk's summary as one line of JSON. Without an argument only `done` is defined, and no code of ours runs for a request.
-- With one, a status, every answer's own is looked at, which takes time: for a round that is not measured. "-" is none.
-- A second one names a file of whole requests, each of which ends with a zero byte: they are sent in turn, over and over.
local threads = {}

setup = function(thread)
  table.insert(threads, thread)
end

init = function(args)
  wrong = 0
  if args[2] then
    local requests, next = {}, 0
    for one in io.open(args[2], "rb"):read("*a"):gmatch("([^%z]+)%z") do table.insert(requests, one) end
    request = function()
      next = next % #requests + 1
      return requests[next]
    end
  end
  if args[1] and args[1] ~= "-" then
    local wanted = tonumber(args[1])
    response = function(status)
      if status ~= wanted then wrong = wrong + 1 end
    end
  end
end

done = function(summary, latency, requests)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.status + summary.errors.timeout
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("wrong")
  end
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "bytes": %d, "failed": %d, "p50": %.3f, "p99": %.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, failed,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
