local function at(time, vars)
  vars = vars or {}
  vars.TZ_OFFSET = vars.TZ_OFFSET or "+01:00"
  return pipe.test.call { file = "friday_gate.lua", now = time, vars = vars }
end

describe("the deploy gate", function()
  it("is open on a Thursday evening", function()
    assert.is_true(at("2026-11-19T22:00:00Z").ok)
  end)

  it("is open on Friday before three, by the team's clock", function()
    assert.is_true(at("2026-11-20T13:59:59Z").ok)
    assert.is_false(at("2026-11-20T14:00:00Z").ok)
    assert.is_true(at("2026-11-20T14:00:00Z", { TZ_OFFSET = "-05:00" }).ok)
  end)

  it("is closed at weekends", function()
    assert.is_false(at("2026-11-21T09:00:00Z").ok)
    assert.is_false(at("2026-11-22T09:00:00Z").ok)
    assert.is_true(at("2026-11-22T23:30:00Z").ok) -- Monday, there
  end)

  it("lets an approved one through, and writes down who it was", function()
    local r = at("2026-11-21T09:00:00Z", { APPROVED_BY = "Ada" })
    assert.is_true(r.ok)
    assert.equal("approved by Ada", r.annotations[1].text)
  end)

  it("says what to do", function()
    assert.matches("APPROVED_BY", at("2026-11-20T20:00:00Z").reason)
  end)

  it("refuses a clock that it does not understand", function()
    local r = at("2026-11-20T20:00:00Z", { TZ_OFFSET = "CET" })
    assert.equal("failed", r.ended)
    assert.matches("TZ_OFFSET", r.reason)
  end)
end)
