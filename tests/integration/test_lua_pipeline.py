"""Pipelines that Lua files make: `--file pipeline.lua`, `include: [{lua: ...}]`, and errors that point into the Lua file."""
import json

import pytest

JOBS = """\
local jobs = { stages = { "build", "test" } }

for _, service in ipairs { "shop", "mail" } do
	jobs["build " .. service] = { stage = "build", script = { "echo make " .. service } }
	jobs["test " .. service] = {
		stage = "test",
		needs = { "build " .. service },
		script = { "echo check " .. service, "test $MODE = yes" },
		variables = { MODE = "yes" },
	}
end
return jobs
"""


def plan(project, *args, **more):
    return project.pipe("plan", "--format", "json", *args, **more)


def names(r):
    return [job["name"] for job in r.json["jobs"]]


def test_a_pipeline_in_lua_is_planned_and_run(project):
    project.write("ci/pipeline.lua", JOBS)
    r = plan(project, "--file", "ci/pipeline.lua")
    assert names(r) == ["build mail", "build shop", "test mail", "test shop"]
    r = project.pipe("run", "--file", "ci/pipeline.lua", "--format", "json")
    assert r.status == 0, r.text
    assert r.jobs == {"build mail": "success", "build shop": "success", "test mail": "success", "test shop": "success"}
    assert "check mail" in r.lines("test mail")


def test_it_is_found_by_its_name(project):
    project.write("pipeline.lua", "return { only = { script = { 'true' } } }")
    assert names(plan(project)) == ["only"]
    project.write("pipeline.yml", "yaml: {script: ['true']}\n")
    assert names(plan(project)) == ["yaml"], "a YAML file comes first"


def test_jobs_stand_as_they_were_written(project):
    project.write("pipeline.lua", "return { zeta = { script = 'z' }, alpha = { script = 'a' }, mid = { script = 'm' } }")
    assert names(plan(project)) == ["zeta", "alpha", "mid"]


def test_an_included_file_adds_its_jobs(project):
    project.write("ci/jobs.lua", JOBS)
    project.write(".gitlab-ci.yml", "include:\n  - lua: ci/jobs.lua\nlint: {stage: build, script: ['true']}\n")
    assert sorted(names(plan(project))) == ["build mail", "build shop", "lint", "test mail", "test shop"]


def test_yaml_and_lua_extend_each_other(project):
    project.write("ci/jobs.lua", "return { ['.base'] = { script = { 'echo base' } }, two = { extends = '.more' } }")
    project.write(".gitlab-ci.yml", "include: [{lua: ci/jobs.lua}]\none: {extends: .base}\n.more: {script: [echo more]}\n")
    r = project.pipe("run", "--format", "json")
    assert r.status == 0, r.text
    assert "base" in r.lines("one") and "more" in r.lines("two")


MONOREPO = """\
-- A job for each service that has a Makefile; what they share is a module.
local services = require "services"
local pipeline = { stages = { "build", "deploy" } }

for _, path in ipairs(pipe.glob("services/*/Makefile")) do
	local name = path:match("^services/([^/]+)/")
	pipeline["build " .. name] = services.job(name)
end
pipeline.deploy = { stage = "deploy", script = { "echo deploy" } }
return pipeline
"""
SERVICES = """\
local M = {}
function M.job(name)
	return {
		stage = "build",
		script = { "make -C services/" .. name },
		rules = { { changes = { "services/" .. name .. "/**" } } },
	}
end
return M
"""


@pytest.fixture
def monorepo(project):
    for name in ("cart", "mail", "shop"):
        project.write(f"services/{name}/Makefile", f"all:\n\t@echo built {name}\n")
    project.write("services/README.md", "no service\n")
    project.write("ci/pipeline.lua", MONOREPO)
    project.write("ci/services.lua", SERVICES)
    return project


def test_a_monorepo_makes_its_own_jobs(monorepo):
    assert names(plan(monorepo, "--file", "ci/pipeline.lua")) == ["build cart", "build mail", "build shop", "deploy"]
    r = monorepo.pipe("run", "--file", "ci/pipeline.lua", "--format", "json")
    assert r.status == 0, r.text
    assert any("built mail" in line for line in r.lines("build mail"))


def test_a_new_service_is_a_new_job(monorepo):
    monorepo.write("services/user/Makefile", "all:\n\t@true\n")
    assert "build user" in names(plan(monorepo, "--file", "ci/pipeline.lua"))


# ---- what is wrong ----


def lint(project, text, name="pipeline.lua"):
    project.write(name, text)
    r = project.pipe("lint", "--file", name)
    assert r.status == 2, r.text
    return r.text


def test_an_unknown_keyword_has_a_caret(project):
    said = lint(project, 'return {\n  build = {\n    scrpt = { "make" },\n  },\n}\n')
    assert ('pipeline.lua:3:5: error: a job has no keyword "scrpt"\n'
            '     3 |     scrpt = { "make" },\n'
            '       |     ^~~~~\n'
            '   hint: did you mean "script"?\n') in said


def test_a_wrong_value_has_a_caret(project):
    said = lint(project, 'return { build = { script = "x", when = "sometimes" } }\n')
    assert 'pipeline.lua:1:41: error: "when" takes' in said
    assert f"       | {' ' * 40}^~~~~~~~~~~\n" in said


