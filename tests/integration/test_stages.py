"""uses: build, test and analyze as people use them: with the real tools, from the file to `pipe tests`, `pipe findings` and the verdict."""
import datetime
import json
import shutil
import signal
import socket
import subprocess
import textwrap

import pytest
from test_processes import end_of, nothing_left, started
from test_stage_engine import finished, no_tools, warnings

TAP_GREEN = "TAP version 13\n1..2\nok 1 - a\nok 2 - b\n"
TAP_RED = "TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b\n"


def needs(*tools):
    """Skips, and says why, where one of them is not installed."""
    missing = [t for t in tools if not shutil.which(t)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def has_pytest():
    return shutil.which("python3") and subprocess.run(["python3", "-m", "pytest", "--version"], capture_output=True).returncode == 0


needs_pytest = pytest.mark.skipif(not has_pytest(), reason="python3 has no pytest")


def text(t):
    return textwrap.dedent(t)


def outcomes(project, *args):
    """(suite, name) -> (status, job) of the last run."""
    return {(t["suite"], t["name"]): (t["status"], t["job"]) for t in project.pipe("tests", "--format", "json", *args).json["tests"]}


def findings_of(project, *args):
    """(path, line, rule) of the last run."""
    return [(f["path"], f["line"], f["rule"]) for f in project.pipe("findings", "--format", "json", *args).json["findings"]]


def reason(r, job):
    return finished(r, job)["reason"]


def day(days):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)).isoformat()


# ---- tools ----

def test_tools_that_are_missing_are_one_error_that_names_jobs_and_packages(project):
    project.write("app/CMakeLists.txt", "project(x)\n")
    project.write("web/package.json", "{}")
    project.write("setup.cfg", "")
    r = project.run(text("""
        first: {stage: .pre, needs: [], script: [touch ran]}
        compile: {uses: build, needs: [], with: {directory: app}}
        unit: {uses: test, needs: [], with: {directory: app}}
        web: {uses: build, needs: [], with: {directory: web}}
        py: {uses: test, needs: []}
        lint: {uses: analyze, needs: [], with: {tool: cppcheck}}
        lint2: {uses: analyze, needs: [], with: {tool: cppcheck}}
    """), env=no_tools(project))
    assert r.status == 3, r.text
    assert r.err.count("pipe: ") == 1 and r.err.startswith("pipe: 5 tools are missing or too old:\n"), r.err
    for line in ('cmake >= 3.13 for "compile": not found', 'ctest >= 3.21 for "unit": not found', 'npm for "web": not found',
                 'pytest >= 4.6 for "py": not found', 'cppcheck >= 2.0 for "lint", "lint2": not found'):
        assert f"\n  {line}\n" in r.err, (line, r.err)
    assert "\non Debian: apt-get install cmake npm python3-pytest cppcheck\n" in r.err
    assert not r.out and not (project.path / "ran").exists()


def test_tools_that_are_too_old_or_broken_say_what_was_found(project):
    project.write("setup.cfg", "")
    env = no_tools(project, cppcheck="echo Cppcheck 1.90", python3="echo '/x/python3: No module named pytest' >&2; exit 1")
    r = project.run(text("""
        lint: {uses: analyze, with: {tool: cppcheck}}
        py: {uses: test}
    """), env=env)
    assert r.status == 3
    assert f'cppcheck >= 2.0 for "lint": found 1.90 at {env["PATH"]}/cppcheck' in r.err
    assert f'pytest >= 4.6 for "py": found {env["PATH"]}/python3, but it says "/x/python3: No module named pytest"' in r.err
    assert "apt-get install cppcheck python3-pytest" in r.err


def test_a_kind_of_project_that_is_not_recognised_says_what_was_looked_for(project):
    r = project.run("a: {uses: build}\nb: {uses: test, with: {directory: void}}\nc: {uses: build, with: {directory: ../..}}\n")
    assert r.status == 2 and "the directory \"../..\" leads out of the workspace" in r.text
    r = project.run("a: {uses: build}\nb: {uses: test, with: {directory: void}}\n")
    assert r.status == 1
    assert "no CMakeLists.txt, meson.build, Cargo.toml, go.mod, pom.xml" in reason(r, "a") and '"command"' in reason(r, "a")
    assert 'there is no directory "void"' in reason(r, "b")


