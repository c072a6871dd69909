"""The quality gate, from a good run of main to a branch that is worse: what each condition says, and what remains of it."""
import fcntl
import os
import pty
import shutil
import struct
import termios

import pytest
from conftest import BUILD
from test_evidence import case, cobertura, junit, quality
from test_stage_engine import bytes_of_state, finished, one

FAILURE = '<failure message="not so"/>'
ALWAYS = "rules: [{when: always}]"
UNIT = f"""
stages: [test, verify, after]
unit:
  stage: test
  {ALWAYS}
  script: ["true"]
  artifacts:
    reports: {{junit: j.xml, codequality: q.json, metrics: m.txt, coverage_report: {{coverage_format: cobertura, path: c.xml}}}}
"""


def gate(with_, **more):
    extra = "".join(f"  {k}: {v}\n" for k, v in more.items())
    return f"{UNIT}quality:\n  stage: verify\n  {ALWAYS}\n  uses: gate\n{extra}  with: {with_}\n"


ALL = """
    tests: {failed: 9, new_failures: 0, flaky: 0, least: 3, skipped: 0, pass_rate: 50}
    coverage: {least: 50 %, changed: 80 %, drop: 1}
    findings: [{new: true}, {severity: high}, {touched: lines}, {touched: files}]
    metrics: [{name: size, growth: 5}, {name: size, most: 200, least: 1}]
    duration: {most: 10 minutes}
    secrets: {missing: ok}
"""
GATE = gate("\n" + ALL)


def good(project):
    """What main looks like."""
    project.write("src/a.c", "".join(f"int a{n};\n" for n in range(10)))
    project.write("src/b.c", "int b;\n")
    project.write("j.xml", junit(case("steady"), case("breaks"), case("old", inner=FAILURE), case("heals", inner=FAILURE)))
    project.write("c.xml", cobertura(a={1: 1, 2: 1, 3: 0, 4: 1}, b={1: 1}))
    project.write("q.json", quality(("unused", "minor", "src/a.c", 2, "unused a"), ("style", "minor", "src/b.c", 1, "style of b")))
    project.write("m.txt", "size 100\n")


def worse(project):
    """What a branch makes of it: lines 11 to 13 of a.c are new."""
    project.write("src/a.c", "".join(f"int a{n};\n" for n in range(13)))
    project.write("j.xml", junit(case("steady"), case("breaks", inner=FAILURE), case("old", inner=FAILURE), case("heals")))
    project.write("c.xml", cobertura(a={1: 1, 2: 1, 3: 0, 4: 1, 11: 0, 12: 1, 13: 0}, b={1: 1}))
    project.write("q.json", quality(("unused", "minor", "src/a.c", 9, "unused a"), ("leak", "major", "src/a.c", 12, "leak in a")))
    project.write("m.txt", "size 111\n")


def table(project, run=None):
    """The conditions by what they are about."""
    shown = project.pipe("show", *([str(run)] if run else []), "--format", "json").json
    return {c["subject"]: (c["value"], c["bound"], c["verdict"], c["detail"] or "") for c in shown["conditions"]}


def verdicts(project, run=None):
    return {k: v[2] for k, v in table(project, run).items()}


@pytest.fixture
def main(project):
    """One good run of main."""
    project.write(".gitlab-ci.yml", GATE)
    good(project)
    project.commit()
    r = project.run()
    assert r.jobs == {"unit": "success", "quality": "success"}, r.text
    return project


@pytest.fixture
def branch(main):
    main.git("checkout", "-q", "-b", "feature")
    worse(main)
    main.commit()
    return main


def request(project, *more):
    return project.run(None, "--as", "merge_request:main", *more)


def test_the_first_run_says_that_there_is_no_baseline_and_passes(main):
    t = table(main)
    compared = {"new failed tests", "coverage of changed lines", "drop of coverage", "new findings", "findings in touched lines",
                "findings in touched files", "growth of size"}
    assert {k for k, v in t.items() if v[2] == "no baseline"} == compared
    assert {k for k, v in t.items() if v[2] == "pass"} == set(t) - compared - {"secrets"}
    assert t["secrets"][0] == "-" and t["secrets"][2] == "no data: ok"
    log = main.pipe("logs", "1", "quality").out
    assert "compared with nothing: no successful run of .gitlab-ci.yml on the branch main is in the history" in log


