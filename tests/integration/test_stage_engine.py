"""How typed jobs run: steps, services, probes, reports, verdicts; and that nothing is left behind, however they end."""
import os
import signal
import socket
import sqlite3
import subprocess
import textwrap
import time

import pytest
from test_processes import end_of, living, nothing_left, started, wait_for

GREEN = '<testsuite name="s"><testcase classname="c" name="a" time="0.5"/></testsuite>'
RED = '<testsuite name="s"><testcase classname="c" name="a"/><testcase classname="c" name="b"><failure message="not so">why</failure></testcase></testsuite>'


def one(r, event, job=None):
    found = [e for e in r.events if e["event"] == event and (job is None or e["job"] == job)]
    assert len(found) == 1, (event, found, r.text)
    return found[0]


def finished(r, job):
    return one(r, "job_finished", job)


def warnings(r):
    return [e["text"] for e in r.events if e["event"] == "warning"]


def database(project):
    return sqlite3.connect(f"file:{project.path}/.pipe/evidence.db?mode=ro", uri=True)


def bytes_of_state(project):
    """All that the history holds, logs included."""
    return b"".join(p.read_bytes() for p in (project.path / ".pipe").rglob("*") if p.is_file())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def job(text):
    return textwrap.dedent(text)


# ---- steps ----

def test_a_command_runs_without_a_shell_and_a_text_in_the_jobs_shell(project):
    r = project.run(job("""
        a:
          uses: build
          with: {command: [printf, "%s", "$CI_JOB_NAME; exit 3"]}
        b:
          uses: build
          with: {command: "X=$((40 + 2)); echo $X"}
    """))
    assert r.status == 0, r.text
    assert r.lines("a")[:2] == ["$ printf %s 'a; exit 3'", "a; exit 3"]
    assert r.lines("b")[:2] == ["$ X=$((40 + 2)); echo $X", "42"]


def test_before_script_is_a_step_of_its_own_and_after_script_stays(project):
    r = project.run(job("""
        a:
          before_script: [echo before > made]
          uses: build
          with: {command: cat made}
          after_script: ['echo "after $CI_JOB_STATUS"']
        b:
          before_script: ["false"]
          uses: build
          with: {command: touch never}
          after_script: ['echo "after $CI_JOB_STATUS"']
    """))
    assert r.jobs == {"a": "success", "b": "failed"}
    lines = r.lines("a")
    assert lines[:4] == ["$ echo before > made", "$ cat made", "before", lines[3]]
    assert lines[-1] == "after success"
    assert r.lines("b") == ["$ false", "after failed"]
    assert finished(r, "b")["reason"] == "before_script failed with exit code 1"
    assert finished(r, "b")["exit_code"] == 1
    assert not (project.path / "never").exists()


def test_a_program_that_is_not_there_is_exit_code_127(project):
    r = project.run("a:\n  uses: build\n  with: {command: [no-such-program-here]}\n")
    e = finished(r, "a")
    assert (r.status, e["status"], e["exit_code"]) == (1, "failed", 127)
    assert "no-such-program-here: not found in PATH" in e["reason"]


def test_a_command_killed_by_a_signal_says_so(project):
    r = project.run("a:\n  uses: build\n  with: {command: kill -SEGV $$}\n")
    e = finished(r, "a")
    assert e["exit_code"] == 139 and "killed by signal 11" in e["reason"]
    assert any("signal 11" in line for line in r.lines("a"))


def test_output_without_a_newline_does_not_swallow_the_next_title(project):
    r = project.run(job("""
        a:
          uses: test
          with: {setup: printf one, command: printf two, teardown: printf three}
    """))
    assert r.status == 0, r.text
    assert [x for x in r.lines("a") if x in ("one", "two", "three")] == ["one", "two", "three"]


def test_what_a_step_left_behind_ends_with_it_and_is_told(project):
    r = project.run("a:\n  uses: build\n  with: {command: sleep 300 &}\n")
    assert r.jobs == {"a": "success"}
    assert any("left behind" in w for w in warnings(r))
    assert nothing_left(project)


