"""Lua in the language: rules, pipelines, hooks and types of stages as `pipe lint`, `plan` and `explain` have them."""
import shutil

import pytest

STAGE = """
return {
  help = "looks at files",
  parameters = {
    files = { type = "list", help = "globs of files", required = true },
    level = { type = "enum", values = { "low", "high" }, help = "how closely", default = "low" },
  },
  compile = function(ctx)
    return { steps = { { run = { "echo", ctx.with.level, table.concat(ctx.with.files, "+") } } } }
  end,
}
"""


def reasons(r):
    assert r.status == 0, r.err
    return {j["name"]: (j["included"], j["reason"]) for j in r.json["jobs"]}


def plan(project, *args):
    return reasons(project.pipe("plan", "--format", "json", *args))


# ---- rules ----

def test_a_rule_sees_variables_the_run_files_and_changes(project):
    project.write("docs/a.md", "x")
    project.commit("second")
    project.git("checkout", "-q", "-b", "topic")
    project.write("src/main.c", "int main;\n")
    project.commit("third")
    project.write("pipe.yml", """
variables: {MODE: nightly, OTHER: $MODE-run}
vars: {script: x, rules: [{lua: 'ctx.vars.OTHER == "nightly-run" and ctx.vars.NONE == nil'}]}
run: {script: x, rules: [{lua: 'ctx.run.branch == "topic" and ctx.run.source == "push" and ctx.run.number == nil'}]}
files: {script: x, rules: [{lua: 'pipe.exists("docs/a.md") and #pipe.glob("docs/*.md") == 1 and pipe.read("docs/a.md") == "x"'}]}
point: {script: x, rules: [{lua: 'ctx.point == "rule"'}]}
never:
  script: x
  rules:
    - if: $MODE == "nightly"
      lua: return false
    - lua: |
        -- more than one line
        return ctx.vars.MODE == "weekly"
""")
    r = plan(project)
    assert r["vars"] == (True, 'rule 1 matched: lua ctx.vars.OTHER == "nightly-run" and ctx.vars.NONE == nil')
    assert [r[name][0] for name in ("run", "files", "point", "never")] == [True, True, True, False]
    assert r["never"][1] == "no rule matched"


def test_changes_are_those_of_rules_changes(project):
    project.git("checkout", "-q", "-b", "topic")
    project.write("src/main.c", "int main;\n")
    project.commit("second")
    project.write("pipe.yml", """
yaml: {script: x, rules: [{changes: [src/*]}]}
lua:
  allow: {read: [/etc/ssl]}
same: {script: x, rules: [{lua: 'for _, path in ipairs(ctx.changes) do if path == "src/main.c" then return true end end return false'}]}
""")
    r = plan(project, "--as", "merge_request:main")
    assert r["yaml"][0] and r["same"][0]


def test_a_rule_with_a_module_and_one_in_a_file(project):
    project.write(".pipe/lua/team/days.lua", "local days = {}\nfunction days.quiet() return false end\nreturn days\n")
    project.write("ci/near.lua", "return { yes = true }\n")
    project.write("ci/rule.lua", 'local days, near = require "team.days", require "near"\nreturn near.yes and not days.quiet()\n')
    project.write("pipe.yml", "a: {script: x, rules: [{lua: ci/rule.lua}]}\n")
    assert plan(project)["a"] == (True, "rule 1 matched: lua ci/rule.lua")


@pytest.mark.parametrize("name", ["../secret", "..secret", "/etc/passwd", "a/../../b", ""])
def test_modules_never_lead_out(project, name):
    (project.path.parent / "secret.lua").write_text("return true\n")
    project.write("pipe.yml", f"a: {{script: x, rules: [{{lua: 'require(\"{name}\")'}}]}}\n")
    r = project.pipe("lint")
    assert r.status == 2 and "error: the condition cannot be answered: " in r.err


