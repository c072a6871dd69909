"""`pipe lua test`: the test library, its reports, coverage, what is replaced by tables."""
import json
import re
import xml.etree.ElementTree as ET

from conftest import BUILD

GATE = """
local allowed = { ["MIT"] = true, ["Apache-2.0"] = true }
for c in ctx.evidence.components() do
  if not allowed[c.licenses] then
    return false, c.name .. " has " .. c.licenses
  end
end
return true
"""
TEST = """
local function call(rows)
  return pipe.test.call{ file = "licence.lua", fixture = { rows = { components = rows } } }
end
describe("the licence gate", function()
  it("takes MIT", function()
    assert.is_true(call{ { name = "a", licenses = "MIT" } }.ok)
  end)
  it("refuses the GPL", function()
    local r = call{ { name = "b", licenses = "GPL-3.0" } }
    assert.is_false(r.ok)
    assert.equal("b has GPL-3.0", r.reason)
  end)
end)
"""


def lua_test(project, text, *args, **more):
    project.write("one_test.lua", text)
    return project.pipe("lua", "test", "one_test.lua", *args, **more)


def test_green(project):
    project.write("gates/licence.lua", GATE)
    project.write("gates/licence_test.lua", TEST)
    r = project.pipe("lua", "test")
    assert r.status == 0, r.text
    assert "gates/licence_test.lua: 2 passed" in r.out
    assert "2 passed in 1 file" in r.out


def test_red_when_the_gate_is_broken(project):
    project.write("gates/licence.lua", GATE.replace("return false", "return true"))
    project.write("gates/licence_test.lua", TEST)
    r = project.pipe("lua", "test")
    assert r.status == 1
    assert "✗ the licence gate > refuses the GPL" in r.out
    assert "gates/licence_test.lua:11: expected false, got true" in r.out
    assert "assert.is_false(r.ok)\n        ^^^^^^^^^^^^^^^^^^^^^" in r.out
    assert "1 passed, 1 failed in 1 file" in r.out


def test_finds_files(project):
    for name in ("a_test.lua", "deep/er/b_test.lua", ".pipe/lua/c_test.lua", ".hidden/d_test.lua", "not.lua"):
        project.write(name, 'it("x", function() end)')
    project.commit()
    assert "3 passed in 3 files" in project.pipe("lua", "test").out
    assert "1 passed in 1 file" in project.pipe("lua", "test", "deep").out
    assert "2 passed in 2 files" in project.pipe("lua", "test", "a_test.lua", "deep/er", "a_test.lua").out
    r = project.pipe("lua", "test", "nothing_test.lua")
    assert r.status == 2 and "nothing_test.lua" in r.err
    (project.path / "empty").mkdir()
    r = project.pipe("lua", "test", "empty")
    assert r.status == 2 and "*_test.lua" in r.err


def test_order_and_surroundings(project):
    r = lua_test(project, """
local seen = {}
describe("outer", function()
  before_each(function() seen[#seen + 1] = "b1" end)
  after_each(function() seen[#seen + 1] = "a1" end)
  describe("inner", function()
    before_each(function() seen[#seen + 1] = "b2" end)
    after_each(function() seen[#seen + 1] = "a2" end)
    it("x", function() seen[#seen + 1] = "x" end)
    it("fails", function() error("on purpose") end)
  end)
  it("sees all", function()
    assert.same({ "b1", "b2", "x", "a2", "a1", "b1", "b2", "a2", "a1", "b1" }, seen)
  end)
end)
pending("later")
it("also later")
""", "--verbose")
    assert r.status == 1
    assert "2 passed, 1 failed, 2 pending" in r.out
    assert "✓ outer > sees all" in r.out and "- later" in r.out


def test_after_each_that_fails_fails_the_test_and_keeps_the_first_reason(project):
    r = lua_test(project, """
describe("a", function()
  after_each(function() error("after") end)
  it("one", function() end)
  it("two", function() error("first") end)
end)
""")
    assert r.status == 1 and "2 failed" in r.out
    assert re.search(r"a > one\n.*:3: after", r.out) and re.search(r"a > two\n.*:5: first", r.out)


