"""Running: scripts, order, failures, retries, and what comes out of them."""
import subprocess
import time

from conftest import BUILD


def test_two_jobs_in_order(project):
    r = project.run("stages: [one, two]\nb: {stage: two, script: [cat made]}\na: {stage: one, script: [echo hello > made]}\n")
    assert r.status == 0, r.text
    assert r.jobs == {"a": "success", "b": "success"}
    assert r.lines("b") == ["hello"]


def test_the_failure_is_told_with_its_exit_code(project):
    r = project.run("bad: {script: [echo before, exit 7, echo after]}\n")
    assert r.status == 1
    assert r.lines("bad") == ["before"]
    end = [e for e in r.events if e["event"] == "job_finished"][0]
    assert (end["status"], end["exit_code"], end["failure"]) == ("failed", 7, "script_failure")
    assert "exit code 7" in end["reason"]


def test_before_script_and_script_share_a_shell_and_after_script_does_not(project):
    r = project.run("""
a:
  before_script: [cd /tmp, "f() { echo from f; }", export X=1]
  script: [pwd, f, 'echo "X=$X $CI_JOB_STATUS"']
  after_script: ['echo "X=$X $CI_JOB_STATUS"', 'test "$PWD" = "$CI_PROJECT_DIR" && echo home']
""")
    assert r.status == 0, r.text
    assert r.lines("a") == ["/tmp", "from f", "X=1 running", "X= success", "home"]


def test_pipefail_and_lists(project):
    r = project.run("""
pipe: {script: ["false | cat", "echo not here"]}
list: {script: ["false && true"]}
zero: {script: ["exit 0", "false"]}
missing: {script: [no-such-program-here]}
syntax: {script: ["if"]}
killed: {script: ["kill -9 $$"]}
""")
    codes = {e["job"]: e["exit_code"] for e in r.events if e["event"] == "job_finished"}
    assert codes == {"pipe": 1, "list": 0, "zero": 0, "missing": 127, "syntax": 2, "killed": 137}
    assert r.lines("pipe") == []


def test_a_job_starts_the_moment_its_needs_allow(project):
    r = project.run("""
stages: [a, b]
quick: {stage: a, script: ["true"]}
slow: {stage: a, script: [sleep 1.5]}
next: {stage: b, needs: [quick], script: ["true"]}
""", "--jobs", "2")
    at = {(e["event"], e["job"]): e["time"] for e in r.events if "job" in e}
    assert at["job_finished", "next"] < at["job_finished", "slow"]


def test_stages_stop_after_a_failure_and_cleanup_still_runs(project):
    r = project.run("""
stages: [a, b, c]
bad: {stage: a, script: ["false"]}
sibling: {stage: a, script: ["true"]}
next: {stage: b, script: ["true"]}
on_fail: {stage: b, when: on_failure, script: [echo cleaning]}
always: {stage: c, when: always, script: ["true"]}
allowed: {stage: a, script: ["false"], allow_failure: true}
code: {stage: a, script: ["exit 3"], allow_failure: {exit_codes: [3]}}
free: {stage: c, needs: [], script: ["true"]}
""")
    assert r.status == 1
    assert r.jobs == {"bad": "failed", "sibling": "success", "next": "skipped", "on_fail": "success", "always": "success",
                      "allowed": "warning", "code": "warning", "free": "success"}


def test_retry_by_cause_and_exit_code(project):
    r = project.run("""
flaky: {retry: 2, script: ["echo x >> tries", "test $(wc -l < tries) -ge 3"]}
never: {retry: {max: 2, when: runner_system_failure}, script: ["echo x >> tries2", "false"]}
coded: {retry: {max: 1, exit_codes: 9}, script: ["echo x >> tries3", "exit 9"]}
""")
    assert r.jobs == {"flaky": "success", "never": "failed", "coded": "failed"}
    assert [len(project.read(f).split()) for f in ("tries", "tries2", "tries3")] == [3, 1, 2]
    assert sum(e["event"] == "job_retry" for e in r.events) == 3


