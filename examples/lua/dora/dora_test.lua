-- deploys: { { hours ago, "success" | "failed" }, ... }
local function figures(deploys)
  local now = 1700000000
  local runs, jobs = {}, {}
  for i, d in ipairs(deploys) do
    local started = now - d[1] * 3600
    table.insert(runs, 1, { number = i, file = "pipe.yml", branch = "main", status = d[2], started = started, duration = 600 })
    jobs[i] = { run = i, name = "deploy", status = d[2], environment = "production", started = started, duration = 600 }
  end
  local r = pipe.test.call {
    file = "dora.lua",
    now = now,
    ctx = { run = { number = 999, file = "pipe.yml" } },
    fixture = { version = 1, rows = { runs = runs, jobs = jobs } },
  }
  assert.is_true(r.ok)
  local by_name = {}
  for _, m in ipairs(r.metrics) do by_name[m.name] = m.value end
  return by_name
end

describe("DORA figures", function()
  it("count deployments", function()
    local f = figures { { 72, "success" }, { 48, "success" }, { 24, "success" } }
    assert.near(3 / 30, f.dora_deployments_per_day, 1e-9)
    assert.equal(0, f.dora_change_failure_rate)
    assert.equal(600, f.dora_lead_time_seconds)
    assert.is_nil(f.dora_time_to_restore_seconds)
  end)

  it("know how often it breaks, and for how long", function()
    local f = figures { { 50, "success" }, { 40, "failed" }, { 38, "failed" }, { 36, "success" } }
    assert.equal(0.5, f.dora_change_failure_rate)
    assert.equal(4 * 3600, f.dora_time_to_restore_seconds)
  end)

  it("leave out what is long ago", function()
    assert.equal(0, figures({ { 31 * 24, "success" } }).dora_deployments_per_day)
  end)
end)