def test_assertions_say_what_was_expected(project):
    cases = {
        'assert.equal(1, 2)': "expected 1, got 2",
        'assert.equal("a", nil)': 'expected "a", got nil',
        'assert.same({ a = { 1, { b = 2 } } }, { a = { 1, { b = 3 } } })': "at .a[2].b: expected 2, got 3",
        'assert.same({ 1 }, { 1, x = 2 })': "at .x: expected nil, got 2",
        'assert.truthy(nil)': "expected something true, got nil",
        'assert.falsy(0)': "expected false or nil, got 0",
        'assert.is_true(1)': "expected true, got 1",
        'assert.is_nil(false)': "expected nil, got false",
        'assert.is_not_nil(nil)': "expected a value, got nil",
        'assert.not_equal(3, 3)': "expected something else, got 3",
        'assert.matches("^%d+$", "abc")': 'expected a text that matches "^%d+$", got "abc"',
        'assert.contains("x", { "a", "b" })': 'expected something with "x", got { "a", "b" }',
        'assert.contains("x", "abc")': 'expected something with "x", got "abc"',
        'assert.near(1, 2, 0.5)': "expected 1, give or take 0.5, got 2",
        'assert.error(function() end)': "expected an error, and there was none",
        'assert.error(function() error("abc") end, "x+y")': 'expected an error that matches "x+y"',
        'assert.equal(1, 2, "the sum")': "the sum: expected 1, got 2",
        'assert(false, "plain")': "plain",
        'assert(nil)': "assertion failed!",
        'assert.equals(1, 1)': 'assert has no "equals"',
    }
    text = "\n".join(f'it("case {i}", function() {code} end)' for i, code in enumerate(cases))
    r = lua_test(project, text)
    assert r.status == 1 and f"{len(cases)} failed" in r.out
    for i, expected in enumerate(cases.values()):
        part = r.out.split(f"✗ case {i}\n")[1].split("✗")[0]
        assert expected in part, (expected, part)
        assert f"one_test.lua:{i + 1}: " in part


def test_assertions_that_hold(project):
    r = lua_test(project, """
it("all", function()
  assert.equal(1, 1.0)
  assert.same({ 1, { x = {} } }, { 1, { x = {} } })
  local a, b = { 1 }, { 1 } a.me = a b.me = b
  assert.same(a, b)
  assert.truthy(0) assert.falsy(nil) assert.is_true(true) assert.is_false(false) assert.is_nil(nil) assert.is_not_nil(false)
  assert.matches("b+", "abbbc") assert.contains("b", "abc") assert.contains(2, { 1, 2 }) assert.contains("%", "5 %")
  assert.near(0.3, 0.1 + 0.2, 1e-9) assert.not_equal({}, {})
  assert.matches("deep", assert.error(function() error("deep") end))
  assert.equal("v", assert("v"))
  local _, second = assert(1, "two") assert.equal("two", second)
end)
""")
    assert r.status == 0, r.text


def test_http_exec_and_time_come_from_the_test(project):
    project.write("hook.lua", """
local reply = pipe.http("https://hooks.example/x?y=1", { method = "POST", json = { a = 1 } })
local out = pipe.exec({ "helm", "version", "--short" })
pipe.sleep(90)
pipe.log(reply.status, reply.json().k, out.output, out.code)
pipe.warn("careful")
return pipe.now()
""")
    r = lua_test(project, """
it("by tables", function()
  local r = pipe.test.call{ file = "hook.lua", now = "2026-11-20T15:30:00Z",
    http = { ["POST https://hooks.example/x?y=1"] = { status = 201, json = { k = "v" } } },
    exec = { ["helm version --short"] = { code = 3, output = "v3" } } }
  assert.equal("done", r.ended, r.reason)
  assert.contains("201\\tv\\tv3\\t3", r.log)
  assert.same({ "careful" }, r.warnings)
  assert.equal(90, r.slept)
  assert.equal(1795188690, r.value)
  assert.equal("POST", r.requests[1].method)
  assert.contains('"a"', r.requests[1].body)
  assert.same({ "helm", "version", "--short" }, r.commands[1])
end)
it("by functions", function()
  local r = pipe.test.call{ file = "hook.lua", now = 1000,
    http = function(request) return { status = request.method == "POST" and 200 or 500, body = '{"k":"f"}' } end,
    exec = function(argv, options) return argv[1] end }
  assert.equal("done", r.ended, r.reason)
  assert.contains("200\\tf\\thelm\\t0", r.log)
  assert.equal(1090, r.value)
end)
it("no answer is nil and why", function()
  local r = pipe.test.call{ text = 'local a, why = pipe.http("https://x.example/") return { a = a == nil, why = why }',
    http = function() return nil, "no route" end }
  assert.is_true(r.value.a)
  assert.contains("no route", r.value.why)
end)
""")
    assert r.status == 0, r.text


