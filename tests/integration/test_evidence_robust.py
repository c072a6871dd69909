"""Evidence under duress: killed processes, huge, broken and hostile reports, full disks, databases that are gone or foreign."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest
from conftest import BUILD, Project, clean_env
from test_evidence import case, cobertura, junit, quality
from test_processes import end_of, nothing_left, wait_for
from test_stage_engine import GREEN, RED, bytes_of_state, database, finished, one, warnings

JUNIT = "a:\n  script: ['true']\n  artifacts: {when: always, reports: {junit: %s}}\n"
# A build with the address sanitizer needs some times the memory.
TIMES = 10 if b"__asan_init" in (BUILD / "pipe").read_bytes() else 1
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")


def cases(path, count, tail="</testsuite>"):
    """A report with that many tests, fast."""
    with open(path, "wb") as f:
        f.write(b'<testsuite name="s">')
        for start in range(0, count, 1000):
            f.write(b"".join(b'<testcase classname="cls%d" name="test_number_%d" time="0.001" file="tests/test_file.py" line="7"/>\n' % (start, n)
                             for n in range(start, min(start + 1000, count))))
        f.write(tail.encode())


def counts(project, *tables):
    with contextlib.closing(database(project)) as d:
        return tuple(d.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables)


def is_sound(project):
    with contextlib.closing(sqlite3.connect(project.path / ".pipe/evidence.db")) as d:
        return d.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextlib.contextmanager
def mounted(path, options):
    """A small file system."""
    path.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True).returncode:
        pytest.skip("cannot mount")
    try:
        yield lambda o: subprocess.run(["mount", "-o", f"remount,{o}", path], check=True)
    finally:
        subprocess.run(["umount", path], check=True)


# ---- killed ----

@pytest.mark.parametrize("moment", ["early", "middle", "late"])
def test_killed_while_a_report_is_read(project, moment):
    count = 200_000
    cases(project.path / "r.xml", count)
    project.write(".gitlab-ci.yml", JUNIT % "r.xml" + "b: {script: ['true']}\n")
    wal = project.path / ".pipe/evidence.db-wal"
    p = project.start("run", "--format", "json")
    enough = {"early": 1, "middle": 4_000_000, "late": 12_000_000}[moment]
    assert wait_for(lambda: wal.exists() and wal.stat().st_size >= enough or p.poll() is not None)
    p.kill()
    end_of(p)
    assert counts(project, "test", "report", "job") == (0, 0, 0), "nothing half-written is there"
    assert project.pipe("tests", "--format", "json").json["tests"] == []
    r = project.pipe("retry", "--format", "json", timeout=120)
    assert r.status == 0, r.text
    assert one(r, "evidence", "a")["tests"]["passed"] == count
    run = r.events[0]["run"]
    shown = project.pipe("show", str(run), "--format", "json").json
    assert [e["evidence"]["tests"]["passed"] for e in shown["evidence"]] == [count]
    assert database(project).execute("SELECT scope >> 32, count(*) FROM test GROUP BY 1").fetchall() == [(run, count)]
    assert counts(project, "report", "job") == (1, 1) and is_sound(project)


def test_killed_while_a_typed_job_reads_and_the_gate_is_retried(project):
    count = 100_000
    cases(project.path / "made.xml", count)
    project.write(".gitlab-ci.yml", "a:\n  stage: build\n  uses: test\n  with: {command: cp made.xml r.xml, reports: r.xml}\n"
                                    f"g:\n  stage: test\n  uses: gate\n  with: {{tests: {{failed: 0, least: {count}}}}}\n")
    p = project.start("run", "--format", "json")
    wal = project.path / ".pipe/evidence.db-wal"
    assert wait_for(lambda: wal.exists() and wal.stat().st_size > 1_000_000 or p.poll() is not None)
    p.kill()
    end_of(p)
    r = project.pipe("retry", "--format", "json", timeout=120)
    assert r.status == 0 and r.jobs == {"a": "success", "g": "success"}, r.text
    assert counts(project, "test") == (count,)
    assert nothing_left(project)


def test_interrupted_while_a_report_is_read(project):
    """Ctrl-C ends it soon, and leaves nothing."""
    cases(project.path / "r.xml", 400_000)
    project.write(".gitlab-ci.yml", "a:\n  uses: test\n  with: {command: touch r.xml, reports: r.xml}\n")
    p = project.start("run", "--format", "json")
    wal = project.path / ".pipe/evidence.db-wal"
    assert wait_for(lambda: wal.exists() and wal.stat().st_size > 1_000_000 or p.poll() is not None)
    p.send_signal(signal.SIGINT)
    begun = time.monotonic()
    status, out, _ = end_of(p)
    assert status == 130 and time.monotonic() - begun < 3, out
    assert counts(project, "test", "job") == (0, 0)


# ---- huge ----

def peak_kb(p):
    """Waits for a process; its largest resident set.  Not of wait4, which counts what this process held when it forked."""
    peak = 0
    while p.poll() is None:
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{p.pid}/status").read_text())
            peak = max(peak, int(found.group(1))) if found else peak
        time.sleep(0.01)
    return peak


def junit_text(path, megabytes):
    with open(path, "wb") as f:
        f.write(b'<testsuite name="s"><testcase classname="c" name="a"><failure message="m">')
        for _ in range(megabytes):
            f.write((b"x" * 99 + b"\n") * 10000)
        f.write(b'</failure></testcase><testcase classname="c" name="b"/></testsuite>')


def sarif(path, megabytes):
    with open(path, "wb") as f:
        f.write(b'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[')
        for i in range(megabytes):
            row = b",".join(b'{"ruleId":"r%d","message":{"text":"message"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/f%d.c"},'
                            b'"region":{"startLine":%d}}}],"properties":{"filler":"%s"}}' % (j % 7, i % 10, i * 100 + j + 1, b"x" * 9800) for j in range(100))
            f.write((b"," if i else b"") + row)
        f.write(b"]}]}")


@pytest.mark.parametrize("kind", ["junit", "sarif"])
def test_a_huge_report_holds_up_no_other_job_and_takes_no_memory(project, kind, tmp_path):
    {"junit": junit_text, "sarif": sarif}[kind](tmp_path / "big", 100)
    stage = "uses: test\n  with: {command: mv ../big r.xml, reports: r.xml}" if kind == "junit" else \
        "uses: analyze\n  with: {command: mv ../big r.sarif, reports: r.sarif, max: 1000000}"
    ticks = "for i in $(seq 20); do echo tick; sleep 0.02; done"
    project.write(".gitlab-ci.yml", f"big:\n  {stage}\nother: {{script: ['{ticks}']}}\n")
    with open(tmp_path / "out", "wb") as out:
        p = project.start("run", "--format", "json", stdout=out)
        peak = peak_kb(p)
    events = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    said = next(e for e in events if e["event"] == "evidence")
    if kind == "junit":
        assert said["tests"]["failed"] == 1 and said["tests"]["passed"] == 1
    else:
        assert sum(said["findings"][s] for s in ("critical", "high", "medium", "low", "info", "unknown")) == 10000
    times = [e["time"] for e in events if e["event"] == "log" and e["job"] == "other" and e["line"] == "tick"]
    assert len(times) == 20
    assert max(b - a for a, b in zip(times, times[1:])) < 500, "the loop went on"
    assert peak < TIMES * 64 * 1024, f"{peak} kB"
    assert project.pipe("show", "--format", "json").json["run"]["status"] in ("success", "failed")


# ---- broken ----

REPORTS = {
    "junit": ("uses: test\n  with: {command: cp FROM r.xml, reports: r.xml}", "junit", ".xml",
              '<?xml version="1.0"?>\n<testsuites><testsuite name="s">' + "".join(case(f"t{n}") for n in range(8)) + "</testsuite></testsuites>"),
    "cobertura": ("uses: test\n  with: {command: cp FROM c.xml, coverage: c.xml}", None, ".xml", cobertura(a={n: n % 2 for n in range(1, 9)}, b={1: 1}).replace("<coverage>", '<coverage line-rate="0.5">')),
    "codequality": ("uses: analyze\n  with: {command: cp FROM q.json, reports: q.json, fail_on: info, max: 99}", "codequality", ".json",
                    quality(*[("r", "minor", f"src/{n}.c", n + 1, f"text {n}") for n in range(5)])),
    "sarif": ("uses: analyze\n  with: {command: cp FROM q.sarif, reports: q.sarif, fail_on: info, max: 99}", None, ".sarif", json.dumps(
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t", "rules": [{"id": "r"}]}}, "results": [
            {"ruleId": "r", "message": {"text": f"m{n}"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": n + 1}}}]}
            for n in range(4)]}]})),
    "gotest": ("uses: test\n  with: {command: cp FROM r.json, reports: r.json}", None, ".json", "".join(json.dumps(e) + "\n" for e in (
        {"Action": "start", "Package": "p"}, {"Action": "run", "Package": "p", "Test": "TestA"},
        {"Action": "pass", "Package": "p", "Test": "TestA", "Elapsed": 0.1}, {"Action": "run", "Package": "p", "Test": "TestB"},
        {"Action": "pass", "Package": "p", "Test": "TestB", "Elapsed": 0.1}, {"Action": "pass", "Package": "p", "Elapsed": 0.2}))),
    "tap": ("uses: test\n  with: {command: cp FROM r.tap, reports: r.tap}", None, ".tap", "TAP version 13\n1..3\nok 1 - a\nok 2 - b\nok 3 - c\n"),
}


@pytest.mark.parametrize("kind", REPORTS)
def test_cut_anywhere_a_report_is_never_good_news(project, kind):
    stage, reports, suffix, whole = REPORTS[kind]
    data = whole.encode()
    places = sorted({len(data) * n // 24 for n in range(24)} | {len(data) - 2, len(data.rstrip()) - 1})
    text = ""
    for cut in places:
        name = f"cut{cut}{suffix}"
        project.write(name, data[:cut])
        text += f"typed{cut}:\n  {stage.replace('FROM', name)}\n".replace("r.xml", f"r{cut}.xml").replace(" c.xml", f" c{cut}.xml").replace(
            " q.json", f" q{cut}.json").replace(" q.sarif", f" q{cut}.sarif").replace(" r.json", f" r{cut}.json").replace(" r.tap", f" r{cut}.tap")
        if reports:
            text += f"plain{cut}:\n  script: ['touch {name}']\n  artifacts: {{when: always, reports: {{{reports}: {name}}}}}\n"
    r = project.run(text, "-j4", "--keep-going", timeout=120)
    for cut in places:
        if kind == "tap" and data[:cut].count(b"\nok") == 3:
            continue  # a bare "ok" is a whole line of TAP, and the plan has been kept
        assert r.jobs[f"typed{cut}"] == "failed", (cut, data[:cut])
        assert re.search(r"cannot be read|no report|empty|failed|TestB|planned|never ended|did not", finished(r, f"typed{cut}")["reason"]), cut
        if reports:
            assert any(f"cut{cut}{suffix}" in w for w in warnings(r) if "older" not in w), cut
            e = one(r, "evidence", f"plain{cut}")
            assert e["broken_reports"] == 1 and e["reports"] == 0 and not e["tests"] and not e["findings"], cut
    project.write("whole" + suffix, whole)
    r = project.run(f"whole:\n  {stage.replace('FROM', 'whole' + suffix)}\n")
    assert r.status == 0, r.text


def test_entity_bombs_and_addresses_in_reports(project):
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    project.write("bomb.xml", f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]><testsuite name="s"><testcase classname="c" name="a"><failure message="m">&l9;</failure></testcase></testsuite>')
    project.write("quadratic.xml", f'<!DOCTYPE x [<!ENTITY a "{"x" * 50000}">]><testsuite name="s"><testcase classname="c" name="a"><failure>{"&a;" * 50000}</failure></testcase></testsuite>')
    project.write("outside.xml", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite name="s"><testcase classname="c" name="a"><failure message="m">&a;</failure></testcase></testsuite>')
    project.write("deep.xml", "<testsuite>" * 200000)
    project.write("deep.json", "[" * 1000000)
    text = "".join(f"{n}:\n  script: [touch {n}.{x}]\n  artifacts: {{reports: {{{k}: {n}.{x}}}}}\n" for n, x, k in
                   (("bomb", "xml", "junit"), ("quadratic", "xml", "junit"), ("outside", "xml", "junit"), ("deep", "xml", "junit"), ("deep", "json", "codequality")))
    text = text.replace("deep:\n  script: [touch deep.json", "deeper:\n  script: [touch deep.json")
    begun = time.monotonic()
    p = project.write(".gitlab-ci.yml", text) and project.start("run", "--format", "json", stdout=open(project.path / "out.json", "wb"))
    peak = peak_kb(p)
    assert time.monotonic() - begun < 20 and peak < TIMES * 96 * 1024, peak
    events = [json.loads(line) for line in project.read("out.json").splitlines()]
    broken = {e["job"] for e in events if e["event"] == "evidence" and e["broken_reports"] == 1 and not e["tests"]}
    assert broken >= {"bomb", "quadratic", "deep", "deeper"}
    assert b"root:" not in bytes_of_state(project)


# ---- what is no report ----

@pytest.mark.parametrize("typed", [False, True])
def test_links_pipes_directories_and_loops(project, tmp_path, typed):
    (tmp_path / "outside.xml").write_text(RED)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/in.xml").write_text(RED)
    makes = {
        "absolute": f"ln -s {tmp_path}/outside.xml r.xml", "relative": "ln -s ../outside.xml r.xml", "parent": f"ln -s {tmp_path}/out d",
        "fifo": "mkfifo r.xml", "directory": "mkdir r.xml", "loop": "ln -s r.xml r.xml", "dangling": "ln -s nothing r.xml", "device": "ln -s /dev/zero r.xml",
        "proc": "ln -s /proc/self/environ r.xml",
    }
    for name, make in makes.items():
        path = "d/in.xml" if name == "parent" else "r.xml"
        make = f"rm -rf r.xml d; {make}"
        y = f"a:\n  uses: test\n  with: {{command: '{make}', reports: {path}}}\n" if typed else f"a:\n  script: ['{make}']\n  artifacts: {{reports: {{junit: {path}}}}}\n"
        r = project.run(y, timeout=20)
        evidence = [e for e in r.events if e["event"] == "evidence"]
        assert not [e for e in evidence if e["tests"]], name
        assert len(evidence) == (name not in ("directory", "parent", "fifo")) and all(e["broken_reports"] == 1 for e in evidence), (name, evidence)
        if typed:
            assert r.jobs == {"a": "failed"} and finished(r, "a")["reason"], name
        else:
            assert r.jobs == {"a": "success"}, name
            if name not in ("directory", "dangling", "parent"):
                assert any("r.xml" in w for w in warnings(r)), (name, warnings(r))


def test_ten_thousand_reports(project):
    for n in range(10_000):
        project.write(f"out/r{n}.xml", junit(case(f"t{n}")))
    r = project.run(JUNIT % "'out/*.xml'", timeout=120)
    assert r.status == 0
    e = one(r, "evidence", "a")
    assert e["tests"]["passed"] == 10_000 and e["reports"] == 10_000 and not e["broken_reports"]
    project.write("out/one-more.xml", junit(case("more")))
    r = project.run(JUNIT % "'out/*.xml'" + "g:\n  stage: deploy\n  uses: gate\n  with: {tests: {failed: 0}}\n", timeout=120)
    assert any("more than 10000 files match it" in w for w in warnings(r))
    assert r.jobs["g"] == "failed", "what was not read is not good"


@pytest.fixture
def somebodys(tmp_path):
    """A project of a user who may not read everything, and how to be that user."""
    if os.geteuid() != 0:
        path, more = tmp_path, {}
    else:
        path, more = pathlib.Path(tempfile.mkdtemp(prefix="pipe-test-")), {"user": 65534, "group": 65534, "extra_groups": []}
    for name in ("home", "project"):
        (path / name).mkdir()
    p = Project(path / "project", clean_env(path / "home"))
    try:
        if more and subprocess.run([BUILD / "pipe", "version"], capture_output=True, cwd="/", **more).returncode:
            pytest.skip("nobody else can run it")
        yield p, more
    except PermissionError:
        pytest.skip("nobody else can run it")
    finally:
        if more:
            shutil.rmtree(path)


def test_a_file_that_cannot_be_read(somebodys):
    project, more = somebodys
    project.write(".gitlab-ci.yml", "a:\n  uses: test\n  with: {command: 'echo > r.xml; chmod 000 r.xml', reports: r.xml}\n"
                                    "b:\n  script: ['echo > s.xml; chmod 000 s.xml']\n  artifacts: {reports: {junit: s.xml}}\n")
    if more:
        for name in (project.path.parent, project.path, project.path.parent / "home", project.path / ".gitlab-ci.yml"):
            os.chown(name, 65534, 65534)
    r = project.run(None, **more)
    assert r.jobs == {"a": "failed", "b": "failed"}, r.text
    assert finished(r, "b")["reason"] == "s.xml: Permission denied", "it cannot be kept, either"
    assert "r.xml: it cannot be opened: Permission denied" in finished(r, "a")["reason"]
    assert any("s.xml: it cannot be opened: Permission denied" in w for w in warnings(r))


# ---- the disk, the directory, the database ----

@needs_root
@pytest.mark.parametrize("typed", [False, True])
def test_a_full_disk_while_evidence_is_written(project, tmp_path, typed):
    cases(project.path / "r.xml", 100_000)
    small = tmp_path / "state"
    project.write(".gitlab-ci.yml", ("a:\n  uses: test\n  with: {command: touch r.xml, reports: r.xml}\n" if typed else JUNIT % "r.xml") +
                  "g:\n  stage: deploy\n  uses: gate\n  with: {missing: ok, tests: {failed: 0}}\n")
    project.write("good.yml", "a: {script: ['echo well']}\n")
    with mounted(small, "size=3m") as remount:
        project.env["PIPE_STATE_DIR"] = str(small)
        assert project.run(None, "--file", "good.yml").status == 0
        r = project.run()
        assert r.status in (1, 3), r.text
        assert "disk is full" in r.text, r.text
        assert r.jobs.get("a") != "success" and r.jobs.get("g") != "success", "nobody may believe that nothing failed"
        remount("size=200m")
        assert project.pipe("show", "1", "--format", "json").json["run"]["status"] == "success"
        assert "well" in project.pipe("logs", "1", "a").out
        assert project.pipe("show", "2").status == 0
        again = project.pipe("retry", "2", "--format", "json", timeout=120)
        assert again.status == 0, again.text
        assert one(again, "evidence", "a")["tests"]["passed"] == 100_000


@needs_root
def test_a_state_directory_that_may_only_be_read(project, tmp_path):
    state = tmp_path / "state"
    project.write("r.xml", RED)
    project.write(".gitlab-ci.yml", JUNIT % "r.xml")
    with mounted(state, "size=20m") as remount:
        project.env["PIPE_STATE_DIR"] = str(state)
        assert project.run().status == 0
        remount("ro")
        for args in (["show"], ["tests"], ["findings"], ["coverage"], ["compare", "1", "1"]):
            r = project.pipe(*args)
            assert r.status == 0, (args, r.text)
        assert "c b" in project.pipe("tests").out
        r = project.run()
        assert r.status == 3 and "read" in r.err.lower() and not r.jobs, r.text
        assert project.pipe("gc").status == 3


def test_evidence_deleted_by_hand(project):
    project.write("r.xml", RED)
    project.write("q.json", quality(("r", "minor", "a.c", 1, "m")))
    project.write(".gitlab-ci.yml", "a:\n  script: ['true']\n  artifacts: {reports: {junit: r.xml, codequality: q.json}}\n"
                                    "g:\n  stage: deploy\n  uses: gate\n  with: {tests: {failed: 1, new_failures: 0}, findings: {new: true}}\n")
    project.commit()
    assert project.run().status == 0
    for f in (project.path / ".pipe").glob("evidence.db*"):
        f.unlink()
    for args in (["show"], ["tests"], ["findings"], ["coverage"]):
        assert project.pipe(*args).status == 0, args
    shown = project.pipe("show", "--format", "json").json
    assert shown["run"]["status"] == "success" and shown["evidence"] == shown["conditions"] == []
    r = project.run()
    assert r.status == 0, r.text
    conditions = {c["subject"]: c for c in project.pipe("show", "--format", "json").json["conditions"]}
    for subject, what in (("new failed tests", "report with tests"), ("new findings", "report that looks for findings")):
        assert conditions[subject]["verdict"] == "no baseline" and f"run 1 of main has no {what}" in conditions[subject]["detail"]
    assert project.run().status == 0
    assert {c["verdict"] for c in project.pipe("show", "--format", "json").json["conditions"]} == {"pass"}


def break_newer(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as d:
        d.execute("PRAGMA user_version = 99")


def break_foreign(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as d:
        d.execute("PRAGMA application_id = 7")


def break_text(path):
    for f in path.parent.glob("evidence.db*"):
        f.unlink()
    path.write_bytes(b"this is no database, and long enough to be seen as such" * 100)


def break_middle(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as d:
        d.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    for n in range(4096, len(data)):
        data[n] = 0xA5
    path.write_bytes(data)


@pytest.mark.parametrize("damage, words", [(break_newer, "newer pipe"), (break_foreign, "another program"), (break_text, "not a database"),
                                           (break_middle, "damaged")])
@pytest.mark.parametrize("typed", [False, True])
def test_a_database_that_is_not_ours_to_use(project, damage, words, typed):
    project.write("r.xml", GREEN)
    project.run((JUNIT % "r.xml") + "b: {script: ['true']}\n")
    path = project.path / ".pipe/evidence.db"
    damage(path)
    before = path.read_bytes()
    for args in (["tests"], ["tests", "--format", "json"], ["show", "--format", "json"]):
        r = project.pipe(*args)
        assert r.status == 3 and words in r.err and "evidence.db" in r.err, (args, r.text)
    assert project.pipe("history").status == 0 and project.pipe("logs", "1", "a").status == 0
    y = "a:\n  uses: test\n  with: {command: touch r.xml, reports: r.xml}\n" if typed else JUNIT % "r.xml"
    r = project.run(y + "b: {script: ['true']}\ng:\n  stage: deploy\n  uses: gate\n  with: {missing: ok, tests: {failed: 0}}\n")
    assert r.status in (1, 3) and words in r.text, r.text
    assert r.jobs["a"] == "failed" and r.jobs["b"] == "success" and r.jobs.get("g") != "success"
    if damage is not break_middle:
        assert path.read_bytes() == before, "it is left as it is"
    for f in (project.path / ".pipe").glob("evidence.db*"):
        f.unlink()
    assert project.pipe("retry", "--format", "json").status == 0


def test_jobs_without_reports_do_not_mind(project):
    project.run(JUNIT % "nothing.xml")
    project.write(".pipe/evidence.db", "no database")
    assert project.run("a: {script: ['true']}\nb:\n  uses: build\n  with: {command: 'true'}\n").jobs["a"] == "success"


# ---- together ----

def test_two_pipes_write_evidence_at_once(project, tmp_path):
    project.write(".gitlab-ci.yml", "".join(f"j{n}:\n  script: ['true']\n  artifacts: {{reports: {{junit: r{n}.xml}}}}\n" for n in range(4)))
    for n in range(4):
        cases(project.path / f"r{n}.xml", 20_000)
    ps = [project.start("run", "--isolate", "--format", "json", "-j4", stdout=open(tmp_path / f"out{n}", "wb")) for n in range(3)]
    assert [p.wait(timeout=60) for p in ps] == [0, 0, 0], [p.stderr.read() for p in ps]
    d = database(project)
    assert d.execute("SELECT scope >> 32, count(*) FROM test GROUP BY 1").fetchall() == [(n, 80_000) for n in (1, 2, 3)]
    assert d.execute("SELECT count(*) FROM test_case").fetchone() == (20_000,), "what they are called is kept once"
    assert is_sound(project)


def test_reading_while_another_writes(project):
    project.write("r.xml", RED)
    project.run(JUNIT % "r.xml")
    cases(project.path / "r.xml", 200_000)
    p = project.start("run", "--format", "json")
    wal = project.path / ".pipe/evidence.db-wal"
    assert wait_for(lambda: wal.exists() and wal.stat().st_size > 1_000_000 or p.poll() is not None)
    begun = time.monotonic()
    assert [t["name"] for t in project.pipe("tests", "1", "--failed", "--format", "json").json["tests"]] == ["b"]
    assert project.pipe("show", "2", "--format", "json").json["evidence"] == []
    assert time.monotonic() - begun < 2
    assert end_of(p)[0] == 0


def test_secrets_are_masked_in_every_kind_of_evidence(project):
    s = "hunter2222"
    project.write("j.xml", f'<testsuite name="{s}"><testcase classname="c.{s}" name="t {s}" file="{s}.py"><failure message="m {s}">long {s}</failure></testcase></testsuite>')
    project.write("q.json", quality((f"rule-{s}", "minor", f"src/{s}.c", 3, f"text {s}")))
    project.write("m.txt", f'# HELP size of {s}\nsize{{host="{s}"}} 5\n{s} 6\n')
    project.write("c.xml", cobertura(**{s: {1: 1}}))
    project.write("bom.json", json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"type": "library", "name": f"lib{s}", "version": s, "purl": f"pkg:x/{s}@1"}]}))
    project.write("broken.xml", f"<testsuite name='{s}'><{s}></testsuite>")
    r = project.run("""