# ---- build ----

@needs("make", "gcc")
def test_build_keeps_outputs_and_judges_warnings_of_files_of_the_workspace(project):
    project.write("sub/Makefile", "all:\n\t$(MAKE) -C deep\ndeep/app: \n")
    project.write("sub/deep/Makefile", "all: app\napp: app.c\n\tgcc -Wall -o app app.c\n")
    project.write("sub/deep/app.c", "int main(void)\n{\n\tint unused;\n\treturn 0;\n}\n")
    project.commit()
    yaml = "compile:\n  uses: build\n  with: {{directory: sub, outputs: [sub/deep/app], max_warnings: {}}}\n"
    r = project.run(yaml.format(1))
    assert r.jobs == {"compile": "success"}, r.text
    assert findings_of(project) == [("sub/deep/app.c", 3, "-Wunused-variable")]
    [artifact] = project.pipe("artifacts", "--format", "json").json["artifacts"]
    assert artifact["files"] == 1
    (project.path / "sub/deep/app").unlink()
    r = project.run(yaml.format(0))
    assert reason(r, "compile") == "the compilers gave 1 warning, and max_warnings is 0"


@needs("cmake", "ctest", "make", "gcc")
def test_cmake_is_built_tested_run_again_and_divided(project):
    project.write("CMakeLists.txt", text("""
        cmake_minimum_required(VERSION 3.13)
        project(x C)
        enable_testing()
        foreach(i RANGE 1 6)
          add_test(NAME t${i} COMMAND sh -c "true")
        endforeach()
        add_test(NAME "shaky.c++" COMMAND sh -c "test -e $SEEN || { touch $SEEN; exit 1; }")
    """))
    r = project.run(text("""
        stages: [build, test]
        compile: {stage: build, uses: build}
        unit: {stage: test, uses: test, variables: {SEEN: one}, with: {rerun_failed: 1}}
        parts: {stage: test, uses: test, variables: {SEEN: two}, needs: [compile], with: {shards: 4, rerun_failed: 1}}
    """))
    assert r.status == 0, r.text
    assert r.jobs["unit"] == "warning" and reason(r, "unit") == "1 of 7 tests passed only on another try: shaky.c++", r.text
    assert sorted(s for j, s in r.jobs.items() if j.startswith("parts")) == ["success", "success", "success", "warning"]
    found = [(t["name"], t["job"]) for t in project.pipe("tests", "--format", "json").json["tests"]]
    assert sorted(n for n, job in found if job == "unit") == ["shaky.c++", "t1", "t2", "t3", "t4", "t5", "t6"]
    assert sorted(n for n, job in found if job != "unit") == ["shaky.c++", "t1", "t2", "t3", "t4", "t5", "t6"]
    assert len({job for _, job in found}) == 5


# ---- test: verdicts ----

@needs_pytest
def test_pytest_is_found_and_what_fails_is_named(project):
    project.write("pytest.ini", "[pytest]\n")
    project.write("tests/test_cart.py", "class TestCart:\n    def test_empty(self): pass\n    def test_total(self): assert 3 == 4\n")
    r = project.run("unit: {uses: test}\n")
    assert r.status == 1
    assert reason(r, "unit") == "1 of 2 tests failed: tests.test_cart.TestCart test_total (assert 3 == 4)"
    assert outcomes(project)[("tests.test_cart.TestCart", "test_empty")] == ("passed", "unit")
    assert not (project.path / ".pytest_cache").exists()
    project.write("tests/test_cart.py", "import nothing_like_that\n")
    r = project.run()
    assert r.status == 1 and "tests.test_cart" in reason(r, "unit")
    (project.path / "tests/test_cart.py").unlink()
    r = project.run()
    assert reason(r, "unit") == "the command failed with exit code 5, and no test ran"