def test_timeout_ends_everything_the_job_started(project):
    started = time.time()
    r = project.run("slow: {timeout: 1 second, script: ['sleep 300 & echo $! > pid; sleep 300'], after_script: [echo after]}\n")
    assert time.time() - started < 10
    end = [e for e in r.events if e["event"] == "job_finished"][0]
    assert (end["status"], end["failure"]) == ("failed", "job_execution_timeout")
    assert "after" in r.lines("slow")
    assert not alive(project.read("pid"))


def test_a_daemon_does_not_outlive_its_job(project):
    r = project.run("d: {script: ['setsid sh -c \"sleep 300.75\" >/dev/null 2>&1 & sleep 0.2; pgrep -f \"sleep 300.75\" > pids || true; echo ok']}\n")
    assert r.status == 0, r.text
    assert not any(alive(p) for p in project.read("pids").split())


def test_environment(project):
    r = project.run("""
variables: {A: global, B: "$A-b"}
j:
  variables: {A: job}
  script: ['echo "$A $B $CI $CI_JOB_NAME $CI_JOB_STAGE $CI_COMMIT_BRANCH $FROM_HOST"', 'pwd']
""", env={"FROM_HOST": "yes"})
    assert r.lines("j") == ["job job-b true j test main yes", str(project.path)]


def test_dotenv_goes_along_artifact_edges(project):
    r = project.run("""
stages: [a, b]
make: {stage: a, script: ['echo "V=1 2" > d.env'], artifacts: {reports: {dotenv: d.env}}}
take: {stage: b, script: ['echo "[$V]"']}
none: {stage: b, needs: [], script: ['echo "[$V]"']}
""")
    assert r.lines("take") == ["[1 2]"]
    assert r.lines("none") == ["[]"]


def test_coverage_is_kept(project):
    project.run("c: {coverage: '/total: (\\d+\\.\\d+)%/', script: ['echo total: 81.25%']}\n")
    shown = project.pipe("show", "--format", "json").json
    assert shown["jobs"][0]["coverage"] == 81.25


def test_manual_jobs_wait_and_may_be_named(project):
    yaml = "stages: [a, b]\nm: {stage: a, when: manual, script: [echo clicked]}\nn: {stage: b, script: [echo next]}\n"
    assert project.run(yaml).jobs == {"m": "manual", "n": "success"}
    assert project.run(yaml, "--manual", "m").jobs == {"m": "success", "n": "success"}


def test_a_blocking_manual_job_holds_what_is_behind_it(project):
    r = project.run("stages: [a, b]\nm: {stage: a, rules: [{when: manual}], script: ['true']}\nn: {stage: b, script: ['true']}\n")
    assert r.status == 0
    assert r.jobs == {"m": "manual", "n": "skipped"}


def test_delayed(project):
    started = time.time()
    r = project.run("d: {when: delayed, start_in: 1 second, script: ['true']}\n")
    assert r.jobs == {"d": "success"} and time.time() - started >= 1


def test_resource_group_runs_one_at_a_time(project):
    job = "{resource_group: g, script: ['mkdir held', 'sleep 0.2', 'rmdir held']}"
    r = project.run(f"a: {job}\nb: {job}\nc: {job}\n", "--jobs", "3")
    assert set(r.jobs.values()) == {"success"}, r.text


def test_child_pipelines(project):
    project.write("child.yml", "c1: {script: ['echo $FROM']}\nc2: {script: [exit 1]}\n")
    r = project.run("""
variables: {FROM: parent}
stages: [a, b]
free: {stage: a, trigger: {include: child.yml}}
bound: {stage: a, trigger: {include: child.yml, strategy: depend}}
after: {stage: b, script: ['true']}
""")
    assert r.status == 1
    assert r.jobs == {"free": "success", "bound": "failed", "after": "skipped", "free -> c1": "success", "free -> c2": "failed",
                      "bound -> c1": "success", "bound -> c2": "failed"}
    assert r.lines("free -> c1") == ["parent"]