def test_a_merge_request_that_is_worse(branch):
    r = request(branch)
    assert r.status == 1 and r.jobs == {"unit": "success", "quality": "failed"}
    t = table(branch)
    assert t == {
        "failed tests": ("2", "at most 9", "pass", t["failed tests"][3]),
        "new failed tests": ("1", "at most 0", "fail", "api breaks"),
        "flaky tests": ("0", "at most 0", "pass", ""),
        "tests that ran": ("4", "at least 3", "pass", ""),
        "skipped tests": ("0", "at most 0", "pass", ""),
        "tests that passed": ("50 %", "at least 50 %", "pass", "2 of 4"),
        "coverage": ("62.5 %", "at least 50 %", "pass", "5 of 8 lines"),
        "coverage of changed lines": ("33.33 %", "at least 80 %", "fail", "1 of 3 changed lines"),
        "drop of coverage": ("17.5 points", "at most 1 points", "fail", "62.5 % here, 80.0 % in run 1 of main"),
        "new findings": ("1", "at most 0", "fail", "leak in src/a.c:12"),
        "high+ findings": ("0", "at most 0", "pass", ""),
        "findings in touched lines": ("1", "at most 0", "fail", "leak in src/a.c:12"),
        "findings in touched files": ("2", "at most 0", "fail", t["findings in touched files"][3]),
        "growth of size": ("11 %", "at most 5 %", "fail", "111 here, 100 in run 1 of main"),
        "size": ("111", t["size"][1], "pass", ""),
        "duration": (t["duration"][0], "at most 10m 00s", "pass", ""),
        "secrets": ("-", "at most 0", "no data: ok", "no job of this run has read a report that looks for secrets"),
    }
    reason = finished(r, "quality")["reason"]
    assert reason.startswith("7 of 18 conditions do not hold: new failed tests: 1, wanted at most 0 (api breaks); ") and reason.endswith("; and 4 more")
    assert "compared with run 1 of main" in branch.pipe("logs", "2", "quality").out
    assert [f["rule"] for f in branch.pipe("findings", "--new", "--format", "json").json["findings"]] == ["leak"]


def test_a_branch_that_only_mends_passes(main):
    main.git("checkout", "-q", "-b", "mended")
    main.write("src/b.c", "int b, c;\n")
    main.write("j.xml", junit(case("steady"), case("breaks"), case("old", inner=FAILURE), case("heals")))
    main.write("c.xml", cobertura(a={1: 1, 2: 1, 3: 1, 4: 1}, b={1: 1}))
    main.write("q.json", quality(("unused", "minor", "src/a.c", 2, "unused a")))
    main.write("m.txt", "size 90\n")
    main.commit()
    r = request(main)
    assert r.status == 0, r.text
    t = table(main)
    assert t["drop of coverage"][0] == "-20 points" and t["growth of size"][0] == "-10 %"
    assert t["coverage of changed lines"][0] == "100 %" and t["findings in touched files"][0] == "0"
    assert set(v[2] for v in t.values()) == {"pass", "no data: ok"}


def test_no_changed_line_could_be_covered(main):
    main.git("checkout", "-q", "-b", "words")
    main.write("README", "other words\n")
    main.commit()
    assert request(main).status == 0
    assert table(main)["coverage of changed lines"] == ("100 %", "at least 80 %", "pass", "no line that could be covered has changed")


def test_uncommitted_changes_of_tracked_files_are_part_of_the_change(main):
    main.git("checkout", "-q", "-b", "feature")
    worse(main)
    r = main.run()
    assert table(main)["coverage of changed lines"][:3] == ("33.33 %", "at least 80 %", "fail"), r.text


def test_on_the_target_branch_itself_the_baselines_commit_counts(main):
    worse(main)
    main.commit()
    main.run()
    assert table(main)["coverage of changed lines"][:3] == ("33.33 %", "at least 80 %", "fail")


def test_origins_branch_goes_before_ones_own(main, tmp_path):
    """One's own main may lag behind, or be ahead."""
    main.git("clone", "-q", "--bare", str(main.path), str(tmp_path / "origin.git"))
    main.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    main.git("fetch", "-q", "origin")
    main.git("remote", "set-head", "origin", "main")
    worse(main)
    main.commit("on one's own main, not pushed")
    main.git("checkout", "-q", "-b", "feature")
    main.commit("nothing further")
    request(main)
    assert table(main)["coverage of changed lines"][:3] == ("33.33 %", "at least 80 %", "fail")


