"""What reports said, looked at: pipe tests, findings, coverage, compare, and what show says of it."""
import fcntl
import json
import os
import pty
import shutil
import struct
import subprocess
import termios
import unicodedata

import pytest
from conftest import BUILD, Project, clean_env

YAML = """
unit:
  script: ["rm -f junit.xml cov.xml", "test ! -e junit.$N || cp junit.$N junit.xml", "test ! -e cov.$N || cp cov.$N cov.xml"]
  artifacts: {when: always, reports: {junit: junit.xml, coverage_report: {coverage_format: cobertura, path: cov.xml}}}
lint:
  script: ["rm -f gl.json", "cp quality.$N gl.json"]
  artifacts: {reports: {codequality: gl.json}}
"""


def case(name, time=0.01, inner=""):
    return f'<testcase classname="api" name="{name}" time="{time}" file="t.py" line="3">{inner}</testcase>'


def junit(*cases):
    return f'<testsuites><testsuite name="api" tests="99">{"".join(cases)}</testsuite></testsuites>'


def cobertura(**files):
    rows = "".join(f'<class name="c" filename="src/{f}.c"><lines>' + "".join(f'<line number="{n}" hits="{h}"/>' for n, h in lines.items()) +
                   "</lines></class>" for f, lines in files.items())
    return f'<?xml version="1.0"?><coverage><packages><package name="p"><classes>{rows}</classes></package></packages></coverage>'


def quality(*issues):
    return json.dumps([{"description": d, "check_name": r, "fingerprint": d, "severity": s, "location": {"path": p, "lines": {"begin": n}}}
                       for r, s, p, n, d in issues])