def test_outputs_are_kept_as_artifacts(project):
    r = project.run(job("""
        a:
          uses: build
          with: {command: mkdir -p out/x && echo hi > out/x/app, outputs: [out/]}
        b:
          stage: deploy
          needs: [a]
          script: [cat out/x/app]
    """), "--isolate")
    assert r.status == 0, r.text
    assert "hi" in r.lines("b")
    kept = project.pipe("artifacts", "--format", "json").json["artifacts"]
    assert [(a["job"], a["kind"]) for a in kept] == [("a", "archive")]


def test_teardown_is_done_after_a_failure(project):
    r = project.run(job("""
        a:
          uses: test
          with: {setup: exit 4, command: touch never, teardown: touch torn}
    """))
    assert r.jobs == {"a": "failed"}
    assert finished(r, "a")["exit_code"] == 4
    assert (project.path / "torn").exists() and not (project.path / "never").exists()


# ---- ends ----

def test_the_timeout_of_the_job_covers_all_its_steps(project):
    began = time.monotonic()
    r = project.run(job("""
        a:
          timeout: 1 second
          uses: test
          with: {setup: sleep 0.6, command: sleep 60, teardown: touch torn}
    """))
    e = finished(r, "a")
    assert (e["status"], e["failure"]) == ("failed", "job_execution_timeout")
    assert (project.path / "torn").exists()
    assert time.monotonic() - began < 20
    assert nothing_left(project)


def test_the_timeout_ends_a_wait(project):
    r = project.run(job(f"""
        a:
          timeout: 1 second
          uses: test
          with: {{wait_for: {{tcp: "127.0.0.1:{free_port()}"}}, command: touch never, teardown: touch torn}}
    """))
    assert finished(r, "a")["failure"] == "job_execution_timeout"
    assert (project.path / "torn").exists() and not (project.path / "never").exists()


PHASES = {
    "setup": "with: {setup: 'touch started; sleep 300', command: touch never, teardown: touch torn}",
    "command": "with: {command: 'touch started; sleep 300', teardown: touch torn}",
    "service": "with: {services: [{name: s, command: 'touch started; sleep 300'}], command: sleep 300, teardown: touch torn}",
    "probe": "with: {services: [{name: s, command: 'touch started; sleep 300'}], wait_for: {log: never}, command: touch never, teardown: touch torn}",
}


@pytest.mark.parametrize("phase", PHASES)
def test_cancel_in_each_phase_tears_down_and_leaves_nothing(project, phase):
    project.write(".gitlab-ci.yml", f"a:\n  uses: test\n  {PHASES[phase]}\n")
    p = project.start("run", "--format", "json")
    assert started(project)
    p.send_signal(signal.SIGINT)
    status, out, err = end_of(p)
    assert status == 130, out + err
    assert '"status":"cancelled"' in out
    assert (project.path / "torn").exists() and not (project.path / "never").exists()
    assert nothing_left(project)


def test_a_second_cancel_kills_at_once(project):
    project.write(".gitlab-ci.yml", job("""
        a:
          uses: test
          with:
            services: [{name: s, command: "trap '' TERM; touch deaf; while :; do sleep 300; done"}]
            command: "trap '' TERM INT; while [ ! -e deaf ]; do :; done; touch started; while :; do sleep 300; done"
            teardown: touch torn
    """))
    p = project.start("run", "--format", "json")
    assert started(project)
    p.send_signal(signal.SIGINT)
    time.sleep(0.2)
    began = time.monotonic()
    p.send_signal(signal.SIGINT)
    assert end_of(p)[0] == 130
    assert time.monotonic() - began < 4
    assert not (project.path / "torn").exists()
    assert nothing_left(project)