def test_what_no_table_answers(project):
    r = lua_test(project, """
it("is refused", function()
  local r = pipe.test.call{ text = 'pipe.http("https://other.example/")', http = { ["https://x.example/"] = "ok" } }
  assert.equal("refused", r.ended)
  assert.contains("allow", r.reason)
end)
it("is refused as the pipeline file would", function()
  local r = pipe.test.call{ text = 'pipe.exec({ "rm" })', exec = function() return "" end, allow = { exec = { "helm" } } }
  assert.equal("refused", r.ended)
end)
it("is granted and not there", function()
  pipe.test.call{ text = 'pipe.exec({ "helm", "x" })', exec = { ["helm version"] = "v3" } }
end)
""")
    assert r.status == 1 and "2 passed, 1 failed" in r.out, r.text
    assert "asks for helm x, and `exec` of the test has no answer for it" in r.out


def test_contexts_and_fixtures(project):
    project.write("fixtures/run.json", json.dumps({
        "version": 1, "point": "before_job", "run": {"number": 7, "branch": "main", "started": 100.5},
        "job": {"name": "deploy: [a]", "stage": "deploy", "attempt": 2, "tags": ["x"]}, "vars": {"A": "1", "B": "2"}, "masked": ["TOKEN"],
        "baseline": {"run": 6, "branch": "main"},
        "rows": {"tests": [{"name": "t1", "status": "failed"}, {"name": "t2"}, {"name": "t3", "status": "failed", "quarantined": True}],
                 "findings": [{"rule": "R1", "severity": "high", "fixed": "2"}, {"rule": "R2", "severity": "low", "suppressed": True}],
                 "coverage": [{"path": "a.c", "lines": 10, "hit": 8}], "metrics": [{"name": "m", "value": 2}, {"name": "m", "value": 3}]},
        "baseline_rows": {"tests": [{"name": "t1", "status": "passed"}, {"name": "t2"}],
                          "findings": [{"rule": "R1", "severity": "high"}], "coverage": [{"path": "a.c", "lines": 10, "hit": 9}]},
    }))
    r = lua_test(project, """
local F = "fixtures/run.json"
local function value(text, more)
  local o = { text = text, fixture = F }
  for k, v in pairs(more or {}) do o[k] = v end
  local r = pipe.test.call(o)
  assert.equal("done", r.ended, r.reason)
  return r.value
end
it("facts", function()
  assert.same({ "before_job", 7, "main", "deploy", 2, "x", "1" },
    value("return { ctx.point, ctx.run.number, ctx.run.branch, ctx.job.stage, ctx.job.attempt, ctx.job.tags[1], ctx.vars.A }"))
  assert.same({ 8, "main", "2", "new" }, value("return { ctx.run.number, ctx.run.branch, ctx.vars.B, ctx.vars.A }",
    { ctx = { run = { number = 8 } }, vars = { A = "new" } }))
  assert.equal("y", value("return ctx.with.x[1]", { with = { x = { "y" } } }))
  assert.equal("job_finished", value("return ctx.event.event", { ctx = { event = { event = "job_finished" } } }))
end)
it("evidence", function()
  assert.same({ 1, 1, 1, 1, 80.0, 90.0, 5, 1 }, value([[
    local e = ctx.evidence
    return { e.tests.failed, e.tests.passed, e.tests.quarantined, e.findings.high, e.coverage.lines, ctx.baseline.coverage.lines,
             e.metrics.m, e.findings.suppressed }]]))
  assert.same({ "t1" }, value([[
    local names = {}
    for t in ctx.evidence.tests{ status = "failed", new = true } do names[#names + 1] = t.name end
    return names]]))
  assert.equal(0, value("return ctx.evidence.findings{ new = true }:count()"))
  assert.equal(1, value("return ctx.evidence.findings{ fixable = true, severity = 'medium' }:count()"))
end)
it("masked variables", function()
  local r = pipe.test.call{ text = "return ctx.vars.TOKEN", fixture = F, allow = {} }
  assert.equal("refused", r.ended)
end)
it("files", function()
  assert.equal("hello", value("return pipe.read('a/b.txt')", { files = { ["a/b.txt"] = "hello" } }))
  assert.same({ "a/b.txt", "a/c.txt" }, value("return pipe.glob('a/*')", { files = { ["a/c.txt"] = "", ["a/b.txt"] = "" } }))
end)
it("what a script leaves", function()
  local r = pipe.test.call{ text = [[
    pipe.metric("size", 12, { unit = "bytes" })
    pipe.finding{ rule = "r", message = "m", severity = "low" }
    pipe.annotate("report", { url = "https://x.example/" })]] }
  assert.equal("done", r.ended, r.reason)
  assert.equal(12, r.metrics[1].value)
  assert.equal("r", r.findings[1].rule)
  assert.equal("report", r.annotations[1].label)
end)
""")
    assert r.status == 0, r.text


