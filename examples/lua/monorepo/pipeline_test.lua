local function generate(files)
  return pipe.test.pipeline { file = "pipeline.lua", files = files }
end

describe("the monorepo's pipeline", function()
  it("has a build and a test for each service", function()
    local r = generate { ["services/a/service.yml"] = "test: make check", ["services/b/service.yml"] = "needs: [a]" }
    assert.is_true(r.ok)
    assert.same({ "cd services/a", "make check" }, r.jobs["test a"].script)
    assert.equal("build a", r.jobs["build b"].needs[1].job)
    assert.equal("build", r.jobs["build b"].stage)
  end)

  it("looks at what a service needs, and what that needs", function()
    local r = generate {
      ["services/a/service.yml"] = "test: x",
      ["services/b/service.yml"] = "needs: [a]",
      ["services/c/service.yml"] = "needs: [b]",
    }
    assert.same({ "services/c/**/*", "services/b/**/*", "services/a/**/*" }, r.jobs["build c"].rules[1].changes)
  end)

  it("refuses a service that nobody has", function()
    local r = generate { ["services/a/service.yml"] = "needs: [gone]" }
    assert.is_false(r.ok)
    assert.matches('there is no service "gone"', r.reason)
  end)

  it("refuses what is no YAML, and says where", function()
    assert.matches("services/a/service.yml", generate({ ["services/a/service.yml"] = "needs: [" }).reason)
  end)
end)