def test_a_killed_runners_services_are_ended_by_the_next_run(project):
    project.write(".gitlab-ci.yml", job("""
        a:
          uses: test
          with: {services: [{name: s, command: "exec setsid sleep 300"}], command: 'touch started; sleep 300'}
    """))
    p = project.start("run", "--format", "json")
    assert started(project)
    p.kill()
    p.wait()
    assert living(project.path, "sleep 300")
    r = project.run("a: {script: [echo ok]}\n")
    assert r.status == 0
    assert nothing_left(project)
    assert [x["status"] for x in project.pipe("history", "--format", "json").json["runs"]] == ["success", "lost"]


# ---- services ----

def test_services_run_beside_the_steps_and_are_stopped(project):
    port = free_port()
    r = project.run(job(f"""
        a:
          uses: test
          with:
            services: [{{name: web, command: "trap 'echo stopped > gone; exit 0' TERM; python3 -m http.server {port} & wait"}}]
            wait_for: {{tcp: "127.0.0.1:{port}", timeout: 20 seconds}}
            setup: "true"
            command: python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/').status)"
    """))
    assert r.status == 0, r.text
    assert "200" in r.lines("a")
    assert any(line.startswith("[web] ") for line in r.lines("a"))
    assert project.read("gone") == "stopped\n"
    assert nothing_left(project)


def test_a_log_line_of_a_service_is_waited_for(project):
    r = project.run(job("""
        a:
          uses: test
          with:
            services: [{name: s, command: "echo begin; sleep 0.3; echo 'ready on 8080'; touch ready; exec sleep 300"}]
            wait_for: {log: "/ready on [0-9]+/", service: s}
            command: test -e ready
    """))
    assert r.status == 0, r.text
    assert "[s] ready on 8080" in r.lines("a")
    assert nothing_left(project)


def test_a_service_that_dies_ends_the_wait_with_its_last_words(project):
    began = time.monotonic()
    r = project.run(job(f"""
        a:
          uses: test
          with:
            services: [{{name: api, command: "echo starting; echo 'no such table: users' >&2; exit 3"}}]
            wait_for: {{tcp: "127.0.0.1:{free_port()}"}}
            command: touch never
            teardown: touch torn
    """))
    assert time.monotonic() - began < 10
    e = finished(r, "a")
    assert e["status"] == "failed" and e["failure"] == "script_failure"
    assert 'the service "api" ended with exit code 3: no such table: users' in e["reason"]
    assert (project.path / "torn").exists() and not (project.path / "never").exists()


def test_a_service_that_died_is_named_when_the_tests_fail(project):
    r = project.run(job("""
        a:
          uses: test
          with:
            services: [{name: api, command: "echo 'disk full'; touch died; exit 5"}]
            command: while [ ! -e died ]; do sleep 0.05; done; sleep 0.3; exit 1
    """))
    e = finished(r, "a")
    assert "exit code 1" in e["reason"]
    assert 'the service "api" ended with exit code 5: disk full' in e["reason"]


def test_lines_of_services_do_not_break_into_those_of_steps(project):
    r = project.run(job("""
        a:
          uses: test
          with:
            services: [{name: s, command: "for i in $(seq 50); do echo service line $i; sleep 0.01; done; exec sleep 300"}]
            command: "for i in $(seq 40); do printf 'step '; sleep 0.01; printf 'line\\n'; done"
    """))
    assert r.status == 0, r.text
    assert r.lines("a").count("step line") == 40


# ---- reports ----

def test_evidence_of_an_ordinary_jobs_report(project):
    project.write("r.xml", RED)
    r = project.run("a:\n  script: ['true']\n  artifacts: {reports: {junit: r.xml}}\n")
    e = one(r, "evidence", "a")
    assert {k: e["tests"][k] for k in ("passed", "failed", "errors")} == {"passed": 1, "failed": 1, "errors": 0}
    assert e["coverage"] is None and e["reports"] == 1 and e["attempt"] == 1
    assert r.jobs == {"a": "success"}  # as in GitLab
    assert any("although its reports show 1 failed test" in w for w in warnings(r))
    names = [x["event"] for x in r.events if x.get("job") == "a"]
    assert names.index("evidence") < names.index("job_finished")
    assert database(project).execute("select count(*) from test").fetchone() == (2,)


