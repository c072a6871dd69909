"""Hooks in a run, as a user meets them: each point, the order, what a failure does, waits, cancelling, secrets, retries, a killed `pipe`."""
import http.server
import os
import pathlib
import resource
import signal
import sqlite3
import threading
import time

import pytest


def run(project, text, *args, timeout=60, env=None):
    project.write(".pipe.yml", text)
    return project.pipe("run", "--format", "json", *args, timeout=timeout, env=env)


def finished(r, job):
    return next(e for e in r.events if e["event"] == "job_finished" and e["job"] == job)


def warnings(r):
    return [e["text"] for e in r.events if e["event"] == "warning"]


def last(r):
    return r.events[-1]


class Answering(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((time.monotonic(), self.path))
        if self.path.startswith("/slow"):
            self.server.stop.wait(self.server.delay)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.asked.append((time.monotonic(), self.rfile.read(length).decode()))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 2048
    daemon_threads = True


@pytest.fixture
def server():
    s = Server(("127.0.0.1", 0), Answering)
    s.asked, s.delay, s.stop = [], 1.0, threading.Event()
    s.url = f"http://127.0.0.1:{s.server_address[1]}"
    thread = threading.Thread(target=s.serve_forever)
    thread.start()
    yield s
    s.stop.set()
    s.shutdown()
    thread.join()
    s.server_close()


def allow(server):
    return f'lua: {{allow: {{http: ["{server.url}"], exec: [sh, sleep]}}}}\n'


# ---- the points ----

def test_every_point_in_its_order(project):
    note = "pipe.exec{'sh', '-c', 'echo ' .. ctx.point .. %s .. ' >> points'}"
    of_run, of_job = note % "''", note % "' ' .. ctx.job.name .. ' ' .. ctx.job.status"
    r = run(project, f"""
lua: {{allow: {{exec: [sh]}}}}
hooks:
  before_run: {of_run}
  after_run: {of_run}
  notify: {of_run}
  before_job: {of_job}
  after_job: {of_job}
good:
  script: [echo script good >> points]
  hooks: {{gate: "{of_job} return true", notify: "{of_job}"}}
bad:
  needs: [good]
  script: [exit 4]
  hooks: {{on_failure: "{of_job}"}}
""")
    assert r.jobs == {"good": "success", "bad": "failed"}, r.text
    assert project.read("points").splitlines() == [
        "before_run", "gate good running", "before_job good running", "script good", "after_job good success",
        "notify good success", "before_job bad running", "on_failure bad failed", "after_job bad failed", "after_run", "notify"]


def test_the_pipelines_hooks_come_before_the_jobs(project):
    r = run(project, """
hooks: {before_job: [pipe.log("one"), pipe.log("two")]}
a: {script: [echo script], hooks: {before_job: [pipe.log("three"), pipe.log("four")]}}
""")
    assert r.lines("a") == ["one", "two", "three", "four", "script"]


def test_a_file_with_arguments(project):
    project.write("ci/hook.lua", 'pipe.log(ctx.with.word, ctx.vars.COLOUR, ctx.job.stage, ctx.run.number, ctx.vars.CI_JOB_NAME)\n')
    r = run(project, """
variables: {COLOUR: red}
a: {stage: test, script: ["true"], hooks: {before_job: {file: ci/hook.lua, with: {word: hello}}}}
""")
    assert r.lines("a") == ["hello\tred\ttest\t1\ta"], r.text


def test_a_run_without_hooks_is_not_changed(project):
    r = run(project, "a: {script: [echo x]}\n")
    assert r.status == 0 and r.lines("a") == ["x"]


# ---- failures ----

def test_before_run_keeps_everything_from_running(project):
    r = run(project, """
hooks: {before_run: pipe.fail("not today"), before_job: pipe.log("never")}
a: {script: [touch ran]}
b: {script: [touch ran]}
""")
    assert r.status != 0
    assert r.jobs == {"a": "skipped", "b": "skipped"}
    assert "not today" in finished(r, "a")["reason"] and "not today" in last(r)["reason"]
    assert last(r)["event"] == "run_finished" and last(r)["status"] == "failed"
    assert not (project.path / "ran").exists()
    assert "not today" in project.pipe("show").out


def test_before_run_may_only_warn(project):
    r = run(project, """
hooks: {before_run: {lua: pipe.fail("not today"), on_error: warn}}
a: {script: ["true"]}
""")
    assert r.status == 0 and any("not today" in w for w in warnings(r))


@pytest.mark.parametrize("code, why", [
    ('return false, "GPL is not allowed"', "GPL is not allowed"),
    ('pipe.fail("GPL is not allowed")', "GPL is not allowed"),
    ('return {ok = false, subject = "licences", value = "GPL-3.0", bound = "only MIT", detail = "see legal"}',
     "licences is GPL-3.0 (bound: only MIT): see legal"),
    ('return {ok = false, data = false, detail = "no SBOM"}', "no data: no SBOM"),
    ("return nil", "a gate returns true"),
    ('return "yes"', "a gate returns true"),
    ("local x = nil; return x.y", "attempt to index a nil value"),
])
def test_a_gate_that_is_shut(project, code, why):
    project.write("gates/g.lua", code + "\n")
    r = run(project, """
a: {script: [touch ran], after_script: [touch ran], artifacts: {paths: [ran], when: always}, hooks: {gate: gates/g.lua}}
b: {needs: [a], script: [touch ran]}
""")
    f = finished(r, "a")
    assert f["status"] == "failed" and f["failure"] == "script_failure"
    assert f["reason"].startswith('gate "gates/g.lua": ') and why in f["reason"]
    assert not (project.path / "ran").exists()
    assert why in project.pipe("show").out


def test_a_gate_that_is_open(project):
    r = run(project, """
a: {script: ["true"], hooks: {gate: return true}}
b: {script: ["true"], hooks: {gate: "return {ok = true}"}}
""")
    assert r.jobs == {"a": "success", "b": "success"}


def test_the_first_no_is_enough(project):
    r = run(project, """
a: {script: [echo ran], hooks: {gate: ['return false, "first"', 'pipe.log("second")'], before_job: pipe.log("third")}}
""")
    assert "first" in finished(r, "a")["reason"] and r.lines("a") == []


def test_after_job_makes_a_green_job_red(project):
    r = run(project, """
a: {script: ["true"], hooks: {after_job: pipe.fail("too slow")}}
b: {script: ["true"], hooks: {after_job: {lua: pipe.fail("too slow"), on_error: warn}}}
c: {script: [exit 3], hooks: {after_job: pipe.fail("too slow")}}
d: {script: ["true"], allow_failure: true, hooks: {after_job: pipe.fail("too slow")}}
""")
    assert r.jobs == {"a": "failed", "b": "success", "c": "failed", "d": "warning"}
    assert "too slow" in finished(r, "a")["reason"]
    assert finished(r, "c")["reason"] == "the script failed with exit code 3"
    assert sum("too slow" in w for w in warnings(r)) == 1


def test_after_run_makes_a_green_run_red(project):
    r = run(project, 'hooks: {after_run: pipe.fail("the sum is wrong")}\na: {script: ["true"]}\n')
    assert r.jobs == {"a": "success"}
    assert r.status != 0 and last(r)["status"] == "failed" and "the sum is wrong" in last(r)["reason"]


def test_notify_and_on_failure_only_warn(project):
    r = run(project, """
hooks: {notify: error("no chat")}
a: {script: ["true"], hooks: {notify: error("no mail")}}
b: {script: [exit 1], allow_failure: true, hooks: {on_failure: error("no help")}}
""")
    assert r.status == 0 and r.jobs == {"a": "success", "b": "warning"}
    text = "\n".join(warnings(r))
    assert "no chat" in text and "no mail" in text and "no help" in text


def test_on_error_of_the_whole_file(project):
    r = run(project, """
lua: {on_error: warn}
a: {script: ["true"], hooks: {before_job: "local x = nil; x.y = 1"}}
b: {script: ["true"], hooks: {before_job: {lua: "local x = nil; x.y = 1", on_error: fail}}}
c: {script: ["true"], hooks: {gate: "return false"}}
""")
    assert r.jobs == {"a": "success", "b": "failed", "c": "failed"}, r.text


def test_a_fault_is_shown_with_its_place(project):
    r = run(project, """
a:
  script: ["true"]
  hooks:
    before_job: |
      local function deep(x)
        return x.y.z
      end
      deep({})
""")
    text = "\n".join(r.lines("a"))
    assert ".pipe.yml:7" in finished(r, "a")["reason"]
    assert "     7 | return x.y.z\n       | ^" in text
    assert "called by .pipe.yml:5" in text and "in function" in text


def test_limits_end_a_hook_and_nothing_else(project):
    r = run(project, """
lua: {limits: {cpu: 300ms}}
a: {script: ["true"], hooks: {before_job: while true do end}}
b: {script: [echo fine]}
""")
    assert r.jobs == {"a": "failed", "b": "success"}
    assert "processor time" in finished(r, "a")["reason"]


def test_a_hook_that_was_quick_and_is_not_any_more(project):
    """After some calls it is made on the loop's thread: what takes long is not."""
    r = run(project, """
lua: {limits: {cpu: 1s}}
hooks: {before_job: 'if ctx.job.name == "j30" then while true do end end'}
""" + "".join(f"j{i}: {{script: [echo {i}]}}\n" for i in range(60)), "--jobs", "2")
    assert {job for job, status in r.jobs.items() if status != "success"} == {"j30"}
    times = {e["job"]: e["time"] for e in r.events if e["event"] == "job_finished"}
    assert "processor time" in finished(r, "j30")["reason"]
    assert sum(times[f"j{i}"] < times["j30"] for i in range(31, 60)) > 10  # the others went on meanwhile


# ---- what hooks say ----

def test_secrets_are_masked_in_what_hooks_say(project):
    project.write(".pipe.yml", """
lua: {allow: {secrets: [TOKEN], exec: [sh]}}
hooks:
  before_run: pipe.log(ctx.vars.TOKEN) pipe.warn("w " .. ctx.vars.TOKEN)
  after_run: pipe.fail("f " .. ctx.vars.TOKEN)
a:
  script: ["true"]
  hooks:
    before_job: |
      pipe.log("t=" .. ctx.vars.TOKEN)
      pipe.annotate("link", {url = "https://x/" .. ctx.vars.TOKEN})
      pipe.log(pipe.exec{"sh", "-c", "echo $TOKEN"}.output)
    after_job: pipe.fail("because of " .. ctx.vars.TOKEN)
""")
    r = project.pipe("run", "--format", "json", "--secret", "TOKEN=sesame-opens-it")
    assert "because of" in finished(r, "a")["reason"], r.text
    assert "sesame" not in r.text
    assert "t=[MASKED]" in r.lines("a") and "[MASKED]" in finished(r, "a")["reason"]
    for file in (project.path / ".pipe" / "runs").rglob("*"):
        if file.is_file():
            assert b"sesame" not in file.read_bytes(), file


def test_what_hooks_put_is_evidence_of_their_job(project):
    project.write("junit.xml", '<testsuite><testcase name="t"/><testcase name="u"/></testsuite>')
    r = run(project, """
lone: {script: ["true"], hooks: {after_job: 'pipe.metric("size", 12) pipe.annotate("report", {url = "https://example.org/r"})'}}
early: {script: ["true"], hooks: {before_job: 'pipe.finding{rule = "r1", message = "m", path = "f.c", line = 3, severity = "high"}'}}
with_report:
  script: [cp junit.xml out.xml]
  artifacts: {reports: {junit: out.xml}}
  hooks: {after_job: 'pipe.metric("seen", ctx.evidence.job.tests.passed)'}
""")
    assert r.status == 0, r.text
    assert "report: https://example.org/r" in r.lines("lone")
    evidence = {e["job"]: e for e in r.events if e["event"] == "evidence"}
    assert evidence["lone"]["metrics"] == 1
    assert evidence["early"]["findings"]["high"] == 1
    assert evidence["with_report"]["tests"]["passed"] == 2 and evidence["with_report"]["metrics"] == 1
    assert "r1" in project.pipe("findings").out


def test_what_hooks_say_is_kept(project):
    r = run(project, """
lua: {allow: {secrets: [TOKEN]}}
hooks:
  before_run: pipe.log("it begins") pipe.warn("it is late") pipe.annotate("board", {url = "https://example.org/b", text = "of " .. ctx.vars.TOKEN})
  notify: pipe.fail("nobody is there")
  on_event: {lua: 'pipe.log("heard", ctx.event.event)', events: [job_finished, run_finished]}
a: {script: ["true"], hooks: {after_job: 'pipe.annotate("page", {url = "https://example.org/p"})', on_failure: pipe.log("no")}}
b: {script: ["true"], hooks: {before_job: {lua: 'pipe.fail("not today")', on_error: warn}}}
""", "--secret", "TOKEN=sesame-opens-it")
    assert r.status == 0, r.text
    shown = project.pipe("show", "--format", "json").json
    notes = {(n["job"], n["kind"], n["label"], n["text"], n["url"]) for n in shown["notes"]}
    assert notes == {
        (None, "line", "before_run", "before_run: it begins", None),
        (None, "warning", "before_run", "before_run: it is late", None),
        (None, "annotation", "board", "of [MASKED]", "https://example.org/b"),
        (None, "line", "on_event", "on_event: heard\tjob_finished", None),
        (None, "line", "on_event", "on_event: heard\trun_finished", None),
        ("a", "annotation", "page", None, "https://example.org/p"),
        ("b", "warning", "before_job", 'before_job ".pipe.yml:8": not today', None),
        (None, "warning", "notify", 'notify ".pipe.yml:5": nobody is there', None),
    }
    assert all(n["time"] >= r.events[0]["time"] for n in shown["notes"])
    text = project.pipe("show").out
    assert "notes\n" in text and "before_run: it begins\n" in text and "a  page: https://example.org/p\n" in text
    assert "board: of [MASKED] https://example.org/b\n" in text and "sesame" not in text
    project.pipe("run", "a")
    assert project.pipe("gc", "--max-runs", "1").status == 0
    with sqlite3.connect(project.path / ".pipe" / "pipe.db") as db:
        assert db.execute("SELECT DISTINCT run FROM note").fetchall() == [(2,)]


def test_a_hook_that_talks_without_end_does_not_fill_the_history(project):
    r = run(project, """
hooks: {before_run: 'for i = 1, 3000 do pipe.log(i) end'}
a: {script: ["true"]}
""")
    assert r.status == 0, r.text
    notes = project.pipe("show", "--format", "json").json["notes"]
    assert len(notes) == 1001 and notes[999]["text"] == "before_run: 1000"
    assert notes[1000]["kind"] == "warning" and "more than is kept" in notes[1000]["text"]


def test_a_retry_puts_anew(project):
    r = run(project, """
a:
  script: ['test -f again || { touch again; exit 1; }']
  retry: 1
  hooks:
    before_job: pipe.log("attempt " .. ctx.job.attempt)
    after_job: 'if ctx.job.attempt == 1 then pipe.metric("first", 1) else pipe.metric("second", 2) pipe.metric("third", 3) end'
""")
    assert r.jobs == {"a": "success"}
    assert r.lines("a") == ["attempt 1", "attempt 2"]
    assert [e["metrics"] for e in r.events if e["event"] == "evidence"][-1] == 2


# ---- events ----

def test_events_come_in_their_order(project):
    r = run(project, """
lua: {allow: {exec: [sh]}}
hooks:
  on_event:
    - pipe.exec{"sh", "-c", "echo " .. ctx.event.event .. " " .. tostring(ctx.event.job) .. " >> events"}
    - {lua: 'pipe.exec{"sh", "-c", "echo " .. ctx.event.status .. " >> ends"}', events: [job_finished]}
a: {script: [echo x]}
b: {needs: [a], script: [exit 1]}
""")
    assert r.jobs == {"a": "success", "b": "failed"}
    assert project.read("events").splitlines() == ["run_started nil", "job_started a", "job_finished a", "job_started b",
                                                   "job_finished b", "run_finished nil"]
    assert project.read("ends").splitlines() == ["success", "failed"]


def test_a_job_hears_its_own_events_and_default_those_of_each(project):
    r = run(project, """
lua: {allow: {exec: [sh]}}
default:
  hooks: {on_event: {lua: 'pipe.exec{"sh", "-c", "echo " .. ctx.event.job .. " >> default"}', events: [job_finished, run_finished]}}
a: {script: [echo x]}
b: {needs: [a], script: [echo y]}
c:
  needs: [b]
  script: [echo z]
  hooks: {on_event: 'pipe.exec{"sh", "-c", "echo " .. ctx.event.event .. " " .. ctx.event.job .. " >> own"}'}
""")
    assert set(r.jobs.values()) == {"success"}
    assert project.read("default").splitlines() == ["a", "b"]
    assert project.read("own").splitlines() == ["job_started c", "job_finished c"]


def test_a_hook_of_events_that_fails_does_so_once(project):
    r = run(project, 'hooks: {on_event: error("always")}\na: {script: ["true"]}\nb: {script: ["true"]}\n')
    assert r.status == 0
    assert r.text.count("always") == 1
    r = run(project, 'hooks: {on_event: {lua: error("always"), on_error: fail}}\na: {script: ["true"]}\nb: {needs: [a], script: ["sleep 0.3"]}\n')
    assert r.status != 0 and "always" in last(r)["reason"]


def test_slow_events_hold_up_the_end_alone(project):
    r = run(project, """
hooks: {on_event: {lua: pipe.sleep(1), events: [job_finished]}}
a: {script: ["true"]}
b: {needs: [a], script: ["true"]}
""")
    times = {(e["event"], e.get("job")): e["time"] for e in r.events}
    assert times[("job_finished", "b")] - times[("job_finished", "a")] < 900


# ---- waiting ----

def test_who_waits_holds_nobody_up(project, server):
    server.delay = 3
    r = run(project, allow(server) + f"""
slow: {{script: [echo slow], hooks: {{before_job: 'pipe.http("{server.url}/slow")'}}}}
sleepy: {{script: [echo slow], hooks: {{after_job: 'pipe.sleep(3)'}}}}
""" + "".join(f"quick{i}: {{script: [echo {i}]}}\n" for i in range(5)), "--jobs", "1")
    times = {e["job"]: e["time"] for e in r.events if e["event"] == "job_finished"}
    assert set(r.jobs.values()) == {"success"}
    assert max(times[f"quick{i}"] for i in range(5)) < min(times["slow"], times["sleepy"]) - 500
    assert abs(times["slow"] - times["sleepy"]) < 2500  # they waited beside each other


def test_a_place_is_a_place_again_after_the_wait(project):
    r = run(project, """
hooks: {before_job: pipe.sleep(0.2)}
""" + "".join(f"j{i}: {{script: ['echo on >> at', 'sleep 0.05', 'echo off >> at']}}\n" for i in range(6)), "--jobs", "1")
    assert set(r.jobs.values()) == {"success"}
    assert project.read("at").split() == ["on", "off"] * 6


def test_a_retry_after_a_wait(project):
    r = run(project, """
a: {script: ['test -f again || { touch again; exit 1; }'], retry: 1, hooks: {after_job: pipe.sleep(0.2)}}
b: {script: [sleep 0.5]}
c: {script: [sleep 0.5]}
""", "--jobs", "1")
    assert set(r.jobs.values()) == {"success"}


def test_a_thousand_waiting_hooks_hold_up_no_job(project, server):
    """The server answers nobody before the other jobs are done: if a waiting hook held up one of them, all would wait for ever."""
    server.delay = 100
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))  # as many may wait as descriptors allow
    most = min(1000, limits[1] // 8)
    text = f'lua: {{allow: {{http: ["{server.url}"]}}, limits: {{wall: 110s}}}}\nstages: [test]\n'
    text += "".join(f"w{i}: {{script: ['true'], hooks: {{before_job: 'pipe.http(\"{server.url}/slow\", {{timeout = 105}})'}}}}\n" for i in range(most))
    text += "".join(f"q{i}: {{script: ['touch q{i}']}}\n" for i in range(20))
    ready = []

    def watch():
        for _ in range(900):
            if all((project.path / f"q{i}").exists() for i in range(20)):
                ready.append(len(server.asked))
                break
            time.sleep(0.1)
        server.stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        r = run(project, text, "--jobs", "2", timeout=180)
    finally:
        watcher.join()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert ready, "jobs without hooks were held up by those that wait"
    assert set(r.jobs.values()) == {"success"}, {j for j, s in r.jobs.items() if s != "success"}
    assert len([1 for _, path in server.asked if path == "/slow"]) == most


def test_notify_posts(project, server):
    r = run(project, allow(server) + f"""
hooks: {{notify: 'pipe.notify{{webhook = "{server.url}/", json = {{status = ctx.run.status}}}}'}}
a: {{script: [exit 1]}}
""")
    assert r.jobs == {"a": "failed"}
    assert [body for _, body in server.asked] == ['{"status":"failed"}'], r.text


def test_what_is_not_granted_is_refused_with_the_line_to_add(project):
    r = run(project, 'a: {script: ["true"], hooks: {before_job: pipe.http("https://example.org/x")}}\n')
    assert r.jobs == {"a": "failed"}
    assert "allow" in finished(r, "a")["reason"] and "https://example.org" in finished(r, "a")["reason"]


# ---- commands ----

def test_a_command_and_its_input(project):
    project.write("sub/x", "")
    r = run(project, """
lua: {allow: {exec: [sh, cat]}}
a:
  script: ["true"]
  variables: {WORD: hello}
  hooks:
    before_job: |
      pipe.log(pipe.exec({"cat"}, {input = "the input"}).output)
      local r = pipe.exec({"sh", "-c", "echo $WORD $MORE; echo err >&2; pwd; exit 3"}, {env = {MORE = "more"}, directory = "sub"})
      pipe.log(r.code, r.ok, r.output)
      local none, why = pipe.exec({"sh", "-c", "sleep 20"}, {timeout = 0.3})
      pipe.log(none, why)
      pipe.log(pipe.exec({"cat"}).output == "")
""")
    lines = r.lines("a")
    assert r.status == 0, r.text
    assert lines[0] == "the input"
    assert lines[1].startswith("3\tfalse\thello more") and lines[2] == "err" and lines[3].endswith("/sub")
    assert any(line.startswith("nil\t") and "took longer" in line for line in lines)
    assert lines[-1] == "true"


# ---- cancelling, killing ----

def alive(word):
    found = []
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                if word.encode() in (p / "cmdline").read_bytes():
                    found.append(int(p.name))
            except OSError:
                pass
    return found


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


def test_cancelled_while_a_hook_waits(project, server):
    server.delay = 30
    project.write(".pipe.yml", allow(server) + f"""
hooks: {{notify: 'pipe.exec{{"sh", "-c", "echo " .. ctx.run.status .. " > told"}}'}}
a: {{script: [touch ran], hooks: {{before_job: 'pipe.http("{server.url}/slow")', after_job: 'pipe.exec{{"sh", "-c", "echo " .. ctx.job.status .. " > job"}}'}}}}
""")
    p = project.start("run")
    assert until(lambda: server.asked)
    began = time.monotonic()
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert p.returncode != 0
    assert not (project.path / "ran").exists()
    assert project.read("told") == "cancelled\n"
    assert project.read("job") == "cancelled\n"


def test_killed_on_the_second_cancel(project):
    project.write(".pipe.yml", """
lua: {allow: {exec: [sh]}}
a: {script: ["true"], hooks: {after_job: 'pipe.exec{"sh", "-c", "echo > begun; trap : TERM; sleep 30; sleep 30"}'}}
""")
    p = project.start("run")
    assert until(lambda: (project.path / "begun").exists())
    p.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert p.poll() is None  # after_job goes on
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=10)
    assert p.returncode != 0