def test_isolated_jobs_see_only_what_is_handed_on(project):
    yaml = """
stages: [a, b]
make: {stage: a, script: [echo 1 > kept, echo 2 > forgotten], artifacts: {paths: [kept]}}
look: {stage: b, script: ['ls']}
"""
    r = project.run(yaml, "--isolate")
    assert r.lines("look") == ["README", "kept"], r.text
    assert not (project.path / "kept").exists()
    assert project.run(yaml).lines("look") == ["README", "forgotten", "kept"]


def test_cache_between_runs(project):
    yaml = "j: {cache: {key: k, paths: [c/]}, script: ['cat c/n || true', 'mkdir -p c; echo x >> c/n']}\n"
    assert project.run(yaml, "--isolate").lines("j")[-1:] != ["x"]
    assert project.run(yaml, "--isolate").lines("j") == ["x"]


def test_secrets_never_show(project):
    r = project.run("s: {script: ['echo $TOKEN', 'printf %s \"$TOKEN\" | base64', 'echo a${TOKEN}b']}\n", "--secret", "TOKEN=hunter2-hunter2")
    assert r.status == 0, r.text
    assert "hunter2" not in r.text
    assert r.lines("s")[0] == "[MASKED]"
    for f in (project.path / ".pipe").rglob("*"):
        if f.is_file():
            assert b"hunter2" not in f.read_bytes(), f


def test_what_is_not_honoured_is_said_once_and_refused_when_strict(project):
    yaml = "a: {image: alpine, script: ['true']}\nb: {image: alpine, script: ['true']}\n"
    r = project.run(yaml)
    assert r.status == 0
    assert sum("image" in e.get("text", "") for e in r.events if e["event"] == "warning") == 1
    assert project.run(yaml, "--strict").status == 2


def test_fail_fast(project):
    r = project.run("a: {script: ['false']}\nb: {script: ['true']}\nc: {script: ['true']}\n", "--jobs", "1", "--fail-fast")
    assert r.status == 1 and r.jobs == {"a": "failed", "b": "skipped", "c": "skipped"}


def test_no_pipeline_file(project):
    r = project.pipe("run")
    assert r.status == 2 and "pipe.yml" in r.err


def test_refused_files_run_nothing(project):
    r = project.run("a: {script: [echo x], neds: []}\n")
    assert r.status == 2 and "neds" in r.text and "needs" in r.text


def test_workflow_that_makes_no_pipeline(project):
    r = project.run("workflow: {rules: [{when: never}]}\na: {script: ['true']}\n")
    assert r.status == 0 and "workflow" in r.text


def test_events_come_in_order(project):
    r = project.run("a: {script: [echo 1]}\nb: {needs: [a], script: [echo 2]}\n")
    kinds = [(e["event"], e.get("job")) for e in r.events if e["event"] in ("run_started", "job_started", "log", "job_finished", "run_finished")]
    assert kinds == [("run_started", None), ("job_started", "a"), ("log", "a"), ("job_finished", "a"), ("job_started", "b"),
                     ("log", "b"), ("job_finished", "b"), ("run_finished", None)]
    times = [e["time"] for e in r.events]
    assert times == sorted(times) and abs(times[0] / 1000 - time.time()) < 60


def alive(pid):
    try:
        with open(f"/proc/{int(pid)}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, ValueError):
        return False


def test_closed_standard_streams_are_no_files_of_ours(project):
    project.write(".gitlab-ci.yml", "j: {script: [echo hi, cat]}\n")

    def closed(how, *args):
        command = ["sh", "-c", 'exec "$@" ' + how, "sh", str(BUILD / "pipe"), *args]
        return subprocess.run(command, cwd=project.path, env=project.env, capture_output=True, timeout=30)

    assert closed("<&-", "run").returncode == 0
    r = closed(">&-", "run")
    assert r.returncode == 3 and b"cannot write the output" in r.stderr
    assert closed(">&- 2>&-", "run").returncode == 3
    assert closed("<&- >&- 2>&-", "run").returncode == 3
    runs = project.pipe("history", "--format", "json").json["runs"]
    assert [x["run"] for x in runs] == [4, 3, 2, 1], "the history is whole"
    assert project.pipe("logs", "1", "j").out == "hi\n"