def test_no_evidence_no_database(project):
    r = project.run("a: {script: [echo]}\nb:\n  uses: test\n  with: {command: 'true'}\n")
    assert r.status == 0, r.text
    assert not (project.path / ".pipe/evidence.db").exists()
    assert not [e for e in r.events if e["event"] == "evidence"]


def test_a_broken_report_of_an_ordinary_job_is_a_warning_and_kept_as_broken(project):
    project.write("r.xml", "<testsuite>\n<testcase name='a'/>\n<testcase na")
    r = project.run("a:\n  script: ['true']\n  artifacts: {reports: {junit: r.xml}}\n")
    assert r.jobs == {"a": "success"}
    assert any("r.xml:3:" in w for w in warnings(r))
    e = one(r, "evidence", "a")
    assert (e["tests"], e["reports"], e["broken_reports"]) == (None, 0, 1)
    assert database(project).execute("select count(*) from test").fetchone() == (0,)


def test_a_broken_report_of_a_typed_job_fails_it_with_its_place(project):
    project.write("r.xml", "<testsuite>\n<testcase name='a'/>\n<testcase na")
    r = project.run("a:\n  uses: test\n  with: {command: touch r.xml, reports: [r.xml]}\n")
    e = finished(r, "a")
    assert e["status"] == "failed" and "r.xml:3:" in e["reason"]
    assert one(r, "evidence", "a")["broken_reports"] == 1


def test_a_failed_command_with_green_reports_is_red_and_says_so(project):
    project.write("green.xml", GREEN)
    r = project.run(job("""
        typed:
          uses: test
          with: {command: touch green.xml; exit 2, reports: [green.xml]}
        plain:
          script: [exit 2]
          artifacts: {reports: {junit: green.xml}}
    """))
    assert finished(r, "typed")["reason"] == "the command failed with exit code 2 although its reports show no failure"
    assert finished(r, "plain")["reason"] == "the script failed with exit code 2 although its reports show no failure"


def test_a_succeeding_command_with_red_reports_is_red(project):
    project.write("red.xml", RED)
    r = project.run("a:\n  uses: test\n  with: {command: touch red.xml, reports: [red.xml]}\n")
    e = finished(r, "a")
    assert e["status"] == "failed" and "c b (not so)" in e["reason"]


def test_a_report_that_is_older_than_the_job_is_pointed_out(project):
    project.write("r.xml", GREEN)
    os.utime(project.path / "r.xml", (1, 1))
    r = project.run("a:\n  uses: test\n  with: {command: 'true', reports: [r.xml]}\n")
    assert any(line.startswith("report: ") and "r.xml" in line and "older" in line for line in r.lines("a")), r.text


def test_reports_that_lead_out_of_the_workspace_or_are_no_files(project, tmp_path):
    (tmp_path / "outside.xml").write_text(RED)
    os.symlink(tmp_path / "outside.xml", project.path / "link.xml")
    os.mkfifo(project.path / "fifo.xml")
    r = project.run("a:\n  script: ['true']\n  artifacts: {reports: {junit: ['*.xml']}}\n", timeout=20)
    assert any("link.xml" in w and "out of the workspace" in w for w in warnings(r))
    assert not one(r, "evidence", "a")["tests"]


def test_warnings_of_compilers_come_from_the_jobs_own_log(project):
    r = project.run(job("""
        a:
          uses: build
          with: {command: "echo 'a.c:3:4: warning: unused variable x [-Wunused]'; echo done"}
    """))
    assert one(r, "evidence", "a")["findings"]["medium"] == 1