def test_outside_git(plain_project):
    plain_project.write(".gitlab-ci.yml", GATE)
    good(plain_project)
    assert plain_project.run().status == 0
    worse(plain_project)
    plain_project.run()
    t = table(plain_project)
    assert t["new findings"][:3] == ("1", "at most 0", "fail"), "the run before is the baseline"
    assert t["coverage of changed lines"][2] == "no baseline" and "Git" in t["coverage of changed lines"][3]


# ---- which run is the baseline ----

def test_a_failed_run_is_passed_over(main):
    worse(main)
    main.commit()
    assert main.run().status == 1
    main.git("checkout", "-q", "-b", "feature")
    request(main)
    t = table(main)
    assert t["growth of size"][3] == "111 here, 100 in run 1 of main"


def test_neither_a_dirty_one_nor_one_of_some_jobs_nor_another_file_nor_a_branch_is_the_baseline(main):
    main.write("m.txt", "size 104\n")
    assert main.run().status == 0  # 2: uncommitted changes
    assert main.pipe("show", "--format", "json").json["run"]["dirty"] is True
    main.git("checkout", "-q", "m.txt")
    assert main.run(None, "unit").status == 0  # 3: some jobs
    assert main.run(None, "--stage", "test").status == 0  # 4
    main.write("other.yml", GATE)
    main.commit()
    assert main.run(None, "--file", "other.yml").status == 0  # 5
    assert main.run(None, "--as", "merge_request:main").status == 0  # 6: of main onto itself, still of main's commit
    main.git("checkout", "-q", "-b", "feature")
    assert request(main).status == 0  # 7
    assert request(main).status == 0  # 8
    detail = table(main, 8)["growth of size"][3]
    assert detail in ("100 here, 100 in run 1 of main", "100 here, 100 in run 6 of main")
    assert table(main, 7)["growth of size"][3] == detail, "a run of the branch is none of main"


def test_a_later_run_does_not_change_what_an_old_one_was_judged_by(branch):
    request(branch)
    before = table(branch, 2)
    branch.git("checkout", "-q", "main")
    branch.write("m.txt", "size 101\n")
    branch.commit()
    assert branch.run().status == 0
    assert table(branch, 2) == before
    new = branch.pipe("findings", "2", "--new", "--format", "json").json["findings"]
    assert [f["rule"] for f in new] == ["leak"], "compared with run 1, not with run 3"
    again = branch.pipe("retry", "2", "quality", "--format", "json")
    assert again.status == 1, again.text


def test_a_kept_good_run_of_main_is_the_newest(main):
    main.write("m.txt", "size 105\n")
    main.commit()
    assert main.run().status == 0
    main.git("checkout", "-q", "-b", "feature")
    assert request(main).status == 0
    assert table(main)["growth of size"][3] == "105 here, 105 in run 2 of main"


# ---- attitudes ----

def test_no_baseline_may_be_a_failure(project):
    good(project)
    project.write(".gitlab-ci.yml", gate("{no_baseline: fail, findings: {new: true}}"))
    project.commit()
    r = project.run()
    assert r.status == 1
    assert verdicts(project) == {"new findings": "no baseline: fail"}
    assert finished(r, "quality")["reason"].startswith("1 of 1 conditions does not hold: new findings: no baseline, wanted at most 0")


def test_no_data_is_a_failure_unless_it_may_be_missing(project):
    y = "quality:\n  uses: gate\n  with: {coverage: 80 %, tests: {least: 1}, secrets: 0, metrics: [{name: x, most: 1}], image_size: 1 MB"
    r = project.run(y + "}\n")
    assert r.status == 1
    assert set(verdicts(project).values()) == {"no data"} and len(verdicts(project)) == 6
    assert [one(r, "evidence", "quality")[k] for k in ("conditions", "failed_conditions")] == [6, 6]
    assert "coverage: no data, wanted at least 80 %" in finished(r, "quality")["reason"] or "failed tests: no data" in finished(r, "quality")["reason"]
    r = project.run(y + ", missing: ok}\n")
    assert r.status == 0
    assert set(verdicts(project).values()) == {"no data: ok"}
    assert [one(r, "evidence", "quality")[k] for k in ("conditions", "failed_conditions")] == [6, 0]
    one_of_them = project.run("quality:\n  uses: gate\n  with: {coverage: {least: 80, missing: ok}, secrets: 0}\n")
    assert one_of_them.status == 1
    assert verdicts(project) == {"coverage": "no data: ok", "secrets": "no data"}