def test_a_module_through_a_link_out_of_the_project(project):
    (project.path.parent / "secret.lua").write_text("return true\n")
    (project.path / ".pipe" / "lua").mkdir(parents=True)
    (project.path / ".pipe" / "lua" / "secret.lua").symlink_to(project.path.parent / "secret.lua")
    project.write("pipe.yml", "a: {script: x, rules: [{lua: 'require \"secret\"'}]}\n")
    r = project.pipe("lint")
    assert r.status == 2 and "leaves the project through a symbolic link" in r.err


def test_a_rule_is_held_to_its_limits_and_grants(project):
    project.write("pipe.yml", """
lua: {limits: {cpu: 100ms}}
a: {script: x, rules: [{lua: 'while true do end'}]}
b: {script: x, rules: [{lua: 'pipe.sleep(1)'}]}
c: {script: x, rules: [{lua: 'pipe.exec { "helm" }'}]}
""")
    r = project.pipe("lint")
    assert r.status == 2
    assert "pipe.yml:3:30: error: the condition cannot be answered: it used more than 100 ms of processor time" in r.err
    assert "a rule cannot wait" in r.err
    assert "lua: {allow: {exec: [helm]}}" in r.err


def test_workflow_and_include_rules(project):
    project.write("more.yml", "more: {script: x}\n")
    project.write("pipe.yml", """
include:
  - {local: more.yml, rules: [{lua: 'ctx.vars.WITH == "more"'}]}
workflow: {rules: [{lua: 'ctx.vars.WITH ~= "nothing"'}]}
a: {script: x}
""")
    assert set(plan(project)) == {"a"}
    assert set(plan(project, "--variable", "WITH=more")) == {"a", "more"}
    assert plan(project, "--variable", "WITH=nothing")["a"] == (False, "workflow:rules: no rule matched")


# ---- pipelines ----

MONOREPO = """
local pipeline = { stages = { "build", "test" } }
for _, path in ipairs(pipe.glob("services/*/Makefile")) do
  local name = path:match("services/(.-)/")
  pipeline["build " .. name] = { stage = "build", script = { "make -C services/" .. name } }
  pipeline["test " .. name] = { stage = "test", needs = { "build " .. name }, script = { "true" } }
end
return pipeline
"""


def test_a_pipeline_is_found_read_and_run(project):
    project.write("services/api/Makefile", "all:\n\techo built api\n")
    project.write("services/shop/Makefile", "all:\n\techo built shop\n")
    project.write("pipeline.lua", MONOREPO)
    assert set(plan(project)) == {"build api", "build shop", "test api", "test shop"}
    r = project.pipe("run")
    assert r.status == 0, r.err
    assert "4 passed" in r.out + r.err
    shown = project.pipe("show", "--definition")
    assert "make -C services/api" in shown.out, "what was run is kept as it was made"


def test_the_order_of_default_files(project):
    project.write(".gitlab-ci.yml", "gitlab: {script: x}\n")
    assert set(plan(project, "--file", ".gitlab-ci.yml")) == {"gitlab"}
    project.write("pipeline.lua", "return { lua = { script = 'x' } }\n")
    assert set(plan(project)) == {"lua"}, "a job may be called so"
    project.write("pipeline.lua", "return { own = { script = 'x' } }\n")
    assert set(plan(project)) == {"own"}
    project.write("pipeline.yml", "yaml: {script: x}\n")
    assert set(plan(project)) == {"yaml"}
    assert set(plan(project, "--file", "pipeline.lua")) == {"own"}


def test_an_included_pipeline_gets_arguments_and_includes_more(project):
    project.write("ci/jobs.lua", """
local jobs = { include = { "more.yml" } }
for i = 1, ctx.with.count do jobs[ctx.with.name .. i] = { extends = ".base", script = "x" } end
return jobs
""")
    project.write("more.yml", ".base: {stage: deploy}\nmore: {script: x}\n")
    project.write("pipe.yml", "include: [{lua: ci/jobs.lua, with: {count: 2, name: job}}]\nown: {script: x}\n")
    r = project.pipe("plan", "--format", "json")
    assert r.status == 0, r.err
    assert {j["name"]: j["stage"] for j in r.json["jobs"]} == {"job1": "deploy", "job2": "deploy", "more": "test", "own": "test"}


