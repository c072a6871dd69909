"""The host programs of examples/embed, built against the installed library as a stranger would, with the shared and the static one."""
import os
import subprocess

import pytest

from conftest import BUILD, ROOT, clean_env
from test_install import make

PIPELINE = """
one:
  script: [echo one, sleep 0.2]
two:
  parallel: 3
  script: [echo two]
three:
  stage: deploy
  script: [test "$WHO" = {who}]
variables:
  WHO: {who}
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    make("install", f"PREFIX={prefix}")
    return prefix


def sanitizers():
    """A library that was built with sanitizers wants a program that is."""
    names = subprocess.run(["nm", BUILD / "libpipe.a"], capture_output=True, text=True, check=False).stdout
    return ["-fsanitize=address,undefined"] if "__asan_" in names else []


def build(prefix, name, linked, where, source=None):
    env = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = ["--static"] if linked == "static" else []
    ask = lambda *what: subprocess.run(["pkg-config", *what], env=env, capture_output=True, text=True, check=True).stdout.split()
    libs = ask("--libs", *flags, "libpipe", "libuv")
    if linked == "static":
        libs = [f"{prefix}/lib/libpipe.a" if lib == "-lpipe" else lib for lib in libs]
    program = where / name
    r = subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", *sanitizers(), source or ROOT / "examples" / "embed" / f"{name}.c", "-o", program,
                        *ask("--cflags", "libpipe", "libuv"), *libs, "-lpthread"], capture_output=True, text=True, check=False)
    assert r.returncode == 0, r.stderr
    return program


@pytest.fixture
def projects(tmp_path):
    found = []
    for who in ("first", "second"):
        path = tmp_path / who
        path.mkdir()
        (path / "pipe.yml").write_text(PIPELINE.format(who=who))
        found.append(path)
    return found


def drive(program, prefix, home, *args):
    env = {**clean_env(home), "LD_LIBRARY_PATH": str(prefix / "lib")}
    return subprocess.run([program, *args], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("linked", ["shared", "static"])
def test_two_threads(prefix, projects, tmp_path, linked):
    program = build(prefix, "embed", linked, tmp_path)
    used = subprocess.run(["ldd", program], capture_output=True, text=True, check=True, env={**os.environ, "LD_LIBRARY_PATH": f"{prefix}/lib"}).stdout
    assert ("libpipe.so" in used) == (linked == "shared")
    r = drive(program, prefix, tmp_path, *projects)
    assert r.returncode == 0, r.stdout + r.stderr
    expected = sorted(f"{p}: {job} success" for p in projects for job in ("one", "two 1/3", "two 2/3", "two 3/3", "three"))
    assert sorted(r.stdout.splitlines()) == expected
    assert r.stderr == ""


def test_each_keeps_its_own_history(prefix, projects, tmp_path):
    program = build(prefix, "embed", "shared", tmp_path)
    for _ in range(2):
        assert drive(program, prefix, tmp_path, *projects).returncode == 0
    for path in projects:
        out = subprocess.run([BUILD / "pipe", "history", "--format", "json"], cwd=path, env=clean_env(tmp_path), capture_output=True, text=True, check=True).stdout
        assert out.count('"success"') == 2


def test_a_failure_and_a_broken_file(prefix, projects, tmp_path):
    program = build(prefix, "embed", "shared", tmp_path)
    (projects[0] / "pipe.yml").write_text("job:\n  script: ['false']\n")
    (projects[1] / "pipe.yml").write_text("job:\n  scirpt: ['true']\n")
    r = drive(program, prefix, tmp_path, *projects)
    assert r.returncode != 0
    assert f"{projects[0]}: job failed" in r.stdout
    assert "pipe.yml:2:3" in r.stderr


@pytest.mark.parametrize("linked", ["shared", "static"])
def test_a_loop_of_the_host(prefix, projects, tmp_path, linked):
    program = build(prefix, "loop", linked, tmp_path)
    r = drive(program, prefix, tmp_path, *projects)
    assert r.returncode == 0, r.stdout + r.stderr
    lines = r.stdout.splitlines()
    assert sorted(line for line in lines if line.endswith("success")) == sorted(f"{p}: run 1: success" for p in projects)
    assert any("pipelines go on" in line for line in lines), "the host's own timer did not run beside them"


def test_a_loop_with_a_failure(prefix, projects, tmp_path):
    program = build(prefix, "loop", "shared", tmp_path)
    (projects[1] / "pipe.yml").write_text("job:\n  script: ['false']\n")
    r = drive(program, prefix, tmp_path, *projects, tmp_path / "nowhere")
    assert r.returncode == 1
    assert f"{projects[0]}: run 1: success" in r.stdout and f"{projects[1]}: run 1: failed" in r.stdout
    assert "nowhere" in r.stderr and "left on the loop" not in r.stderr


GATED = """
lua:
  limits: {{ cpu: {cpu} }}