def test_a_killed_pipe_leaves_no_command_of_a_hook(project):
    word = f"31{os.getpid()}"
    project.write(".pipe.yml", f"""
lua: {{allow: {{exec: [sh, sleep]}}}}
hooks: {{before_run: 'pipe.exec{{"sh", "-c", "(sleep {word}) & echo > begun; sleep {word}"}}'}}
a: {{script: ["true"]}}
""")
    p = project.start("run")
    assert until(lambda: (project.path / "begun").exists() and len(alive(f"sleep\0{word}")) == 2)
    p.kill()
    p.communicate()
    project.pipe("history")
    assert until(lambda: not alive(f"sleep\0{word}")) is True
    db = sqlite3.connect(project.path / ".pipe" / "pipe.db")
    assert db.execute("SELECT count(*) FROM run").fetchone() == (1,)


def test_a_killed_pipe_leaves_no_command_of_a_jobs_hook(project):
    word = f"32{os.getpid()}"
    project.write(".pipe.yml", f"""
lua: {{allow: {{exec: [sh, sleep]}}}}
a: {{script: ["true"], hooks: {{after_job: 'pipe.exec{{"sh", "-c", "(setsid sleep {word}) & echo > begun; sleep {word}"}}'}}}}
""")
    p = project.start("run")
    assert until(lambda: (project.path / "begun").exists() and len(alive(f"sleep\0{word}")) == 2)
    p.kill()
    p.communicate()
    project.pipe("history")
    assert until(lambda: not alive(f"sleep\0{word}")) is True


