local function stage(with, more)
  local options = { file = "stages/shellcheck.lua", with = with, files = { ["a.sh"] = "#!/bin/sh\n", ["b.sh"] = "#!/bin/sh\n" } }
  for name, value in pairs(more or {}) do options[name] = value end
  return pipe.test.stage(options)
end

describe("uses: ./stages/shellcheck.lua", function()
  it("looks at each script", function()
    local r = stage { files = { "*.sh" }, severity = "warning", exclude = { "SC1091" } }
    assert.same(
      { "shellcheck", "--format=gcc", "--severity=warning", "--exclude=SC1091", "--", "a.sh", "b.sh" },
      r.compiled.steps[1].run
    )
  end)

  it("says when there is nothing to look at", function()
    assert.matches("no script matches %*%.zsh", stage({ files = { "*.zsh" }, severity = "style" }).reason)
  end)

  it("fails over what was found, and bears what it may", function()
    local finding = { kind = "issue", severity = "medium", tool = "shellcheck", rule = "SC2086", path = "a.sh", line = 2, message = "quote" }
    local found = { steps = { { exit_code = 1 } }, fixture = { version = 1, job_rows = { findings = { finding } } } }
    local r = stage({ files = { "*.sh" }, severity = "style", most = 0 }, found)
    assert.equal("1 finding, at most 0", r.result.value.reason)
    assert.is_true(stage({ files = { "*.sh" }, severity = "style", most = 1 }, found).result.ok)
  end)

  it("does not take a broken shellcheck for a clean one", function()
    local r = stage({ files = { "*.sh" }, severity = "style", most = 0 }, { steps = { { exit_code = 3 } }, fixture = { version = 1, rows = {} } })
    assert.is_false(r.result.ok)
    assert.matches("exit code 3", r.result.reason)
  end)
end)