def test_what_a_loop_makes_has_the_place_of_its_table(project):
    said = lint(project, JOBS.replace("{ \"build \" .. service }", "{ \"biuld \" .. service }"))
    assert 'pipeline.lua:7:13: error: "test mail" needs "biuld mail", and there is no such job\n' in said
    assert 'hint: did you mean "build mail"?' in said


def test_a_function_is_no_value(project):
    said = lint(project, "return { build = { script = tostring } }\n")
    assert 'pipeline.lua:1:29: error: "script" is a function' in said and "hint: texts, numbers" in said


def test_what_is_no_lua_has_a_caret(project):
    said = lint(project, "return {\n  a = 1\n  b = 2\n}\n")
    assert 'pipeline.lua:3:3: error: "}" is missing: it closes "{" of line 1' in said


def test_an_error_says_who_called(project):
    said = lint(project, "local function job(name)\n  return { script = name.script .. 'x' }\nend\nreturn {\n  a = job(nil),\n}\n")
    assert "pipeline.lua:2:3: error: attempt to index a nil value (local 'name')" in said
    assert "pipeline.lua:5:3: called from here" in said


def test_an_error_in_a_module_names_it(project):
    project.write("ci/broken.lua", "local M = {}\nfunction M.job()\n  error('no such service')\nend\nreturn M\n")
    said = lint(project, "local broken = require 'broken'\nreturn { a = broken.job() }\n", "ci/pipeline.lua")
    assert "ci/pipeline.lua:2:1: error: ci/broken.lua:3: no such service" in said


def test_a_script_that_never_ends_is_stopped(project):
    said = lint(project, "while true do end\n")
    assert "pipeline.lua:1:1: error: " in said and "processor time" in said


GRANTED = """
include: [{lua: pipeline.lua}]
lua:
  allow: {read: [%s], secrets: [TOKEN]}
  limits: {cpu: 300ms}
"""


def test_the_including_file_grants(project, tmp_path):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "list").write_text("one\ntwo\n")
    script = f"""
local jobs = {{}}
for name in pipe.read("{tmp_path}/names/list"):gmatch("%a+") do jobs[name .. #ctx.vars.TOKEN] = {{ script = "true" }} end
return jobs
"""
    project.write("pipeline.lua", script)
    r = plan(project, "--file", "pipeline.lua", "--secret", "TOKEN=12345")
    assert r.status == 2 and "not allowed" in r.err, r.text
    project.write(".pipe.yml", GRANTED % (tmp_path / "names"))
    r = plan(project, "--secret", "TOKEN=12345")
    assert names(r) == ["one5", "two5"], r.text
    r = project.pipe("run", "--secret", "TOKEN=12345", "--format", "json")
    assert r.jobs == {"one5": "success", "two5": "success"}, r.text


def test_the_including_file_sets_the_limits(project):
    project.write("pipeline.lua", "while true do end")
    project.write(".pipe.yml", GRANTED % "/etc")
    r = plan(project)
    assert r.status == 2 and "300" in r.err and "processor time" in r.err, r.text
    project.write(".pipe.yml", GRANTED.replace("300ms", "100s") % "/etc")
    r = plan(project, env={"PIPE_LUA_LIMITS": "cpu=1s"})
    assert r.status == 2 and "more than this machine allows" in r.err, r.text


def test_no_included_file_grants_itself_anything(project):
    project.write("pipeline.lua", "return { lua = { allow = { read = { '/etc' } } }, a = { script = pipe.read('/etc/passwd') } }")
    project.write("more.yml", "include: [{lua: pipeline.lua}]\nlua: {allow: {read: [/etc]}}\n")
    project.write(".pipe.yml", "include: [more.yml]\n")
    for arguments in [(), ("--file", "pipeline.lua")]:
        r = plan(project, *arguments)
        assert r.status == 2 and "not allowed" in r.err, r.text
    project.write(".pipe.yml", "include: [{lua: pipeline.lua}]\n.names: [/etc]\nlua: {allow: {read: !reference [.names]}}\n")
    assert plan(project).status == 2


def test_it_cannot_wait(project):
    said = lint(project, "pipe.sleep(1)\nreturn {}\n")
    assert "pipeline.lua:1:1: error: " in said and "cannot wait" in said


def test_nothing_returned_is_said(project):
    said = lint(project, "local x = 1\n")
    assert "the file returns nothing" in said and "return { ... }" in said


def test_an_included_file_says_where_it_was_included(project):
    project.write("ci/jobs.lua", "return { build = { scrpt = 'x' } }\n")
    project.write(".gitlab-ci.yml", "include:\n  - lua: ci/jobs.lua\nok: {script: ['true']}\n")
    r = project.pipe("lint")
    assert r.status == 2
    assert 'ci/jobs.lua:1:20: error: a job has no keyword "scrpt"' in r.text
    assert ".gitlab-ci.yml:2:10: included from here" in r.text


def test_diagnostics_as_json_name_the_lua_file(project):
    project.write("pipeline.lua", "return { build = { script = print } }\n")
    r = project.pipe("lint", "--format", "json", "--file", "pipeline.lua")
    one = json.loads(r.out)["diagnostics"][0]
    assert (one["file"], one["line"], one["column"], one["code"]) == ("pipeline.lua", 1, 29, "lua-value")


def test_warnings_are_shown_and_change_nothing(project):
    project.write("pipeline.lua", "pipe.warn('no services were found')\nreturn { a = { script = { 'true' } } }\n")
    r = project.pipe("lint", "--file", "pipeline.lua")
    assert r.status == 0 and "warning: no services were found" in r.text