def test_a_killed_pipe_leaves_no_command_of_a_gate(project):
    words = [f"3{i}{os.getpid()}" for i in (3, 4)]
    command = 'pipe.exec{"sh", "-c", "(setsid sleep %s) & echo > begun%s; sleep %s"} return true'
    project.write(".pipe.yml", "lua: {allow: {exec: [sh, sleep]}}\n" + "".join(
        f"g{i}: {{uses: gate, with: {{lua: '{command % (word, i, word)}'}}}}\n" for i, word in enumerate(words)))
    p = project.start("run")
    assert until(lambda: all(len(alive(f"sleep\0{word}")) == 2 for word in words))
    p.kill()
    p.communicate()
    project.pipe("history")
    assert until(lambda: not any(alive(f"sleep\0{word}") for word in words)) is True


def test_commands_of_gates_leave_each_other_alone(project):
    project.write(".pipe.yml", """
lua: {allow: {exec: [sh]}}
a: {uses: gate, with: {lua: 'return pipe.exec{"sh", "-c", "until test -e done; do sleep 0.1; done; echo fine"}.output == "fine\\n"'}}
b: {uses: gate, with: {lua: 'return pipe.exec{"sh", "-c", "(sleep 9 &) ; echo > done"}.ok'}}
""")
    r = project.pipe("run", "--format", "json", "--jobs", "2")
    assert r.jobs == {"a": "success", "b": "success"}, r.text


