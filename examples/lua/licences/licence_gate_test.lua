local function component(name, licenses)
  return { name = name, version = "1.0", type = "library", purl = "pkg:npm/" .. name .. "@1.0", licenses = licenses, job = "bill" }
end

local function judge(...)
  return pipe.test.call {
    file = "licence_gate.lua",
    with = { allow = { "MIT", "Apache-2.0" }, except = { "left-pad" } },
    fixture = { version = 1, rows = { components = { ... } } },
  }
end

describe("licence gate", function()
  it("passes what is allowed", function()
    assert.is_true(judge(component("a", "MIT"), component("b", "Apache-2.0")).ok)
  end)

  it("names what is not", function()
    local r = judge(component("a", "MIT"), component("b", "GPL-3.0-only"))
    assert.is_false(r.ok)
    assert.equal("1 of 2 components", r.value.value)
    assert.contains("b 1.0: GPL-3.0-only", r.value.detail)
  end)

  it("needs one side of an OR, and every side of an AND", function()
    assert.is_true(judge(component("a", "GPL-2.0-only OR MIT")).ok)
    assert.is_false(judge(component("a", "GPL-2.0-only AND MIT")).ok)
    assert.is_true(judge(component("a", "(MIT OR GPL-2.0-only) AND Apache-2.0")).ok)
  end)

  it("takes no licence for none", function()
    assert.is_false(judge(component("a", "")).ok)
  end)

  it("lets an excepted component through", function()
    assert.is_true(judge(component("left-pad", "WTFPL")).ok)
  end)

  it("does not call a missing SBOM clean", function()
    local r = judge()
    assert.is_false(r.ok)
    assert.is_false(r.value.data)
  end)

  it("judges what a real run recorded", function()
    local r = pipe.test.call { file = "licence_gate.lua", with = { allow = { "MIT" } }, fixture = "fixture.json" }
    assert.is_false(r.ok)
    assert.equal("2 of 3 components", r.value.value)
  end)
end)
