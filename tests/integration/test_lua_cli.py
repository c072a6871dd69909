"""`pipe lua check`, `record`, `run`, `repl`, `annotations`, and the operator's bounds."""
import json
import os
import subprocess

import pytest

from conftest import BUILD, ROOT, clean_env

JUNIT = """<testsuite name="s"><testcase classname="c" name="one"/><testcase classname="c" name="two"><failure message="x"/></testcase></testsuite>"""
SARIF = json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [
    {"ruleId": "R1", "level": "error", "message": {"text": "bad"}, "locations": [
        {"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": 3}}}]}]}]})
PIPELINE = """
unit:
  script: [cp saved.xml junit.xml, cp saved.sarif out.sarif]
  allow_failure: true
  artifacts: { reports: { junit: junit.xml } }
look:
  uses: analyze
  with: { command: "true", reports: saved.sarif }
  allow_failure: true
"""


def lua(project, *args, stdin=None, **more):
    env = {**project.env, **more.pop("env", {})}
    r = subprocess.run([str(BUILD / "pipe"), "lua", *args], cwd=project.path, env=env, input=stdin, capture_output=True, text=True,
                       timeout=60, check=False)
    return r


@pytest.fixture
def recorded(project):
    project.write("saved.xml", JUNIT)
    project.write("saved.sarif", SARIF)
    project.write("pipe.yml", PIPELINE)
    project.commit()
    project.pipe("run")
    project.write("saved.xml", JUNIT.replace('name="one"/>', 'name="one"><failure/></testcase>'))
    project.pipe("run")
    return project


# ---- check ----

def test_check_files(project):
    project.write("a.lua", "local x = 1\nreturn x + undefined_thing\n")
    project.write("b.lua", "return pipe.htp('https://x.example/')\n")
    project.write("c.lua", "if then\n")
    project.write("d_test.lua", 'describe("x", function() it("y", function() assert.is_true(true) end) end)\n')
    r = lua(project, "check")
    assert r.returncode == 2, r.stdout
    assert "a.lua:2:12: error: " in r.stdout and "undefined_thing" in r.stdout
    assert "b.lua:1:" in r.stdout and 'did you mean "http"' in r.stdout
    assert "c.lua:1:" in r.stdout
    assert "d_test.lua" not in r.stdout
    assert lua(project, "check", "d_test.lua").returncode == 0
    assert "1 file checked: nothing is wrong" in lua(project, "check", "d_test.lua").stdout


def test_check_the_pipeline_file(project):
    project.write("pipe.yml", """
hooks:
  before_job: |
    local a = 1
    pipe.lgo(a)
a:
  script: [echo a]
  rules:
    - lua: ctx.vars.X == nil and undefined_thing
""")
    r = lua(project, "check")
    assert r.returncode == 2, r.stdout + r.stderr
    assert "pipe.yml:5:" in r.stdout and "pipe.lgo(a)\n" in r.stdout
    line = next(x for x in r.stdout.splitlines() if "pipe.yml:9:" in x)
    assert "undefined_thing" in line
    column = int(line.split(":")[2])
    assert project.read("pipe.yml").splitlines()[8][column - 1:].startswith("undefined_thing")


def test_check_as_data(project):
    project.write("a.lua", "return nothing_like_it\n")
    r = lua(project, "check", "--format", "json")
    assert r.returncode == 2
    one = json.loads(r.stdout)["diagnostics"][0]
    assert (one["file"], one["line"], one["code"]) == ("a.lua", 1, "lua-global")
    r = lua(project, "check", "--format", "sarif")
    assert json.loads(r.stdout)["runs"][0]["results"][0]["ruleId"] == "lua-global"
    assert lua(project, "check", "--format", "tap").returncode == 2
    assert lua(project, "test", "--format", "sarif").returncode == 2


def test_check_passes_over_what_is_marked(project):
    project.write("good.lua", "return 1\n")
    project.write("bad/a.lua", "if then\n")
    project.write("bad/deep/a_test.lua", "if then\n")
    project.write("more/a.lua", "if then\n")
    project.write("bad/.luaignore", "")
    r = lua(project, "check")
    assert r.returncode == 2 and "bad/" not in r.stdout and "more/a.lua:1:" in r.stdout
    project.write("more/.luaignore", "")
    assert "1 file checked: nothing is wrong" in lua(project, "check").stdout
    assert "bad/a.lua:1:" in lua(project, "check", "bad/a.lua").stdout
    assert "bad/a.lua:1:" in lua(project, "check", "bad").stdout


# ---- record ----