def test_reports_and_exit_status_are_both_believed(project):
    project.write("green.tap", TAP_GREEN)
    project.write("red.tap", TAP_RED)
    r = project.run(text("""
        green: {uses: test, with: {command: cat green.tap > a.tap, reports: a.tap}}
        red: {uses: test, with: {command: cat red.tap > b.tap, reports: b.tap}}
        both: {uses: test, with: {command: cat red.tap > c.tap; exit 3, reports: c.tap}}
        contradicts: {uses: test, with: {command: cat green.tap > d.tap; exit 3, reports: d.tap}}
        silent: {uses: test, with: {command: exit 3}}
        none: {uses: test, with: {command: "true", reports: e.tap}}
        cut: {uses: test, with: {command: "head -c 28 green.tap > f.tap", reports: {format: tap, path: f.tap}}}
        few: {uses: test, with: {command: cat green.tap > g.tap, reports: g.tap, least: 3}}
        killed: {uses: test, with: {command: "cat green.tap > h.tap; kill -ABRT $$", reports: h.tap}}
    """))
    assert [j for j, s in r.jobs.items() if s == "success"] == ["green"]
    assert reason(r, "red") == reason(r, "both") == "1 of 2 tests failed: b"
    assert reason(r, "contradicts") == "the command failed with exit code 3 although its reports show no failure"
    assert reason(r, "silent") == "the tests failed with exit code 3"
    assert reason(r, "none") == 'no report matches "e.tap"'
    assert "1 test did not run" in reason(r, "cut")
    assert reason(r, "few") == "2 tests ran, and at least 3 must"
    assert "killed by signal 6" in reason(r, "killed")