def test_how_calls_end(project):
    r = lua_test(project, """
local function ended(text) return pipe.test.call{ text = text } end
it("ends", function()
  assert.equal("failed", ended('pipe.fail("no")').ended)
  assert.equal("no", ended('pipe.fail("no")').reason)
  assert.equal("broken", ended('local x = nil; x()').ended)
  assert.equal("over", ended('while true do end').ended)
  local r = ended('local function f() error({}) end f()')
  assert.is_false(r.ok)
  assert.contains("f", r.traceback)
  assert.is_false(ended('return false, "why"').ok)
  assert.equal("why", ended('return false, "why"').reason)
  assert.is_true(ended('return { ok = true, value = 3 }').ok)
  assert.is_true(ended('return nil').ok)
  assert.is_false(pipe.test.call{ text = "return nil", point = "gate" }.ok)
end)
it("of the embedding program", function()
  local r = pipe.test.call{ text = "return host.add(1, 2)", host = { add = function(a, b) return a + b end } }
  assert.equal(3, r.value)
  r = pipe.test.call{ text = "return host.add(1, 2)", host = { add = function() error("nope") end } }
  assert.is_false(r.ok)
  assert.contains("nope", r.reason)
end)
""")
    assert r.status == 0, r.text


def test_mistakes_of_the_test(project):
    for code, expected in {
        'pipe.test.call{ fil = "x" }': 'has no option "fil"; did you mean "file"?',
        'pipe.test.call{}': 'wants one of file = "..." and text = "..."',
        'pipe.test.call{ file = "gone.lua" }': 'there is no "gone.lua"',
        'pipe.test.call{ file = "../../etc/passwd" }': "leads out of the project",
        'pipe.test.call{ text = "x = = 1" }': "unexpected symbol",
        'pipe.test.call{ text = "", fixture = { rows = { nonsense = {} } } }': '"nonsense", which is no kind of evidence',
        'pipe.test.call{ text = "", fixture = { rows = { findings = { 1 } } } }': "item 1 of \"findings\"",
        'pipe.test.call{ text = "", now = "yesterday" }': "now is to be seconds",
        'pipe.test.call{ text = "", vars = 3 }': "vars is to be a table",
        'describe("x", function() end)': "a test cannot have tests in it",
        'pipe.http("https://x.example/")': "a test does not wait",
        'pipe.tset.call{}': "tset",
    }.items():
        r = lua_test(project, f'it("t", function() {code} end)')
        assert r.status == 1 and expected in r.out, (code, r.text)