def test_record_gives_what_the_run_gave(recorded):
    """The same script over the run itself and over its fixture."""
    recorded.write("look.lua", """
local e, names = ctx.evidence, {}
for t in e.tests{ status = "failed" } do names[#names + 1] = t.name end
table.sort(names)
local new = {}
for t in e.tests{ status = "failed", new = true } do new[#new + 1] = t.name end
local jobs = {}
for j in ctx.history.jobs{ run = ctx.run.number } do jobs[#jobs + 1] = j.name .. "/" .. j.status end
table.sort(jobs)
local runs = {}
for r in ctx.history.runs() do runs[#runs + 1] = r.number end
return { run = ctx.run.number, branch = ctx.run.branch, failed = e.tests.failed, passed = e.tests.passed, total = e.findings.total,
  high = e.findings.high, known = e.coverage.known, names = names, new = new, jobs = jobs, runs = runs,
  new_findings = e.findings{ new = true }:count(), rule = e.findings():first() and e.findings():first().rule,
  baseline = ctx.baseline and ctx.baseline.run, earlier = ctx.history.run(1).tests.failed,
  vars = ctx.vars.CI_COMMIT_BRANCH, graph = ctx.graph():count() }
""")
    real = lua(recorded, "run", "look.lua", "--run", "2")
    assert real.returncode == 0, real.stderr
    fixture = lua(recorded, "record", "2")
    assert fixture.returncode == 0, fixture.stderr
    recorded.write("run.json", fixture.stdout)
    recorded.write("look_test.lua", """
it("x", function()
  local r = pipe.test.call{ file = "look.lua", fixture = "run.json" }
  assert.equal("done", r.ended, r.reason)
  pipe.log(pipe.json.encode(r.value))
  error("show")
end)""")
    again = lua(recorded, "test", "look_test.lua")
    text = next(x for x in again.stdout.splitlines() if x.strip().startswith("{"))
    assert json.loads(text) == json.loads(real.stdout)
    found = json.loads(real.stdout)
    assert found["failed"] == 2 and found["names"] == ["one", "two"] and found["total"] == 1 and found["runs"] == [1]


def test_record_a_job(recorded):
    document = json.loads(lua(recorded, "record", "2", "unit").stdout)
    assert document["job"]["name"] == "unit" and document["vars"]["CI_JOB_NAME"] == "unit"
    assert "tests" in document["job_rows"] and "findings" not in document["job_rows"]
    assert document["version"] == 1 and document["run"]["number"] == 2
    assert lua(recorded, "record", "last").returncode == 0
    r = lua(recorded, "record", "2", "nobody")
    assert r.returncode != 0 and "nobody" in r.stderr
    r = lua(recorded, "record", "77")
    assert r.returncode != 0 and "77" in r.stderr
    assert lua(recorded, "record", "x").returncode == 2


def test_record_keeps_no_secret(project):
    project.write("pipe.yml", "a:\n  script: [echo a]\n")
    project.pipe("run", "--secret", "TOKEN=hunter2-hunter2")
    assert "hunter2" not in lua(project, "record", "1").stdout


def test_record_names_what_was_masked(project):
    project.write("pipe.yml", "lua: {allow: {secrets: [OTHER]}}\na: {script: ['true']}\n")
    project.pipe("run", "--secret", "TOKEN=hunter2-hunter2", "--secret", "OTHER=tulip-tulip")
    fixture = json.loads(lua(project, "record", "1", "a").stdout)
    assert sorted(fixture["masked"]) == ["OTHER", "TOKEN"] and not {"OTHER", "TOKEN"} & set(fixture["vars"])
    project.write("fixture.json", json.dumps(fixture))
    project.write("a_test.lua", """
it("knows a masked variable", function()
  local read = { text = "return ctx.vars.TOKEN == ''", fixture = "fixture.json" }
  assert.is_true(pipe.test.call(read).ok)
  read.allow = { secrets = { "OTHER" } }
  assert.contains("TOKEN", pipe.test.call(read).reason)
end)
""")
    r = lua(project, "test", "a_test.lua")
    assert r.returncode == 0, r.stdout
    r = lua(project, "repl", "1", stdin="ctx.vars.TOKEN\n")
    assert "not allowed" in r.stdout + r.stderr
    r = lua(project, "repl", "1", stdin="'is ' .. ctx.vars.OTHER .. '.'\n")
    assert "is ." in r.stdout


# ---- run ----

def test_run(project):
    project.write("s.lua", "pipe.log('hello') return { a = 1, run = ctx.run == nil, x = ctx.vars.X }")
    r = lua(project, "run", "s.lua", "--variable", "X=y")
    assert r.returncode == 0, r.stderr
    assert r.stdout.startswith("hello\n")
    assert json.loads(r.stdout.split("\n", 1)[1]) == {"a": 1, "run": True, "x": "y"}
    project.write("s.lua", "local function f()\n  error('broken')\nend\nf()\n")
    r = lua(project, "run", "s.lua")
    assert r.returncode == 1 and "s.lua:2: broken" in r.stderr and "in function 'f'" in r.stderr
    r = lua(project, "run", "gone.lua")
    assert r.returncode == 2 and "gone.lua" in r.stderr
    r = lua(project, "run", "s.lua", "--run", "5")
    assert r.returncode != 0