@needs("cargo")
def test_cargo_prints_what_people_read(project):
    project.write("Cargo.toml", '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("src/lib.rs", text('''
        pub fn add(a: i32, b: i32) -> i32 { a + b }
        #[test]
        fn adds() { assert_eq!(add(1, 2), 3); }
        #[test]
        fn wrong() {
            println!("test liar ... ok");
            assert_eq!(add(1, 2), 4);
        }
    ''').lstrip())
    env = {"CARGO_HOME": str(project.path.parent / "cargo"), "CARGO_NET_OFFLINE": "true", "RUSTUP_HOME": subprocess.run(
        ["rustup", "show", "home"], capture_output=True, text=True).stdout.strip() if shutil.which("rustup") else ""}
    r = project.run("unit: {uses: test, with: {rerun_failed: 1}}\n", env=env, timeout=300)
    assert r.status == 1, r.text
    assert reason(r, "unit") == "1 of 2 tests failed: shop (src/lib.rs) wrong (assertion `left == right` failed)", r.text
    assert outcomes(project) == {("shop (src/lib.rs)", "adds"): ("passed", "unit"), ("shop (src/lib.rs)", "wrong"): ("failed", "unit")}
    assert any(line.endswith("cargo test --no-fail-fast -- wrong") for line in r.lines("unit"))


@needs("go")
def test_go_runs_failed_tests_again_and_is_divided_by_packages(project):
    project.write("go.mod", "module example.com/shop\n\ngo 1.18\n")
    project.write("a/a_test.go", text('''
        package a
        import ("os"; "testing")
        func TestShaky(t *testing.T) {
            t.Run("inner one", func(t *testing.T) {
                if _, err := os.Stat("seen"); err != nil { os.WriteFile("seen", nil, 0o644); t.Fatal("once") }
            })
        }
    '''))
    project.write("b/b_test.go", 'package b\nimport "testing"\nfunc TestB(t *testing.T) {}\n')
    env = {"GOFLAGS": "-mod=mod", "GOCACHE": str(project.path.parent / "gocache")}
    r = project.run("unit: {uses: test, with: {shards: 2, rerun_failed: 2}}\n", env=env, timeout=300)
    assert sorted(r.jobs.values()) == ["success", "warning"], r.text
    found = outcomes(project)
    assert found[("example.com/shop/a", "TestShaky/inner_one")][0] == "flaky"
    assert found[("example.com/shop/b", "TestB")][0] == "passed"
    lines = [line for job in r.jobs for line in r.lines(job) if line.startswith("$ ")]
    assert sorted(lines) == ["$ go test -json -count=1 -run '^(TestShaky)$' ./a", "$ go test -json ./a", "$ go test -json ./b"]


# ---- flaky, quarantine ----

def test_what_passes_on_another_try_is_flaky(project):
    project.write("red.tap", TAP_RED)
    project.write("green.tap", TAP_GREEN)
    r = project.run(text("""
        once: {uses: test, with: {rerun_failed: 2, reports: once.tap,
          command: 'if [ -e seen ]; then cat green.tap; else touch seen; cat red.tap; fi > once.tap; test ! -s x'}}
        named: {uses: test, with: {rerun_failed: 1, reports: named.tap, command: "cat red.tap > named.tap; exit 1",
          rerun_command: 'test "$PIPE_TESTS" = b && printf "1..1\\nok 1 - b\\n" > named.tap'}}
        never: {uses: test, with: {rerun_failed: 2, reports: never.tap, command: "cat red.tap > never.tap; exit 1"}}
    """))
    assert r.jobs == {"once": "warning", "named": "warning", "never": "failed"}
    assert r.status == 1
    assert reason(r, "once") == reason(r, "named") == "1 of 2 tests passed only on another try: b"
    assert [line for line in r.lines("never") if "run again" in line] == ["1 failed: run again (1 of 2)", "1 failed: run again (2 of 2)"]
    assert [t["failures"] for t in project.pipe("tests", "--format", "json", "--job", "once").json["tests"] if t["name"] == "b"] == [1]


def test_a_test_that_fails_every_third_time_is_named_with_its_rate(project):
    project.write("t.sh", text("""
        n=$(($(cat n 2>/dev/null || echo 0) + 1)); echo $n > n
        broken=not; [ $n -gt 8 ] && [ $n -lt 12 ] || broken=
        shaky=; [ $((n % 3)) = 0 ] && shaky=not
        printf '1..3\\nok 1 - solid\\n%s ok 2 - shaky\\n%s ok 3 - was broken\\n' "$shaky" "$broken" | sed 's/^ //' > r.tap
    """))
    for _ in range(21):
        project.run("unit: {uses: test, with: {command: sh t.sh, reports: r.tap}}\n")
    out = project.pipe("tests").out
    assert "unreliable over the last runs of this branch" in out and "failed in 7 of 20 runs (35 %)" in out
    [row] = project.pipe("tests", "--format", "json").json["unreliable"]
    assert row == {"job": "unit", "suite": None, "name": "shaky", "file": None, "runs": 20, "failures": 7}
    project.git("checkout", "-q", "-b", "other")
    project.run()
    assert project.pipe("tests", "--format", "json").json["unreliable"] == []


def test_a_quarantined_test_runs_and_stops_being_one_after_its_day(project):
    project.write("red.tap", TAP_RED)
    yaml = "unit: {uses: test, with: {command: cat red.tap > r.tap; exit 1, reports: r.tap, quarantine: q.yml}}\n"
    project.write("q.yml", f'- test: "b"\n  until: {day(0)}\n  reason: "#12"\n')
    r = project.run(yaml)
    assert r.jobs == {"unit": "success"}, r.text
    [b] = [t for t in project.pipe("tests", "--format", "json").json["tests"] if t["name"] == "b"]
    assert b["status"] == "failed" and b["quarantined"]
    assert "quarantine" in project.pipe("tests").out
    project.write("q.yml", f'- test: "b"\n  until: {day(-1)}\n  reason: "#12"\n')
    r = project.run()
    assert r.jobs == {"unit": "failed"} and reason(r, "unit") == "1 of 2 tests failed: b"
    assert f'q.yml: the quarantine of "b" ended on {day(-1)}: it counts again (#12)' in r.lines("unit")
    project.write("q.yml", '- test: "b"\n  until: 31.12.2026\n  reason: x\n')
    r = project.run()
    assert r.status == 2 and "q.yml:2:10: \"31.12.2026\" is no day: write one as YYYY-MM-DD" in r.err


# ---- shards ----

@needs_pytest
def test_shards_cover_each_file_once_and_follow_past_durations(project):
    project.write("p/pytest.ini", "[pytest]\n")
    for i in range(9):
        sleep = 0.4 if i == 7 else 0
        project.write(f"p/tests/test_{i}.py", f"import time\ndef test_one(): time.sleep({sleep})\nclass TestMore:\n    def test_two(self): pass\n")
    yaml = "unit: {uses: test, with: {directory: p, shards: 4}}\n"
    for _ in range(2):
        r = project.run(yaml)
        assert r.status == 0 and len(r.jobs) == 4, r.text
        found = project.pipe("tests", "--format", "json").json["tests"]
        assert sorted((t["suite"], t["name"]) for t in found) == sorted(
            x for i in range(9) for x in ((f"tests.test_{i}", "test_one"), (f"tests.test_{i}.TestMore", "test_two")))
    said = [line for job in r.jobs for line in r.lines(job) if line.startswith("shard ")]
    assert len(said) == 4 and all("about" in s for s in said)
    slow = [t["job"] for t in found if t["suite"] == "tests.test_7"]
    assert len(set(slow)) == 1 and {t["suite"].split(".")[1] for t in found if t["job"] == slow[0]} == {"test_7"}


def test_shards_of_a_command_are_in_its_environment_and_the_same_when_repeated(project):
    for i in range(7):
        project.write(f"t/{i}.t", "")
    yaml = text("""
        unit:
          uses: test
          with:
            shards: 3
            tests: t/*.t
            reports: $CI_NODE_INDEX.tap
            command: |
              n=0; for f in $PIPE_TESTS; do n=$((n + 1)); echo "ok $n - $f"; done > $CI_NODE_INDEX.tap; echo 1..$n >> $CI_NODE_INDEX.tap
              test -e fine || test $CI_NODE_INDEX != 2
    """)
    r = project.run(yaml)
    assert r.status == 1 and sorted(r.jobs.values()) == ["failed", "success", "success"]
    assert sorted(n for _, n in outcomes(project)) == [f"t/{i}.t" for i in range(7)]
    project.write("fine", "")
    r = project.pipe("retry", "--format", "json")
    assert r.status == 0, r.text
    assert sorted(n for _, n in outcomes(project)) == [f"t/{i}.t" for i in range(7)]


# ---- setup, services, teardown ----

def test_setup_and_teardown_surround_the_tests_in_every_case(project):
    r = project.run(text("""
        good: {uses: test, with: {setup: echo setup, command: echo tests, teardown: echo teardown}}
        red: {uses: test, with: {setup: echo setup, command: "false", teardown: echo teardown}}
        broken: {uses: test, with: {setup: "false", command: touch never, teardown: echo teardown}}
        dirty: {uses: test, with: {command: echo tests, teardown: "false"}}
    """))
    assert r.jobs == {"good": "success", "red": "failed", "broken": "failed", "dirty": "success"}
    assert [x for x in r.lines("good") if x[0] != "$"] == ["setup", "tests", "teardown"]
    assert "teardown" in r.lines("red") and "teardown" in r.lines("broken")
    assert reason(r, "broken") == '"false" failed with exit code 1' and not (project.path / "never").exists()


def test_teardown_is_done_when_the_run_is_cancelled(project):
    project.write(".gitlab-ci.yml", text("""
        a:
          uses: test
          with:
            services: {name: api, command: sleep 300}
            command: touch started; sleep 300
            teardown: touch torn-down
    """))
    p = project.start("run")
    assert started(project)
    p.send_signal(signal.SIGINT)
    status, out, err = end_of(p)
    assert status == 130, (out, err)
    assert (project.path / "torn-down").exists() and nothing_left(project)


@needs("python3")
def test_services_are_waited_for_and_gone_afterwards(project):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    project.write("www/index.html", "hello")
    r = project.run(text(f"""
        integration:
          uses: test
          with:
            type: integration
            directory: www
            services:
              - {{name: web, command: [python3, -u, -m, http.server, "{port}", --bind, 127.0.0.1]}}
            wait_for:
              - {{tcp: "127.0.0.1:{port}", timeout: 20 seconds}}
              - {{http: "http://127.0.0.1:{port}/index.html", service: web}}
              - {{log: GET, service: web}}
            command: [python3, -c, "import urllib.request as u; assert u.urlopen('http://127.0.0.1:{port}/').read() == b'hello'"]
    """))
    assert r.jobs == {"integration": "success"}, r.text
    assert nothing_left(project)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


# ---- analyze ----

FAULTY = "int f(void)\n{\n\tint *p = 0;\n\treturn *p;\n}\n"


@needs("cppcheck")
def test_new_findings_are_those_that_the_target_branch_does_not_have(project):
    yaml = "lint: {uses: analyze, with: {tool: cppcheck, directory: src, new: true, fail_on: medium}}\n"
    project.write("src/old.c", FAULTY)
    project.write(".gitlab-ci.yml", yaml)
    project.commit()
    r = project.run()
    assert r.jobs == {"lint": "success"}, r.text
    assert any("what is new cannot be said: " in line for line in r.lines("lint"))
    project.git("checkout", "-q", "-b", "feature")
    project.write("src/old.c", "/* moved */\n" + FAULTY)
    r = project.run()
    assert r.jobs == {"lint": "success"}, r.text
    project.write("src/new.c", FAULTY.replace("f(", "g("))
    r = project.run()
    assert reason(r, "lint") == "1 new finding of severity medium and above: src/new.c:4: high: Null pointer dereference: p [nullPointer]"
    assert findings_of(project, "--new") == [("src/new.c", 4, "nullPointer")]
    assert len(findings_of(project)) == 2


@needs("gcc")
def test_touched_lines_and_files_of_a_directory(project):
    project.write("sub/a.c", FAULTY)
    project.write("sub/b.c", FAULTY)
    yaml = ("lint: {uses: analyze, with: {directory: sub, command: [gcc, -Wall, -fanalyzer, -c, -o, /dev/null, a.c], fail_on: medium, touched: %s}}\n"
            "other: {uses: analyze, with: {directory: sub, command: [gcc, -Wall, -fanalyzer, -c, -o, /dev/null, b.c], fail_on: medium, touched: files}}\n")
    project.write(".gitlab-ci.yml", "lint: {script: ['true']}\n")
    project.commit()
    assert project.run().status == 0
    project.git("checkout", "-q", "-b", "feature")
    project.write("sub/a.c", FAULTY + "int x;\n")
    r = project.run(yaml % "lines")
    assert r.jobs == {"lint": "success", "other": "success"}, r.text
    r = project.run(yaml % "files")
    assert r.jobs == {"lint": "failed", "other": "success"}, r.text
    assert "in files that this change touched: sub/a.c:4: medium: " in reason(r, "lint")
    project.write("sub/a.c", FAULTY.replace("return *p;", "return *p + 1;"))
    r = project.run(yaml % "lines")
    assert "1 finding of severity medium and above on lines that this change touched: sub/a.c:4: " in reason(r, "lint")


ANALYSERS = {
    "cppcheck": ("a.c", FAULTY, {("a.c", 4, "nullPointer")}),
    "clang-tidy": ("a.c", FAULTY, {("a.c", 4, "clang-analyzer-core.NullDereference")}),
    "shellcheck": ("a.sh", "#!/bin/sh\necho $1\nunused=1\n", {("a.sh", 2, "SC2086"), ("a.sh", 3, "SC2034")}),
    "pylint": ("a.py", '"""Doc."""\nprint(nothing)\n', {("a.py", 2, "undefined-variable")}),
    "flake8": ("a.py", "print(nothing)\n", {("a.py", 1, "F821")}),
    "ruff": ("a.py", "print(nothing)\n", {("a.py", 1, "F821")}),
    "mypy": ("a.py", 'x: int = "a"\n', {("a.py", 1, "assignment")}),
    "bandit": ("a.py", 'import subprocess\nsubprocess.call("ls " + input(), shell=True)\n', {("a.py", 1, "B404"), ("a.py", 2, "B602")}),
}


@pytest.mark.parametrize("tool", [pytest.param(t, marks=needs(t)) for t in ANALYSERS])
def test_analysers_are_run_and_read(project, tool):
    name, bad, expected = ANALYSERS[tool]
    project.write(name, bad)
    r = project.run(f"lint: {{uses: analyze, with: {{tool: {tool}, fail_on: info}}}}\n")
    assert r.jobs == {"lint": "failed"}, r.text
    assert set(findings_of(project)) == expected, r.text
    assert f"{len(expected)} finding{'s' if len(expected) > 1 else ''} of severity info and above: {name}:" in reason(r, "lint")
    r = project.run(f"lint: {{uses: analyze, with: {{tool: {tool}, fail_on: none}}}}\n")
    assert r.jobs == {"lint": "success"}, r.text


@needs("cppcheck")
def test_an_analyser_that_did_not_work_is_no_clean_bill(project):
    project.write("a.c", "int a;\n")
    r = project.run(text("""
        option: {uses: analyze, with: {tool: cppcheck, args: [--no-such-option], fail_on: none}}
        nothing: {uses: analyze, with: {tool: clang-tidy, paths: ["*.cpp"]}}
        command: {uses: analyze, with: {command: exit 7, fail_on: none}}
        clean: {uses: analyze, with: {tool: cppcheck}}
    """))
    assert r.jobs["clean"] == "success" and list(r.jobs.values()).count("failed") == 3
    assert "the analyser failed with exit code 1, and no finding explains it" in reason(r, "option")
    assert "no file matches *.cpp" in reason(r, "nothing")
    assert "exit code 7, and no finding explains it" in reason(r, "command")


def test_a_report_of_one_long_line_in_the_log_is_read_whole(project):
    results = [{"level": "error", "message": {"text": "x" * 200}, "ruleId": "r", "locations": [
        {"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": i + 1}}}]} for i in range(2000)]
    runs = [{"tool": {"driver": {"name": "t"}}, "results": results}]
    project.write("a.sarif", json.dumps({"version": "2.1.0", "runs": runs}))
    project.write("tools/hadolint", "#!/bin/sh\ncat a.sarif\nexit 1\n").chmod(0o755)
    project.write("Dockerfile", "FROM x\n")
    r = project.run("lint: {uses: analyze, variables: {PATH: $CI_PROJECT_DIR/tools:/usr/bin:/bin}, with: {tool: hadolint}}\n")
    assert reason(r, "lint").startswith("2000 findings of severity high and above: "), r.text
    assert not warnings(r)


# ---- before_script ----

def test_what_before_script_exports_reaches_the_steps(project):
    """As activating a virtual environment does: a PATH with a tool in front, a variable, also an odd one; not the directory."""
    tool = project.write("venv/bin/mytool", "#!/bin/sh\necho \"mine, $LEVEL, $ODD, in $(basename \"$PWD\")\"\n")
    tool.chmod(0o755)
    project.write("sub/x", "")
    r = project.run(text("""
        build:
          uses: build
          before_script:
            - export PATH="$PWD/venv/bin:$PATH"
            - |
              export LEVEL="a b" ODD="it's
              two"
            - cd sub
          with: {command: [mytool]}
    """))
    assert r.status == 0, r.text
    log = project.pipe("logs", "1", "build").out
    assert f"mine, a b, it's\ntwo, in {project.path.name}" in log, log
    assert "env -0" not in log


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_before_script_may_end_early_or_trace_itself(project, shell):
    r = project.run(text(f"""
        early: {{uses: build, shell: {shell}, before_script: [export A=1, exit 0], with: {{command: 'echo "A is ${{A:-lost}}"'}}}}
        trace: {{uses: build, shell: {shell}, before_script: [set -x, export A=1], with: {{command: 'echo "A is ${{A:-lost}}"'}}}}
        fails: {{uses: build, shell: {shell}, before_script: [export A=1, "false"], with: {{command: 'echo never'}}}}
    """))
    assert r.status == 1, r.text
    assert "A is lost" in project.pipe("logs", "1", "early").out
    assert "A is 1" in project.pipe("logs", "1", "trace").out
    assert "never" not in project.pipe("logs", "1", "fails").out.replace("echo never", "")
    assert not list((project.path / ".pipe").rglob("*.environment"))