def test_mode_warn_warns_and_the_run_succeeds(project):
    good(project)
    project.write(".gitlab-ci.yml", gate("{mode: warn, coverage: 99, secrets: 0, findings: {new: true}, no_baseline: fail}") +
                  "deploy:\n  stage: after\n  script: [echo deployed]\n")
    project.commit()
    r = project.run()
    assert r.status == 0 and r.jobs == {"unit": "success", "quality": "warning", "deploy": "success"}
    assert verdicts(project) == {"coverage": "warn", "secrets": "no data: warn", "new findings": "no baseline: warn"}
    assert "coverage: 80 %, wanted at least 99 %" in finished(r, "quality")["reason"]
    shown = project.pipe("show")
    assert "success" in shown.out.splitlines()[0] and "warning" in shown.out
    assert project.pipe("history", "--format", "json").json["runs"][0]["status"] == "success"
    # and it may become a baseline
    project.run()
    assert verdicts(project)["new findings"] == "pass"


def test_one_condition_may_warn_while_another_fails(project):
    good(project)
    r = project.run(gate("{coverage: {least: 99, mode: warn}, metrics: [{name: size, most: 200}]}"))
    assert r.status == 0 and r.jobs["quality"] == "warning"
    r = project.run(gate("{coverage: {least: 99, mode: warn}, metrics: [{name: size, most: 50}]}"))
    assert r.status == 1 and r.jobs["quality"] == "failed"
    assert verdicts(project) == {"coverage": "warn", "size": "fail"}


def test_allow_failure_makes_a_failed_gate_a_warning(project):
    good(project)
    r = project.run(gate("{coverage: 99}", allow_failure="true"))
    assert r.status == 0 and r.jobs["quality"] == "warning"
    assert verdicts(project) == {"coverage": "fail"}


@pytest.mark.parametrize("mode, status, job_status, verdict", [("enforce", 1, "failed", "fail"), ("warn", 0, "warning", "warn")])
def test_a_broken_report_of_an_earlier_job_fails_the_gate(project, mode, status, job_status, verdict):
    good(project)
    project.write("j.xml", junit(case("steady"))[:-20])
    r = project.run(gate(f"{{mode: {mode}, coverage: 10}}"))
    assert r.status == status and r.jobs == {"unit": "success", "quality": job_status}
    assert table(project)["reports that could not be read"] == ("1", "at most 0", verdict, "")
    assert "reports that could not be read: 1, wanted at most 0" in finished(r, "quality")["reason"]
    assert "j.xml:1:" in project.pipe("show").out


def test_a_report_of_a_job_that_was_allowed_to_fail_counts(project):
    good(project)
    text = gate("{tests: {failed: 0}}").replace('script: ["true"]', 'script: ["false"]\n  allow_failure: true').replace("  artifacts:\n", "  artifacts:\n    when: always\n")
    r = project.run(text)
    assert r.jobs == {"unit": "warning", "quality": "failed"}
    assert table(project)["failed tests"][:3] == ("2", "at most 0", "fail")


def test_flaky_tests_and_a_bound_for_them(project):
    project.write("j.xml", junit(case("wobbles", inner='<flakyFailure message="once"/>'), case("steady")))
    for name, text in (("c.xml", cobertura(a={1: 1})), ("q.json", "[]"), ("m.txt", "size 1\n")):
        project.write(name, text)
    assert project.run(gate("{tests: {flaky: 1}}")).status == 0
    assert project.run(gate("{tests: {flaky: 0}}")).status == 1
    assert table(project)["flaky tests"] == ("1", "at most 0", "fail", "api wobbles")


def test_duration_and_its_growth(project):
    fast = "slow: {script: [\"true\"]}\nquality:\n  stage: deploy\n  uses: gate\n  with: {duration: {most: 10s, growth: 200}}\n"
    project.write(".gitlab-ci.yml", fast)
    project.commit()
    assert project.run().status == 0
    project.write(".gitlab-ci.yml", fast.replace('"true"', "sleep 2"))
    project.commit()
    r = project.run()
    t = table(project)
    assert r.status == 1 and t["growth of the duration"][2] == "fail" and t["duration"][2] == "pass", t
    assert "in run 1 of main" in t["growth of the duration"][3]


def test_the_gate_sees_what_several_jobs_said_once(project):
    good(project)
    twin = "twin:" + UNIT.split("unit:", 1)[1]
    r = project.run(gate("{findings: 2, coverage: 80, tests: {failed: 4}}") + twin)
    assert r.status == 0, r.text
    t = table(project)
    assert t["findings"][0] == "2" and t["coverage"][3] == "4 of 5 lines"