deploy:
  script: [echo deployed]
  hooks:
    gate: |
      local q = host.quota("{team}")
      host.remember("asked", {{ team = q.team, list = {{ 1, 2 }} }})
      {more}
      return q.deploys > 0, "no deploys are left for " .. q.team
"""


@pytest.mark.parametrize("linked", ["shared", "static"])
def test_functions_and_limits_for_lua(prefix, tmp_path, linked):
    program = build(prefix, "lua", linked, tmp_path)
    env = {**clean_env(tmp_path), "LD_LIBRARY_PATH": str(prefix / "lib")}
    path = tmp_path / "project"
    path.mkdir()

    def run(team="core", cpu="400ms", more=""):
        (path / "pipe.yml").write_text(GATED.format(team=team, cpu=cpu, more=more))
        return subprocess.run([program, path], env=env, capture_output=True, text=True, timeout=60, check=False)

    r = run()
    assert r.returncode == 0, r.stdout + r.stderr
    assert "deploy success" in r.stdout
    assert 'asked 1 times, told 1 times: ["asked",{' in r.stdout and '"list":[1,2]' in r.stdout
    r = run(team="other")
    assert r.returncode == 1 and "no deploys are left for other" in r.stdout
    r = run(team="NOBODY")  # an error of the host is one of the script
    assert r.returncode == 1 and "host.quota wants the name of a team" in r.stdout
    r = run(more="while true do end")
    assert r.returncode == 1 and "400 ms" in r.stdout
    r = run(cpu="5s")  # more than this host allows
    assert r.returncode == 1 and "pipe.yml:3:" in r.stderr


WRONG_USE = r"""
#include <pipe.h>
#include <stdio.h>

#define SAY(call) printf("%d %s\n", (call), err.text)

static int drop(void *payload, const char *data, size_t length)
{
	(void)payload, (void)data, (void)length;
	return 0;
}

int main(int argc, char **argv)
{
	pipe_project_options where = PIPE_PROJECT_OPTIONS_INIT, no_project = { 0 };
	pipe_plan_options no_plan = { 0 };
	pipe_run_options no_run = { 0 };
	pipe_view_options no_view = { 0 };
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	pipe_run *run = NULL;
	pipe_error err = { 0 };

	where.directory = argc > 1 ? argv[1] : NULL;
	SAY(pipe_project_open(&project, &no_project, &err));
	SAY(pipe_plan_load(&plan, NULL, NULL, &err));
	if (pipe_project_open(&project, &where, &err))
		return 1;
	SAY(pipe_plan_load(&plan, project, &no_plan, &err));
	SAY(pipe_run_start(&run, project, NULL, NULL, &err));
	if (pipe_plan_load(&plan, project, NULL, &err))
		return 1;
	SAY(pipe_run_start(&run, project, plan, &no_run, &err));
	SAY(pipe_plan_view(plan, PIPE_VIEW_SCHEMA, &no_view, drop, NULL, &err));
	pipe_run_free(run);
	pipe_plan_free(plan);
	pipe_project_free(project);
	return 0;
}
"""


def test_wrong_use_is_an_error_and_no_crash(prefix, tmp_path, projects):
    source = tmp_path / "wrong.c"
    source.write_text(WRONG_USE)
    program = build(prefix, "wrong", "shared", tmp_path, source)
    env = {**clean_env(tmp_path), "LD_LIBRARY_PATH": str(prefix / "lib")}
    r = subprocess.run([program, projects[0]], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert r.returncode == 0, (r.returncode, r.stdout, r.stderr)
    unversioned = "-4 pipe_{}_options has the version 0; this library knows 1".format
    assert r.stdout.splitlines() == [unversioned("project"), "-4 a plan needs a project", unversioned("plan"),
                                     "-4 a run needs a project and a plan", unversioned("run"), unversioned("view")]