def test_masked_secrets_reach_no_evidence(project):
    project.write("r.xml", '<testsuite name="s"><testcase classname="hunter2222" name="t-hunter2222">'
                           '<failure message="got hunter2222">password hunter2222</failure></testcase></testsuite>')
    r = project.run(job("""
        a:
          uses: test
          with:
            services: [{name: s, command: 'echo "$PASSWORD"; exit 7'}]
            command: touch r.xml; echo "$PASSWORD"; sleep 0.2
            reports: [r.xml]
        b:
          uses: build
          with: {command: 'echo "x.c:1:1: warning: $PASSWORD [-Wx]"; echo "$PASSWORD"'}
        c:
          script: ["true"]
          artifacts: {reports: {junit: r.xml}}
    """), "--secret", "PASSWORD=hunter2222")
    assert "[MASKED]" in finished(r, "a")["reason"]
    assert "hunter2222" not in r.text
    assert b"hunter2222" not in bytes_of_state(project)
    texts = database(project).execute("select count(*) from test").fetchone()
    assert texts == (2,)


def test_an_attempt_that_is_repeated_replaces_what_it_said(project):
    project.write("red.xml", RED)
    project.write("green.xml", GREEN)
    r = project.run(job("""
        a:
          retry: 1
          uses: test
          with:
            command: "if [ -e once ]; then cp green.xml r.xml; else touch once; cp red.xml r.xml; fi"
            reports: [r.xml]
    """))
    assert r.jobs == {"a": "success"}
    seen = [(e["attempt"], e["tests"]["failed"]) for e in r.events if e["event"] == "evidence"]
    assert seen == [(1, 1), (2, 0)]
    assert one(r, "job_retry", "a")["failure"] == "script_failure"
    assert database(project).execute("select count(*) from test").fetchone() == (1,)


def test_an_attempt_without_evidence_removes_that_of_the_one_before(project):
    project.write("red.xml", RED)
    r = project.run(job("""
        a:
          retry: 1
          script: ["if [ -e once ]; then rm r.xml; else touch once; cp red.xml r.xml; exit 1; fi"]
          artifacts: {reports: {junit: r.xml}}
    """))
    assert r.jobs == {"a": "success"}
    assert database(project).execute("select count(*) from test").fetchone() == (0,)


def test_a_new_run_that_keeps_a_job_keeps_its_evidence(project):
    project.write("r.xml", '<testsuite name="s"><testcase classname="c" name="a"/>'
                           '<testcase classname="c" name="b"><skipped message="later"/></testcase></testsuite>')
    project.run(job("""
        good:
          script: ["true"]
          artifacts: {reports: {junit: r.xml}}
        gate:
          stage: deploy
          uses: gate
          with: {tests: {failed: 0}, coverage: 80 %}
    """))
    again = project.pipe("retry", "1", "gate", "--format", "json")
    assert [e["job"] for e in again.events if e["event"] == "job_started"] == ["gate"], again.text
    assert again.events[0]["run"] == 2
    rows = [line.split()[:2] for line in again.lines("gate")]
    assert ["pass", "failed"] in rows or ["pass", "tests"] in rows, again.text
    tests = project.pipe("tests", "2", "--format", "json").json
    assert len(tests["tests"]) == 2, tests


def test_a_run_that_goes_on_has_the_evidence_of_what_succeeded(project):
    project.write("green.xml", GREEN)
    yaml = job("""
        good:
          uses: test
          with: {command: touch green.xml, reports: [green.xml]}
        bad:
          script: [test -e fixed]
        gate:
          stage: deploy
          uses: gate
          with: {tests: {failed: 0}}
    """)
    assert project.run(yaml).jobs == {"good": "success", "bad": "failed", "gate": "skipped"}
    (project.path / "fixed").touch()
    again = project.pipe("retry", "--format", "json")
    assert again.jobs == {"bad": "success", "gate": "success"}, again.text
    assert again.events[0]["run"] == 1


# ---- verdicts ----