# ---- what remains ----

def test_an_old_verdict_is_explained_from_the_store_alone(branch, tmp_path):
    request(branch)
    before = table(branch, 2)
    text = branch.pipe("show", "2", "--color", "never").out
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.move(branch.path / ".pipe", alone / ".pipe")
    shutil.rmtree(branch.path)
    branch.path = alone
    assert table(branch, 2) == before
    assert "leak in src/a.c:12" in text and "33.33 %" in text
    ago = [line for line in text.splitlines() if not line.startswith("  started")]
    assert ago == [line for line in branch.pipe("show", "2", "--color", "never").out.splitlines() if not line.startswith("  started")]
    assert branch.pipe("compare", "1", "2", "--format", "json").json["worse"] is True


def on_terminal(project, *args, columns=80):
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(project.path)
        os.execve(BUILD / "pipe", ["pipe", *args, "--color", "never"], {**project.env, "TERM": "xterm"})
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
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
    return out.decode().replace("\r", "").split("\n")


def conditions_part(lines):
    first = next(i for i, line in enumerate(lines) if "CONDITION" in line)
    return lines[first:]


def test_the_table_is_aligned_and_nothing_is_lost_at_eighty_columns(branch):
    request(branch)
    lines = conditions_part(on_terminal(branch, "show"))
    assert max(map(len, lines)) <= 80
    head = lines[0]
    rows = [line for line in lines[1:] if line.strip() and not line.startswith("    ")]
    assert len(rows) == 18
    for row in rows:
        for column in ("CONDITION", "VALUE", "BOUND", "VERDICT"):
            at = head.index(column)
            assert row[at] != " " and row[at - 1] == " ", row
    assert {row[0] for row in rows} == {"✓", "✗", "⊘"}
    assert [row[0] for row in rows if "no data: ok" in row] == ["⊘"]
    folded = " ".join(line.strip() for line in lines)
    for detail in ("62.5 % here, 80.0 % in run 1 of main", "leak in src/a.c:12", "no job of this run has read a report that looks for secrets"):
        assert detail in folded
    wide = conditions_part(branch.pipe("show", "--color", "never").out.splitlines())
    assert len([line for line in wide[1:] if line.strip()]) == 18, "not on a terminal: one line a condition"


def test_very_long_names_do_not_break_the_table(project):
    project.write("m.txt", "x" * 150 + " 5\n")
    for name, text in (("c.xml", cobertura(a={1: 1})), ("q.json", "[]"), ("j.xml", junit(case("a")))):
        project.write(name, text)
    r = project.run(gate("{metrics: [{name: " + "x" * 150 + ", most: 1}]}"))
    assert r.status == 1
    lines = conditions_part(on_terminal(project, "show"))
    assert max(map(len, lines)) <= 80 and "at most 1" in lines[1] and "fail" in lines[1]


def test_no_baseline_has_a_neutral_mark_and_the_gate_no_row_in_the_evidence(main):
    out = main.pipe("show", "--color", "never").out
    assert "✗" not in out and "⊘ new findings" in out
    part = out[out.index("\nevidence\n"):out.index("CONDITION")]
    assert "unit" in part and "quality" not in part
    shown = main.pipe("show", "--format", "json").json
    assert [e["job"] for e in shown["evidence"]] == ["unit"]
    assert {c["job"] for c in shown["conditions"]} == {"quality"}


def test_secrets_are_masked_in_conditions(project):
    project.write("m.txt", 'size{host="hunter2222"} 5\n')
    project.write("j.xml", junit(case("t-hunter2222", inner='<failure message="hunter2222"/>')))
    project.write("q.json", quality(("r-hunter2222", "minor", "src/hunter2222.c", 1, "has hunter2222")))
    project.write("c.xml", cobertura(hunter2222={1: 0}))
    r = project.run(gate("{tests: {failed: 0}, findings: 0, metrics: [{name: hunter2222, most: 1, missing: ok}]}"), "--secret", "PASSWORD=hunter2222")
    assert r.status == 1 and "hunter2222" not in r.text
    t = table(project)
    assert t["failed tests"][3] == "api t-[MASKED]" and t["findings"][3] == "r-[MASKED] in src/[MASKED].c:1"
    assert "[MASKED]" in t
    for args in (["show"], ["tests"], ["findings"], ["coverage"]):
        assert "hunter2222" not in project.pipe(*args, "--format", "json").out
    assert b"hunter2222" not in bytes_of_state(project)
