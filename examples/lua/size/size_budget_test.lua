local function metric(file, value)
  return { name = "bundle_bytes", labels = ('file="%s"'):format(file), value = value, unit = "bytes", help = "", job = "bundle" }
end

local function judge(now, before)
  return pipe.test.call {
    file = "size_budget.lua",
    with = { budget = { ["dist/app.js"] = "2 kB", ["dist/app.css"] = "1 kB" }, growth = 10 },
    fixture = {
      version = 1,
      rows = { metrics = now },
      baseline = before and { run = 7, branch = "main" } or nil,
      baseline_rows = { metrics = before },
    },
  }
end

describe("size budget", function()
  it("is kept", function()
    assert.is_true(judge({ metric("dist/app.js", 2000), metric("dist/app.css", 10) }).ok)
  end)

  it("names the file that is too large", function()
    local r = judge({ metric("dist/app.js", 2001), metric("dist/app.css", 10) })
    assert.is_false(r.ok)
    assert.contains("dist/app.js", r.value.detail)
  end)

  it("misses a file that was not built", function()
    assert.contains("dist/app.css: not built", judge({ metric("dist/app.js", 1) }).value.detail)
  end)

  it("holds all of it against the baseline", function()
    local now = { metric("dist/app.js", 1200), metric("dist/app.css", 10) }
    assert.is_false(judge(now, { metric("dist/app.js", 1000) }).ok)
    assert.is_true(judge(now, { metric("dist/app.js", 1150) }).ok)
  end)

  it("refuses a size that is none", function()
    local r = pipe.test.call {
      file = "size_budget.lua",
      with = { budget = { a = "big" } },
      fixture = { version = 1, rows = { metrics = { metric("a", 1) } } },
    }
    assert.matches("big is no size", r.reason)
  end)
end)

describe("measure", function()
  it("notes what was built", function()
    local r = pipe.test.call { file = "measure.lua", files = { ["dist/app.js"] = "1234" } }
    assert.equal(4, r.metrics[1].value)
  end)
end)