FAILURE = '<failure message="assert 1 == 2">Traceback\n  line 30\nassert 1 == 2</failure>'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs of a project with reports: the second is worse in some ways and better in others."""
    top = tmp_path_factory.mktemp("evidence")
    for name in ("home", "project"):
        (top / name).mkdir()
    project = Project(top / "project", clean_env(top / "home"))
    project.git("init", "-q", "-b", "main")
    project.write(".gitlab-ci.yml", YAML)
    project.write("junit.1", junit(case("steady"), case("breaks"), case("heals", inner=FAILURE), case("slow", 0.2), case("gone")))
    project.write("junit.2", junit(case("steady"), case("breaks", inner=FAILURE), case("heals"), case("slow", 0.9), case("added")))
    project.write("cov.1", cobertura(a={1: 1, 2: 0, 3: 0, 7: 0, 8: 1, 9: 0}, b={1: 1}))
    project.write("cov.2", cobertura(a={1: 1, 2: 1, 3: 0, 7: 0, 8: 1, 9: 0}, b={1: 1}))
    stays = ("unused", "minor", "src/a.c", 12, "unused variable x")
    project.write("quality.1", quality(stays, ("null", "blocker", "src/b.c", 3, "null pointer p")))
    project.write("quality.2", quality(stays[:3] + (99,) + stays[4:], ("leak", "major", "src/c.c", 5, "memory leak")))
    project.commit()
    for n in "12":
        project.run(None, "-v", f"N={n}")
    return project


@pytest.fixture
def two(made, tmp_path):
    """A copy of it, for this test alone."""
    shutil.copytree(made.path, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project", made.env)


def names(tests):
    return [t["name"] for t in tests]


def test_compare_names_exactly_what_changed(two):
    r = two.pipe("compare", "1", "2", "--format", "json")
    d = r.json
    assert r.status == 1 and d["worse"] is True
    assert (d["before"]["run"], d["after"]["run"]) == (1, 2)
    assert names(d["new_failures"]) == ["breaks"] and d["new_failures"][0]["message"] == "assert 1 == 2"
    assert names(d["fixed"]) == ["heals"]
    assert [(s["test"]["name"], s["before_us"], s["test"]["duration_us"]) for s in d["slower"]] == [("slow", 200000, 900000)]
    assert names(d["new_tests"]) == ["added"] and names(d["removed_tests"]) == ["gone"]
    assert [f["rule"] for f in d["new_findings"]] == ["leak"] and [f["rule"] for f in d["fixed_findings"]] == ["null"]
    assert [(c["path"], c["before"]["lines_hit"], c["after"]["lines_hit"]) for c in d["coverage"]] == [("src/a.c", 2, 3)]
    assert d["counts"] == {k: len(d[k]) for k in d["counts"]}


def test_compare_in_words(two):
    r = two.pipe("compare", "1", "2")
    assert r.status == 1
    for words in ("new failures (1)", "api breaks", "assert 1 == 2", "fixed tests (1)", "api heals", "slower tests (1)", "200ms → 900ms", "new tests (1)",
                  "api added", "removed tests (1)", "api gone", "new findings (1)", "src/c.c:5", "memory leak", "fixed findings (1)", "null pointer p",
                  "coverage by file (1)", "33.3 % → 50.0 %", "coverage 42.9 % → 57.1 %, +14.3"):
        assert words in r.out, words
    assert "steady" not in r.out and "unused variable" not in r.out


def test_the_same_is_not_worse(two):
    r = two.pipe("compare", "2", "2")
    assert r.status == 0 and "no test, finding or covered line differs" in r.out
    two.write("quality.3", quality(("unused", "minor", "src/a.c", 1, "unused variable x")))
    two.write("junit.3", two.read("junit.2").replace(FAILURE, ""))
    two.write("cov.3", two.read("cov.2"))
    two.run(None, "-v", "N=3")
    r = two.pipe("compare", "2", "3", "--format", "json")
    assert r.status == 0 and not r.json["worse"] and names(r.json["fixed"]) == ["breaks"]


def test_what_is_missing_is_worse(two):
    two.run(None, "-v", "N=9")
    r = two.pipe("compare", "2", "3")
    assert r.status == 1
    assert "no report of tests" in r.out and "no report of findings" in r.out and "no report of coverage" in r.out
    assert "fixed findings" not in r.out, "nobody looked"


def test_tests_say_what_failed_first(two):
    r = two.pipe("tests")
    assert r.status == 0
    lines = r.out.splitlines()
    assert lines[0].startswith("run 2") and "4 passed, 1 failed" in lines[0]
    assert r.out.index("failed\n") < r.out.index("api breaks") < r.out.index("t.py:3") < r.out.index("assert 1 == 2") < r.out.index("slowest")
    assert "line 30" not in r.out and "line 30" in two.pipe("tests", "--failed").out
    assert "api heals" in two.pipe("tests", "1", "--failed").out and "slowest" not in two.pipe("tests", "--failed").out
    assert sum("api " in line for line in two.pipe("tests", "--all").out.splitlines()) == 6
    assert "api" not in two.pipe("tests", "--job", "lint").out


def test_tests_as_json(two):
    d = two.pipe("tests", "--format", "json").json
    assert d["run"] == 2 and d["evidence"]["tests"]["failed"] == 1
    by_name = {t["name"]: t for t in d["tests"]}
    assert by_name["breaks"] == {"job": "unit", "suite": "api", "name": "breaks", "file": "t.py", "line": 3, "status": "failed", "expected": False,
                                 "quarantined": False, "failures": 1, "duration_us": 10000, "message": "assert 1 == 2",
                                 "details": "Traceback\n  line 30\nassert 1 == 2"}
    assert names(two.pipe("tests", "--failed", "--format", "json").json["tests"]) == ["breaks"]


def test_findings_by_severity(two):
    out = two.pipe("findings").out
    assert out.index("medium (1)") < out.index("memory leak") < out.index("low (1)") < out.index("src/a.c:99")
    assert "low" not in two.pipe("findings", "--severity", "medium").out.split("\n\n", 1)[1]
    r = two.pipe("findings", "--new")
    assert "new since run 1" in r.out and "memory leak" in r.out and "unused" not in r.out
    assert "everything counts as new" in two.pipe("findings", "1", "--new").err
    d = two.pipe("findings", "1", "--format", "json").json
    assert {(f["severity"], f["rule"], f["path"], f["line"]) for f in d["findings"]} == {("low", "unused", "src/a.c", 12), ("critical", "null", "src/b.c", 3)}
    assert d["baseline"] is None and two.pipe("findings", "--new", "--format", "json").json["baseline"] == 1
    assert two.pipe("findings", "--kind", "secret", "--format", "json").json["findings"] == []
    assert two.pipe("findings", "--kind", "secrets").status == 2


def test_coverage_by_file(two):
    out = two.pipe("coverage").out
    row = next(line for line in out.splitlines() if line.startswith("src/a.c"))
    assert row.split() == ["src/a.c", "6", "50.0", "%", "3-7,", "9"]
    assert next(line for line in out.splitlines() if line.startswith("total")).split() == ["total", "7", "57.1", "%"]
    assert "src/b.c" not in two.pipe("coverage", "--below", "80").out
    d = two.pipe("coverage", "1", "--format", "json").json
    assert d["files"] == [{"path": "src/a.c", "lines": 6, "lines_hit": 2, "branches": 0, "branches_hit": 0, "uncovered": [2, 3, 7, 9]},
                          {"path": "src/b.c", "lines": 1, "lines_hit": 1, "branches": 0, "branches_hit": 0, "uncovered": []}]


def test_show_adds_it_up(two):
    out = two.pipe("show").out
    assert "evidence" in out and "tests 4 passed, 1 failed" in out and "findings 1 medium, 1 low" in out
    d = two.pipe("show", "--format", "json").json
    assert [(e["job"], (e["evidence"]["tests"] or {}).get("passed")) for e in d["evidence"]] == [("unit", 4), ("lint", None)]
    assert {(r["job"], r["path"], r["format"], r["error"]) for r in d["reports"]} == {
        ("unit", "junit.xml", "junit", None), ("unit", "cov.xml", "cobertura", None), ("lint", "gl.json", "codequality", None)}


def test_a_report_that_cannot_be_read_is_told_everywhere(two):
    two.write("junit.4", junit(case("steady"), case("lost", inner=FAILURE))[:-30])
    two.write("quality.4", "[]")
    two.write("cov.4", cobertura(a={1: 1}))
    two.run(None, "-v", "N=4")
    for command in ("tests", "findings", "coverage"):
        assert "cannot read junit.xml:" in two.pipe(command).out, command
    assert two.pipe("tests", "--format", "json").json["tests"] == [], "nothing of a broken report counts"
    show = two.pipe("show", "--format", "json").json
    broken = next(r for r in show["reports"] if r["error"])
    assert broken["path"] == "junit.xml" and broken["line"] >= 1
    assert "junit.xml:" in two.pipe("show").out
    r = two.pipe("compare", "2", "3")
    assert r.status == 1 and "no report of tests" in r.out


def test_without_evidence(project):
    project.run("j: {script: ['true']}\n")
    assert not (project.path / ".pipe" / "evidence.db").exists()
    for command, words in (("tests", "no report of tests"), ("findings", "no report of findings"), ("coverage", "no report of coverage")):
        r = project.pipe(command)
        assert r.status == 0 and words in r.out
        assert project.pipe(command, "--format", "json").json["run"] == 1
    assert project.pipe("compare", "1", "1").status == 0
    assert "evidence" not in project.pipe("show").out
    assert not (project.path / ".pipe" / "evidence.db").exists(), "nobody needs one for reading"


def test_wrong_arguments(two):
    assert two.pipe("compare", "1").status == 2
    assert two.pipe("compare", "1", "x").status == 2 and "a run is a number" in two.pipe("compare", "x", "1").err
    r = two.pipe("compare", "1", "77")
    assert r.status != 0 and "no run 77" in r.err
    assert 'did you mean "unit"' in two.pipe("tests", "--job", "unite").err
    assert two.pipe("findings", "--severity", "bad").status == 2


def test_gc_takes_evidence_along(two):
    def runs():
        q = "SELECT group_concat(DISTINCT scope >> 32) FROM job"
        return subprocess.run(["sqlite3", two.path / ".pipe/evidence.db", q], capture_output=True, text=True, check=True).stdout.strip()
    assert runs() == "1,2"
    two.pipe("gc", "--max-runs", "1", "--dry-run")
    assert runs() == "1,2"
    two.pipe("gc", "--max-runs", "1")
    assert runs() == "2"
    for f in (two.path / ".pipe").glob("pipe.db*"):
        f.unlink()
    two.pipe("gc")
    assert runs() == ""


def test_a_new_history_does_not_inherit_evidence(two):
    for f in (two.path / ".pipe").glob("pipe.db*"):
        f.unlink()
    two.run("j: {script: ['true']}\n")
    assert two.pipe("tests", "1", "--format", "json").json["tests"] == []


def test_hostile_texts_do_not_reach_the_terminal(two):
    evil = "a \u202eevil"
    two.write("junit.5", junit(case("ok", inner=f'<failure message="{evil}"/>')))
    two.write("quality.5", quality(("r\u202e", "minor", "../../etc/passwd", 1, "\u001b]0;title\u0007 text")))
    two.run(None, "-v", "N=5")
    for command in (["tests"], ["findings"], ["compare", "2", "3"], ["show"]):
        out = two.pipe(*command, "--color", "never").out
        assert "\x1b" not in out and "\u202e" not in out and "\x07" not in out


@pytest.mark.parametrize("command", [["tests"], ["tests", "--all"], ["findings"], ["coverage"], ["compare", "1", "2"], ["show"]])
def test_eighty_columns(two, command):
    """On a terminal no line is longer than it is wide."""
    long = "x" * 150
    two.write("junit.6", junit(case(long, inner=f'<failure message="{long}"/>')))
    two.write("quality.6", quality((long, "minor", f"src/{long}.c", 1, long)))
    two.write("cov.6", cobertura(**{long: {n: n % 2 for n in range(1, 200)}}))
    two.run(None, "-v", "N=6")
    command = ["compare", "2", "3"] if command[0] == "compare" else command
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(two.path)
        os.execve(BUILD / "pipe", ["pipe", *command, "--color", "never"], {**two.env, "TERM": "xterm"})
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    out = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    os.waitpid(pid, 0)
    lines = out.decode().replace("\r", "").split("\n")
    assert len(lines) > 3
    for line in lines:
        width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
        assert width <= 80 or line.startswith("  commit"), line