def test_hooks_see_the_copy_that_an_isolated_job_worked_in(project):
    project.write("given", "from the checkout")
    project.write(".pipe.yml", """
lua: {allow: {exec: [cat]}}
a:
  script: [echo made >made, echo changed >given]
  retry: 1
  hooks:
    before_job: pipe.log("before", pipe.read("given"), pipe.exists("made"))
    after_job:
      - pipe.log("after", pipe.read("given"), pipe.read("made"), pipe.exec{"cat", "made"}.output, ctx.vars.CI_PROJECT_DIR)
      - if ctx.job.attempt == 1 then pipe.fail("once more") end
b: {script: ["true"], needs: [a], hooks: {on_failure: 'pipe.log("no")', notify: 'pipe.log(pipe.exists("made"))'}}
""")
    project.commit()
    r = project.pipe("run", "--isolate", "--format", "json")
    assert r.jobs == {"a": "success", "b": "success"}, r.text
    lines = [line for line in r.lines("a") if "attempt" not in line and "once" not in line]
    assert lines[0] == "before\tfrom the checkout\tfalse"
    assert lines[1:4] == ["after\tchanged", "\tmade", "\tmade"] and lines[4].endswith("/.pipe/runs/1/0.work")
    assert r.lines("b") == ["false"]
    assert not (project.path / "made").exists() and not list((project.path / ".pipe" / "runs").rglob("*.work"))


