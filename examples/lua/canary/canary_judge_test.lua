local function metrics(values)
  local rows = {}
  for name, by_track in pairs(values) do
    for track, value in pairs(by_track) do
      rows[#rows + 1] = { name = name, labels = ('track="%s"'):format(track), value = value, unit = "", help = "", job = "watch" }
    end
  end
  return rows
end

local function judge(with, values)
  return pipe.test.call { file = "canary_judge.lua", with = with, fixture = { version = 1, rows = { metrics = metrics(values) } } }
end

describe("canary judge", function()
  local errors = { metric = "errors", of = "requests", worse = 1.5, floor = 0.001 }

  it("compares rates, not counts", function()
    local requests = { stable = 90000, canary = 10000 }
    assert.is_true(judge(errors, { requests = requests, errors = { stable = 180, canary = 30 } }).ok)
    assert.is_false(judge(errors, { requests = requests, errors = { stable = 180, canary = 31 } }).ok)
  end)

  it("does not mind a few errors where there were none", function()
    assert.is_true(judge(errors, { requests = { stable = 90000, canary = 10000 }, errors = { stable = 0, canary = 10 } }).ok)
  end)

  it("has no verdict without the canary's figures", function()
    local r = judge({ metric = "latency_p95_seconds", worse = 1.2 }, { latency_p95_seconds = { stable = 0.2 } })
    assert.is_false(r.ok)
    assert.equal("canary has no such metric", r.value.detail)
  end)

  it("takes a canary without requests for no data", function()
    assert.is_false(judge(errors, { requests = { stable = 9, canary = 0 }, errors = { stable = 0, canary = 0 } }).value.data)
  end)
end)