def test_files_that_are_wrong(project):
    r = lua_test(project, 'it("x", function() end)\nlocal = 3\n')
    assert r.status == 2
    assert "one_test.lua:2: " in r.out and "1 broken" in r.out
    r = lua_test(project, 'it("x", function() end)\nerror("outside")\n')
    assert r.status == 2 and "one_test.lua:2: outside" in r.out
    project.write("two_test.lua", 'it("x", function() end)')
    r = project.pipe("lua", "test")
    assert r.status == 2 and "1 passed, 1 broken in 2 files" in r.out
    r = lua_test(project, 'it("x", function() while true do end end)\nit("y", function() end)')
    assert r.status == 2 and "processor time" in r.out


def test_each_file_stands_alone(project):
    project.write("a_test.lua", 'it("sets", function() leaked = 1; string.leaked = nil end)')
    project.write("b_test.lua", 'it("sees nothing", function() assert.is_nil(rawget(_G, "leaked")) end)')
    r = project.pipe("lua", "test")
    assert "b_test.lua: 1 passed" in r.out, r.text


def test_require(project):
    project.write(".pipe/lua/shared/words.lua", "return { hello = 'hi' }")
    project.write("gates/near.lua", "return 2")
    project.write("gates/g.lua", "return require('shared.words').hello == 'hi' and require('near') == 2")
    project.write("gates/g_test.lua", """
it("x", function()
  assert.equal("hi", require("shared.words").hello)
  local r = pipe.test.call{ file = "g.lua" }
  assert.is_true(r.ok, r.reason)
end)""")
    assert project.pipe("lua", "test").status == 0, project.pipe("lua", "test").text


def test_filter(project):
    r = lua_test(project, """
describe("a", function() it("one", function() end) it("two", function() error("x") end) end)
it("one", function() end)""", "--filter", "a one")
    assert r.status == 0 and "1 passed in" in r.out


def test_tap(project):
    r = lua_test(project, """
it("fine # really \\\\", function() end)
it("bad", function() assert.equal("a\\nb", 2) end)
pending("later")""", "--format", "tap")
    assert r.status == 1
    lines = r.out.splitlines()
    assert lines[0] == "TAP version 14" and lines[-1] == "1..3"
    assert "ok 1 - one_test.lua: fine \\# really \\\\" in lines
    assert "not ok 2 - one_test.lua: bad" in lines
    assert "ok 3 - one_test.lua: later # SKIP pending" in lines
    assert '  file: "one_test.lua"' in lines and "  line: 3" in lines


def test_junit(project):
    r = lua_test(project, """
describe("<group>", function()
  it("fine & well", function() end)
  it("bad", function() pipe.log("said") assert.equal(1, 2) end)
  pending("later")
end)""", "--format", "junit")
    assert r.status == 1
    root = ET.fromstring(r.out)
    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("3", "1", "0", "1")
    cases = {c.get("name"): c for c in suite}
    assert cases["fine & well"].get("classname") == "<group>" and cases["bad"].get("line") == "4"
    assert "expected 1, got 2" in cases["bad"].find("failure").text and cases["bad"].find("system-out").text == "said\n"
    assert cases["later"].find("skipped") is not None


def test_reports_are_read_by_ours(project):
    """What is written is evidence of a run: JUnit, TAP and LCOV go through the parsers of `uses: test`."""
    project.write("g.lua", "if ctx.vars.X then\n  return true\nend\nreturn false\n")
    project.write("g_test.lua", 'it("a", function() pipe.test.call{ file = "g.lua" } end)\nit("b", function() error("x") end)\npending("c")')
    project.write("pipe.yml", f"""
tests:
  uses: test
  with:
    command: '{BUILD}/pipe lua test --format junit --coverage-file cov.info > out.xml'
    reports: out.xml
    coverage: cov.info
tap:
  uses: test
  with:
    command: '{BUILD}/pipe lua test --format tap > out.tap'
    reports: out.tap
""")
    project.pipe("run")
    for job in ("tests", "tap"):
        rows = project.pipe("tests", "--job", job, "--all", "--format", "json")
        found = {t["name"].split(": ")[-1]: t["status"] for t in rows.json["tests"]}
        assert found == {"a": "passed", "b": "failed", "c": "skipped"}, rows.text
    coverage = project.pipe("coverage", "--format", "json").text
    assert "g.lua" in coverage and "_test.lua" not in coverage