a:
  script: ["true"]
  artifacts:
    reports: {junit: [j.xml, broken.xml], codequality: q.json, metrics: m.txt, cyclonedx: bom.json, coverage_report: {coverage_format: cobertura, path: c.xml}}
""", "--secret", f"PASSWORD={s}")
    assert s not in r.text
    assert counts(project, "test", "finding", "metric", "component", "coverage", "report") == (1, 1, 2, 1, 1, 6)
    assert s.encode() not in bytes_of_state(project)
    assert project.pipe("tests", "--format", "json").out.count("[MASKED]") >= 5


def test_gc_takes_the_evidence_of_a_run_with_it(project):
    for n in range(3):
        project.write("r.xml", junit(case(f"only-in-{n}", inner=f'<failure message="words-of-{n}"/>')))
        project.write("q.json", quality((f"rule-{n}", "minor", "a.c", 1, f"finding-of-{n}")))
        project.run("a:\n  script: ['true']\n  artifacts: {reports: {junit: r.xml, codequality: q.json}}\n")
    assert project.pipe("gc", "--max-runs", "1").status == 0
    d = database(project)
    for table in ("job", "test", "finding", "report", "job_finding"):
        assert d.execute(f"SELECT DISTINCT scope >> 32 FROM {table}").fetchall() == [(3,)], table
    assert d.execute("SELECT name FROM test_case").fetchall() == [("only-in-2",)]
    assert d.execute("SELECT message FROM test_text").fetchall() == [("words-of-2",)]
    assert sorted(w for (w,) in d.execute("SELECT text FROM word") if "of-" in w or "rule-" in w) == ["finding-of-2", "rule-2"]
    assert project.pipe("tests", "1").status != 0