def test_a_warning_is_a_status_of_its_own_and_the_run_succeeds(project):
    r = project.run("a:\n  uses: gate\n  with: {coverage: 80 %, mode: warn}\n")
    e = finished(r, "a")
    assert (r.status, e["status"], e["exit_code"]) == (0, "warning", 0)
    assert "coverage" in e["reason"]


def test_conditions_are_a_table_in_the_log_and_kept(project):
    r = project.run("a:\n  uses: gate\n  with: {coverage: 80 %, duration: 10 minutes}\n")
    rows = [line.split() for line in r.lines("a")]
    assert ["no", "data", "coverage"] in [row[:3] for row in rows]
    assert ["pass", "duration"] in [row[:2] for row in rows]
    assert database(project).execute("select count(*) from condition").fetchone() == (2,)


# ---- tools ----

def no_tools(project, **tools):
    """A PATH with a shell and what it needs, and nothing else but these."""
    path = project.path.parent / "bin"
    path.mkdir()
    for name in ("sh", "bash", "sleep", "touch", "cat", "true"):
        os.symlink(f"/bin/{name}", path / name)
    for name, script in tools.items():
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
    return {"PATH": str(path)}


def test_missing_tools_are_one_error_before_anything_runs(project):
    project.write("Makefile", "all:\n\ttouch made\n")
    project.write("sub/CMakeLists.txt", "project(x)\n")
    r = project.run(job("""
        first: {stage: .pre, script: [touch ran]}
        compile: {uses: build, needs: []}
        compile2: {uses: build, needs: []}
        other: {uses: build, needs: [], with: {directory: sub}}
    """), env=no_tools(project))
    assert r.status == 3, r.text
    assert 'make for "compile", "compile2": not found' in r.err
    assert 'cmake' in r.err and '"other"' in r.err
    assert "PATH=" in r.err and "apt-get install" in r.err and " make" in r.err
    assert not (project.path / "ran").exists()
    assert not project.pipe("history", "--format", "json").json["runs"]
    # the same number is given out again, and all is well with the history
    assert project.run("a: {script: [echo]}\n").events[0]["run"] == 1


def test_a_tool_that_earlier_steps_may_bring_is_looked_for_at_the_start_of_its_job(project):
    project.write("Makefile", "all:\n\ttouch made\n")
    env = no_tools(project)
    r = project.run("a:\n  before_script: ['true']\n  uses: build\n", env=env)
    e = finished(r, "a")
    assert r.status == 1 and e["failure"] == "runner_unsupported"
    assert "make" in e["reason"] and "apt-get install make" in e["reason"]


def test_a_job_that_cannot_know_yet_says_it_at_its_start(project):
    r = project.run(job("""
        prepare: {stage: .pre, script: ['printf "all:\\n\\ttouch made\\n" > Makefile']}
        compile: {uses: build}
        nothing: {uses: build, with: {directory: void}}
    """))
    assert r.jobs == {"prepare": "success", "compile": "success", "nothing": "failed"}
    assert (project.path / "made").exists()


# ---- views ----

def test_the_plain_view_and_the_summary_show_what_the_reports_add_up_to(project):
    project.write("r.xml", RED)
    project.write(".gitlab-ci.yml", "unit:\n  script: ['true']\n  artifacts: {reports: {junit: r.xml}}\n")
    r = project.pipe("run", "--format", "plain")
    assert r.out.count("tests 1 passed, 1 failed") == 2
    quiet = project.pipe("run", "--format", "plain", "--quiet")
    assert "tests 1 passed" not in quiet.out


def test_two_services_and_many_jobs_at_once(project):
    text = "".join(job(f"""
        j{i}:
          uses: test
          with:
            services:
            - {{name: one, command: "echo up; exec sleep 300"}}
            - {{name: two, command: "echo up; exec sleep 300"}}
            wait_for: [{{log: up, service: one}}, {{log: up, service: two}}]
            command: "true"
    """) for i in range(8))
    r = project.run(text, "-j8")
    assert r.status == 0, r.text
    assert nothing_left(project)