# ---- runs of runs ----

def test_resume_calls_them_again(project):
    text = """
hooks: {before_run: pipe.log("begins"), before_job: pipe.log("job")}
a: {script: ["true"]}
b: {script: ["test -f there"]}
"""
    assert run(project, text).jobs == {"a": "success", "b": "failed"}
    project.write("there", "")
    r = project.pipe("retry", "--format", "json")
    assert r.status == 0 and r.lines("b") == ["job"] and r.lines("a") == []
    assert any("begins" in e.get("text", "") for e in r.events if e["event"] == "warning") or "begins" in r.text


def test_a_child_has_hooks_of_its_own(project):
    project.write("child.yml", """
hooks: {before_job: pipe.log("child's " .. ctx.run.file), after_run: pipe.fail("child is wrong")}
inner: {script: ["true"]}
""")
    r = run(project, """
hooks: {before_job: pipe.log("parent's"), after_job: 'pipe.log(ctx.job.status)'}
outer: {trigger: {include: child.yml, strategy: depend}}
""")
    assert r.lines("outer -> inner") == ["child's child.yml"]
    assert r.lines("outer") == ["parent's", "failed"]
    assert r.jobs["outer"] == "failed"


def test_a_gate_of_a_trigger_job(project):
    project.write("child.yml", 'inner: {script: ["true"]}\n')
    r = run(project, """outer: {trigger: {include: child.yml}, hooks: {gate: "return false, 'shut'"}}\n""")
    assert r.jobs == {"outer": "failed"} and "shut" in finished(r, "outer")["reason"]


