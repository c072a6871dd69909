local function coverage(percent)
  return { { path = "src/a.c", lines = 1000, hit = percent * 10, percent = percent, branches = 0, branches_hit = 0, job = "unit" } }
end

local function judge(now, earlier)
  local runs, evidence = {}, {}
  for i, percent in ipairs(earlier) do
    runs[#runs + 1] = { number = i, file = "pipe.yml", branch = "main", status = "success", sha = "", source = "push" }
    evidence[tostring(i)] = { rows = { coverage = coverage(percent) } }
  end
  return pipe.test.call {
    file = "coverage_ratchet.lua",
    with = { slack = 0.5, runs = 50 },
    ctx = { run = { number = 99, file = "pipe.yml", branch = "main" } },
    fixture = { version = 1, rows = { coverage = now and coverage(now) or nil, runs = runs }, history = evidence },
  }
end

describe("coverage ratchet", function()
  it("lets the first run through", function()
    assert.is_true(judge(40, {}).ok)
  end)

  it("holds against the best, not the last", function()
    local r = judge(80, { 90, 70 })
    assert.is_false(r.ok)
    assert.contains("of run 1", r.value.detail)
    assert.is_true(judge(90, { 90, 70 }).ok)
  end)

  it("allows some slack", function()
    assert.is_true(judge(89.6, { 90 }).ok)
    assert.is_false(judge(89.4, { 90 }).ok)
  end)

  it("does not take silence for coverage", function()
    local r = judge(nil, { 90 })
    assert.is_false(r.ok)
    assert.is_false(r.value.data)
  end)

  it("keeps the figure as a metric", function()
    local r = judge(90, { 90 })
    assert.equal("coverage_lines_percent", r.metrics[1].name)
    assert.near(90, r.metrics[1].value, 0.01)
  end)
end)
