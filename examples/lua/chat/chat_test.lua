local function told(status, previous, more)
  local fixture = { version = 1, rows = { runs = { { number = 4, branch = "main", file = "pipe.yml", status = previous } } } }
  for kind, rows in pairs(more or {}) do fixture.rows[kind] = rows end
  return pipe.test.call {
    file = "chat.lua",
    vars = { CHAT_URL = "https://hooks.slack.com/services/T0/B0/x" },
    ctx = { run = { number = 5, project = "shop", branch = "main", file = "pipe.yml", status = status } },
    fixture = fixture,
    http = function() return { status = 200, body = "ok" } end,
  }
end

local function message(result)
  assert.equal(1, #result.requests)
  return pipe.json.decode(result.requests[1].body).text
end

describe("the chat", function()
  it("hears what failed", function()
    local text = message(told("failed", "success", {
      jobs = { { run = 5, name = "unit", status = "failed", reason = "exit code 2" } },
      tests = { { suite = "s", name = "pay", status = "failed", message = "1 ~= 2", duration = 0.1, quarantined = false, job = "unit" } },
    }))
    assert.matches("%*shop%* failed on `main`", text)
    assert.matches("%*unit%*: exit code 2", text)
    assert.matches("`pay` 1 ~= 2", text)
  end)

  it("hears when it is green again, and not when it still is", function()
    assert.matches("green again", message(told("success", "failed")))
    assert.equal(0, #told("success", "success").requests)
  end)

  it("is no reason to fail", function()
    local r = pipe.test.call {
      file = "chat.lua",
      vars = { CHAT_URL = "https://hooks.slack.com/services/T0/B0/x" },
      ctx = { run = { number = 5, project = "shop", branch = "main", file = "pipe.yml", status = "failed" } },
      fixture = { version = 1, rows = {} },
      http = function() return { status = 500, body = "down" } end,
    }
    assert.is_true(r.ok)
    assert.matches("was not told", r.warnings[1])
  end)

  it("is not needed", function()
    assert.is_true(pipe.test.call { file = "chat.lua", fixture = { version = 1, rows = {} } }.ok)
  end)
end)