def test_errors_point_into_the_lua_file(project):
    project.write("pipeline.lua", "local jobs = {}\njobs.build = {\n  scirpt = 'x',\n}\njobs.test = { script = 'x', stage = 'tset' }\nreturn jobs\n")
    r = project.pipe("lint")
    assert r.status == 2
    assert "pipeline.lua:3:3: error: a job has no keyword \"scirpt\"" in r.err
    assert "pipeline.lua:5:37: error: there is no stage \"tset\"" in r.err


def test_a_retry_goes_by_the_files_as_they_are(project):
    project.write("pipeline.lua", "return { a = { script = 'exit 1' } }\n")
    assert project.pipe("run").status == 1
    project.write("pipeline.lua", "return { a = { script = 'true' } }\n")
    r = project.pipe("retry")
    assert r.status == 0, r.err


# ---- types of stages ----

def test_a_type_of_a_team(project):
    project.write("stages/look.lua", STAGE)
    project.write("pipe.yml", "look: {uses: ./stages/look.lua, with: {files: [a, b]}}\n")
    r = project.pipe("run", "--format", "json")
    assert r.status == 0, r.err
    assert "low a+b" in r.out
    page = project.pipe("explain", "./stages/look.lua").out
    assert "uses: ./stages/look.lua" in page and "looks at files" in page and "how closely" in page and "needed" in page
    page = project.pipe("explain", "./stages/look.lua:level").out
    assert "low or high" in page and "Default" in page
    assert "uses: ./stages/look.lua" in project.pipe("explain", "look").out


def test_a_type_of_a_team_is_checked(project):
    project.write("stages/look.lua", STAGE)
    project.write("pipe.yml", "a: {uses: ./stages/look.lua, with: {file: [a]}}\nb: {uses: ./stages/look.lua, with: {files: [a], level: hgih}}\nc: {uses: ./stages/look.lua}\n")
    r = project.pipe("lint")
    assert r.status == 2
    assert 'pipe.yml:1:37: error: "with" has no parameter "file"' in r.err and 'did you mean "files"?' in r.err
    assert 'pipe.yml:2:56: error: "with:level" takes low or high' in r.err and 'did you mean "high"?' in r.err
    assert 'pipe.yml:3:11: error: "with" needs "files"' in r.err


def test_a_type_that_is_none(project):
    project.write("pipe.yml", "a: {uses: ./stages/look.lua}\n")
    for text in ("return {}", "return 5", "error('no')", "return { compile = 1 }", "return { compile = function() end, parameters = { a = { type = 'txt' } } }"):
        project.write("stages/look.lua", text + "\n")
        r = project.pipe("lint")
        assert r.status == 2, text
        assert "look.lua" in r.err, r.err
    assert project.pipe("explain", "./stages/look.lua").status != 0
    assert project.pipe("explain", "./stages/none.lua").status != 0


# ---- what it costs ----

@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_a_file_without_lua_loads_none(project):
    import subprocess
    from conftest import BUILD

    def opened(name, text):
        project.write(name, text)
        r = subprocess.run(["strace", "-f", "-e", "trace=open,openat", str(BUILD / "pipe"), "plan", "--file", name],
                           cwd=project.path, env={**project.env, "ASAN_OPTIONS": "detect_leaks=0"},  # leaks cannot be looked for below strace
                           capture_output=True, text=True, timeout=60)
        assert r.returncode == 0, r.stderr
        return [line for line in r.stderr.splitlines() if "liblua" in line and "ENOENT" not in line]

    assert not opened("plain.yml", "a: {script: x, rules: [{if: $CI}, {when: always}]}\n")
    assert opened("lua.yml", "a: {script: x, rules: [{lua: 'true'}]}\n")