def test_coverage(project):
    project.write("g.lua", """local function unused(x)
  local y = x + 1
  return y
end

if ctx.vars.A then
  return true
end
return false
""")
    r = lua_test(project, 'it("x", function() pipe.test.call{ file = "g.lua" } end)', "--coverage", "--coverage-file", "out.info")
    assert r.status == 0, r.text
    lines = dict(line[3:].split(",") for line in project.read("out.info").splitlines() if line.startswith("DA:"))
    assert lines == {"2": "0", "3": "0", "4": "1", "6": "1", "7": "0", "9": "1"} or lines == {
        "1": "1", "2": "0", "3": "0", "4": "1", "6": "1", "7": "0", "9": "1"}, lines
    assert "g.lua" in r.out and "not reached: 2-3, 7" in r.out
    assert "one_test" not in project.read("out.info")


def test_pipelines_and_stage_types(project):
    project.write("pipeline.lua", """
local jobs = { stages = { "build" } }
for _, name in ipairs(ctx.changes or {}) do end
jobs["build " .. (ctx.vars.WHO or "nobody")] = { stage = "build", script = { "make" } }
return jobs
""")
    project.write("scan.lua", """
return {
  help = "a scan",
  parameters = { level = { type = "text", help = "how much" } },
  compile = function(ctx) return { steps = { { run = { "scan", ctx.with.level } } } } end,
  evaluate = function(ctx) return ctx.steps[1].exit_code == 0, "it failed" end,
}
""")
    r = lua_test(project, """
it("a pipeline", function()
  local r = pipe.test.pipeline{ file = "pipeline.lua", vars = { WHO = "me" } }
  assert.is_true(r.ok, r.reason)
  assert.equal("make", r.jobs["build me"].script[1])
  r = pipe.test.pipeline{ text = "return 3" }
  assert.is_false(r.ok)
  assert.is_not_nil(r.reason)
end)
it("a stage type", function()
  local r = pipe.test.stage{ file = "scan.lua", with = { level = "9" }, steps = { { exit_code = 1 } } }
  assert.same({ "scan", "9" }, r.compiled.steps[1].run)
  assert.is_false(r.result.ok)
  assert.equal("it failed", r.result.reason)
end)
""")
    assert r.status == 0, r.text


def test_a_stage_type_gets_the_defaults_of_its_parameters(project):
    project.write("scan.lua", """
return {
  parameters = { level = { type = "text", default = "7" }, files = { type = "list", default = { "a", "b" } }, must = { type = "bool", required = true } },
  compile = function(ctx)
    return { steps = { { run = { "scan", ctx.with.level, table.concat(ctx.with.files, "+"), tostring(ctx.with.must) } } } }
  end,
  evaluate = function(ctx) return true, ctx.with.level end,
}
""")
    project.write("wrong.lua", """
return { parameters = { level = { type = "txt" } }, compile = function(ctx) return {} end }
""")
    r = lua_test(project, """
it("fills in what is not given", function()
  local r = pipe.test.stage{ file = "scan.lua", steps = { { exit_code = 0 } } }
  assert.same({ "scan", "7", "a+b", "nil" }, r.compiled.steps[1].run)
  assert.is_true(r.result.ok)
  assert.same({ "scan", "9", "c", "true" }, pipe.test.stage{ file = "scan.lua", with = { level = "9", files = "c", must = true } }.compiled.steps[1].run)
end)
it("knows when the type is wrong", function()
  local ok, why = pcall(pipe.test.stage, { file = "wrong.lua" })
  assert.is_false(ok)
  assert.contains('no type "txt"', why)
end)
""")
    assert r.status == 0, r.text


def test_text_of_a_test_does_not_reach_the_terminal_raw(project):
    r = lua_test(project, 'it("a", function() error("\\27]0;owned\\7 \\27[2J") end)')
    assert r.status == 1 and "\x1b]0" not in r.out and "\x1b[2J" not in r.out and "\x07" not in r.out