def test_run_with_grants(project):
    project.write("pipe.yml", "lua:\n  allow: { exec: [echo] }\na:\n  script: [echo a]\n")
    project.write("s.lua", "return pipe.exec({ 'echo', 'from the file' }).output")
    assert "from the file" in lua(project, "run", "s.lua").stdout
    project.write("s.lua", "return pipe.exec({ 'printf', '%s', 'x y' }).output")
    r = lua(project, "run", "s.lua")
    assert r.returncode == 1 and "allow" in r.stderr and "printf" in r.stderr
    assert "x y" in lua(project, "run", "s.lua", "--allow-exec", "printf").stdout
    project.write("pipe.yml", "a: {script: [echo a], nonsense: [}\n")
    r = lua(project, "run", "s.lua")
    assert r.returncode == 2 and "pipe lint" in r.stderr


# ---- repl ----

def test_repl(recorded):
    r = lua(recorded, "repl", "2", stdin="""x = ctx.evidence.tests.failed
x + 1
for t in ctx.evidence.tests() do
  print(t.name)
end
local y = 3
y
{ a = 1, "b" }
nonsense.field
error("on purpose")
ctx.run.number, "two"
""")
    assert r.returncode == 0, r.stderr
    lines = r.stdout.splitlines()
    assert lines[0] == "3" and set(lines[1:3]) == {"one", "two"}
    assert "nil" in lines and '{ "b", a = 1 }' in lines
    assert any("nonsense" in x for x in lines) and any("on purpose" in x for x in lines)
    assert lines[-2:] == ["2", '"two"']


def test_repl_survives_a_line_beyond_the_limits(recorded):
    r = lua(recorded, "repl", stdin="a = 1\nwhile true do end\na\n1 + 1\n", env={"PIPE_LUA_LIMITS": "cpu=100ms"})
    assert r.returncode == 0
    assert "processor time" in r.stdout and "globals are gone" in r.stdout
    assert r.stdout.splitlines()[-2:] == ["nil", "2"]


def test_repl_that_ends_in_a_statement(recorded):
    r = lua(recorded, "repl", stdin="for i = 1, 2 do\n")
    assert r.returncode == 1 and "has no end" in r.stderr


# ---- the operator ----

def test_bounds(project):
    project.write("s.lua", "while true do end")
    r = lua(project, "run", "s.lua", env={"PIPE_LUA_LIMITS": "cpu=50ms,memory=16MB,wall=1m,output=1MB"})
    assert r.returncode == 1 and "50 ms" in r.stderr
    for wrong in ("cpu", "cpu=fast", "speed=3", "memory=0", "memory=10", "cpu=5s;wall=1m", "cpu=0"):
        r = lua(project, "run", "s.lua", env={"PIPE_LUA_LIMITS": wrong})
        assert r.returncode == 2 and "PIPE_LUA_LIMITS" in r.stderr, (wrong, r.stderr)
    assert project.pipe("lint", env={"PIPE_LUA_LIMITS": "x=1"}).status == 2


def test_the_file_cannot_ask_for_more(project):
    project.write("pipe.yml", "lua:\n  limits: { cpu: 10s }\nhooks:\n  before_job: pipe.log('x')\na:\n  script: [echo a]\n")
    assert project.pipe("lint").status == 0
    r = project.pipe("lint", env={"PIPE_LUA_LIMITS": "cpu=5s"})
    assert r.status == 2 and "pipe.yml:2:" in r.text


# ---- the rest ----

def test_sub_commands(project):
    r = lua(project, "tset")
    assert r.returncode == 2 and 'did you mean "test"' in r.stderr
    r = lua(project, "record")
    assert r.returncode == 2 and "usage: pipe lua record RUN [JOB]" in r.stderr
    assert lua(project).returncode == 2


def test_annotations_and_reference(project):
    text = lua(project, "annotations").stdout
    assert text.startswith("---@meta") and "function pipe.http(" in text and "---@class pipe.Finding" in text
    assert "pipe.http" in lua(project, "reference").stdout


def test_examples():
    r = subprocess.run([str(BUILD / "pipe"), "lua", "test", "examples/lua"], cwd=ROOT, env=clean_env(os.environ["HOME"]), capture_output=True,
                       text=True, timeout=60, check=False)
    assert r.returncode == 0, r.stdout + r.stderr