def test_in_a_workspace_of_its_own(project):
    project.git("init", "-q", "-b", "main")
    project.write("data", "from the checkout\n")
    project.write(".gitignore", ".pipe/\n")
    project.write(".pipe.yml", 'a: {script: ["true"], hooks: {before_job: pipe.log(pipe.read("data")), after_job: pipe.log(pipe.read("data"))}}\n')
    project.commit()
    r = project.pipe("run", "--isolate", "--format", "json")
    assert r.lines("a") == ["from the checkout", "", "from the checkout", ""], r.text


# ---- the history of the run itself ----

def test_a_hook_sees_every_job_that_ended_before_it_began(project):
    """Changes of the history are committed in groups: who asks for those of this run makes the group end."""
    chain = "".join(f'j{i}: {{script: ["true"], needs: [{f"j{i - 1}" if i else ""}]}}\n' for i in range(40))
    r = run(project, """
hooks:
  before_job: |
    local ended = 0
    for job in ctx.history.jobs { run = ctx.run.number, status = "success" } do ended = ended + 1 end
    pipe.log(ctx.job.name, ended)
""" + chain)
    assert r.status == 0, r.text
    assert [r.lines(f"j{i}") for i in range(40)] == [[f"j{i}\t{i}"] for i in range(40)]


def test_a_gate_sees_every_job_that_ended_before_it_began(project):
    pairs = "".join(f"""
j{i}: {{script: ["true"], needs: [{f"g{i - 1}" if i else ""}]}}
g{i}:
  uses: gate
  needs: [j{i}]
  with: {{lua: 'return ctx.history.jobs({{run = ctx.run.number, status = "success"}}):count() == {2 * i + 1}'}}
""" for i in range(15))
    r = run(project, pairs)
    assert r.status == 0, r.text
