"""A script that is one simple command runs without a shell; nobody can tell, whatever the shell is."""
import os
import pathlib

import pytest

JOB_S_OWN = {"CI_JOB_ID", "CI_JOB_NAME", "CI_JOB_NAME_SLUG", "CI_JOB_GROUP_NAME", "PIPE_JOB", "PIPE_TASK", "CI_JOB_STARTED_AT", "CI_JOB_URL"}


def run(project, shell, **jobs):
    project.write(".gitlab-ci.yml", "default: {shell: %s}\n" % shell + "".join(f"{name}: {{script: ['{text}']}}\n" for name, text in jobs.items()))
    return project.pipe("run", "--format", "json")


def environment(result, job):
    return {line.split("=", 1)[0]: line for line in result.lines(job) if line.split("=", 1)[0] not in JOB_S_OWN}


@pytest.fixture
def programs(project):
    """A directory of programs of its own at the head of PATH."""
    where = project.path / "bin"
    where.mkdir()
    project.env["PATH"] = f"{where}:{project.env.get('PATH', os.environ['PATH'])}"

    def make(name, text):
        file = pathlib.Path(where / name)
        file.write_text(text)
        file.chmod(0o755)
    return make


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_environment_is_that_of_the_shell(project, shell):
    r = run(project, shell, direct="env", through="env | cat")
    direct, through = environment(r, "direct"), environment(r, "through")
    direct.pop("_", None), through.pop("_", None)
    assert direct == through and "PWD" in direct


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_no_shell_is_started(project, programs, shell):
    programs("parent", "#!/bin/sh\nps -o comm= -p $PPID\n")
    r = run(project, shell, direct="parent", through="parent | cat")
    assert r.lines("direct") == ["pipe"]
    assert r.lines("through") == [shell]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_what_needs_a_shell_gets_one(project, programs, shell):
    programs("plain", "echo no first line\n")
    programs("echo", "#!/bin/sh\nexit 3\n")
    programs("words", '#!/bin/sh\nprintf "<%s>" "$@"\n')
    r = run(project, shell, noexec="plain", builtin="echo builtin", missing="nosuchprogram a b", words="words a  b   c", tilde="words ~",
            glob="words *.none", status="false")
    assert r.lines("noexec") == ["no first line"]
    assert r.lines("builtin") == ["builtin"]
    assert "nosuchprogram" in r.lines("missing")[0] and "not found" in r.lines("missing")[0]
    assert r.lines("words") == ["<a><b><c>"]
    assert r.lines("tilde") != ["<~>"]
    assert r.lines("glob") == ["<*.none>"]
    codes = {e["job"]: e["exit_code"] for e in r.events if e["event"] == "job_finished"}
    assert codes == {"noexec": 0, "builtin": 0, "missing": 127, "words": 0, "tilde": 0, "glob": 0, "status": 1}


def test_functions_and_start_files_of_bash_are_honoured(project):
    project.write("start.sh", "env() { echo mine; }\n")
    r = project.pipe  # with a start file every command may be a function
    project.write(".gitlab-ci.yml", "a: {shell: bash, script: [env]}\n")
    assert r("run", "--format", "json", env={"BASH_ENV": str(project.path / "start.sh")}).lines("a") == ["mine"]
    assert r("run", "--format", "json", env={"BASH_FUNC_env%%": "() { echo exported; }"}).lines("a") == ["exported"]


def test_a_program_that_a_signal_ends(project, programs):
    programs("suicide", "#!/bin/sh\nkill -9 $$\n")
    r = run(project, "sh", direct="suicide")
    assert r.jobs == {"direct": "failed"}
    assert next(e["exit_code"] for e in r.events if e["event"] == "job_finished") == 137
