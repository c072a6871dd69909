local function test(name, status)
  return { suite = "shop", name = name, file = "", status = status, duration = 0.1, message = "", quarantined = false, job = "unit" }
end

local function judge(now, earlier)
  local runs, evidence = {}, {}
  for i, tests in ipairs(earlier or {}) do
    runs[#runs + 1] = { number = i, file = "pipe.yml", branch = "main", status = "success" }
    evidence[tostring(i)] = { rows = { tests = tests } }
  end
  return pipe.test.call {
    file = "flaky_budget.lua",
    with = { most = 1, runs = 20 },
    ctx = { run = { number = 99, file = "pipe.yml", branch = "main" } },
    fixture = { version = 1, rows = { tests = now, runs = runs }, history = evidence },
  }
end

describe("flaky-test budget", function()
  it("is kept by a run without flaky tests", function()
    assert.is_true(judge({ test("pay", "passed") }).ok)
  end)

  it("bears as many as it says", function()
    assert.is_true(judge({ test("pay", "flaky"), test("ship", "passed") }).ok)
    local r = judge({ test("pay", "flaky"), test("ship", "flaky") })
    assert.is_false(r.ok)
    assert.equal("2 flaky, 0 of them chronic", r.value.value)
  end)

  it("bears none that is chronic", function()
    local was = { test("pay", "flaky") }
    local r = judge({ test("pay", "flaky") }, { was, was, was, { test("pay", "passed") } })
    assert.is_false(r.ok)
    assert.contains("shop / pay (3 of the last 4 runs)", r.value.detail)
  end)

  it("does not take silence for tests", function()
    assert.is_false(judge(nil).ok)
  end)
end)
