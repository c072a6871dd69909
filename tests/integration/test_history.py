"""What is kept of runs, how it is looked at, repeated, cancelled and removed."""
import json
import signal
import subprocess
import time

import pytest

TWO = "stages: [a, b]\none: {stage: a, script: [echo 1]}\ntwo: {stage: b, script: ['test -e ok']}\n"

RUN_FIELDS = {"run", "status", "started", "finished", "duration_ms", "file", "name", "source", "commit", "branch", "title", "dirty", "jobs", "failed", "parent"}
JOB_FIELDS = {"index", "name", "stage", "status", "allow_failure", "exit_code", "attempts", "queued", "started", "finished", "duration_ms", "reason",
              "failure", "coverage", "log_bytes", "log_lines"}


def show(project, *args):
    return project.pipe("show", "--format", "json", *args).json


def runs(project, *args):
    return project.pipe("history", "--format", "json", *args).json["runs"]


def wait_for(what, seconds=10):
    end = time.time() + seconds
    while not what():
        assert time.time() < end
        time.sleep(0.02)


def test_documents_have_the_promised_fields(project):
    project.run(TWO)
    row = runs(project)[0]
    assert RUN_FIELDS <= set(row)
    doc = show(project)
    assert doc["run"] == row and set(doc) >= {"run", "jobs", "transitions", "artifacts"}
    assert all(JOB_FIELDS <= set(j) for j in doc["jobs"])
    assert all({"index", "attempt", "time", "status", "reason"} <= set(t) for t in doc["transitions"])
    assert row["status"] == "failed" and row["failed"] == 1 and row["jobs"] == 2 and row["branch"] == "main"
    assert row["commit"] == project.git("rev-parse", "HEAD").strip() and row["title"] == "first"
    assert [(j["name"], j["status"], j["exit_code"]) for j in doc["jobs"]] == [("one", "success", 0), ("two", "failed", 1)]


def test_dirty_means_changed_and_not_committed(project):
    project.write(".gitlab-ci.yml", "j: {script: ['true']}\n")
    project.commit()
    project.run(None)
    project.write("README", "changed\n")
    project.run(None)
    assert [r["dirty"] for r in runs(project)] == [True, False]


def test_the_definition_is_the_expanded_one_and_runs_again(project):
    project.write("more.yml", ".t: {before_script: [echo before]}\nin: {extends: .t, script: [echo included]}\n")
    project.run("include: more.yml\nvariables: {A: '1'}\nj: {extends: .t, script: [!reference [in, script], echo own]}\n")
    text = project.pipe("show", "--definition").out
    assert "include:" not in text and "!reference" not in text and "echo included" in text
    project.write("again.yml", text)
    assert project.pipe("lint", "--file", "again.yml").status == 0
    assert project.run(None, "--file", "again.yml").lines("j") == ["before", "included", "own"]


def test_variables_of_a_run(project):
    project.run("variables: {A: file, B: file}\nj: {script: ['true']}\n", "-v", "A=command line")
    kept = json.loads(project.pipe("show", "--variables").out)
    assert kept["A"] == "command line" and kept["B"] == "file" and kept["CI_PIPELINE_SOURCE"] == "push"


def test_transitions_say_when_and_why(project):
    project.run("stages: [a, b]\nbad: {stage: a, retry: 1, script: [exit 3]}\nnext: {stage: b, script: ['true']}\n")
    seen = [(t["index"], t["attempt"], t["status"]) for t in show(project)["transitions"]]
    assert seen.index((0, 1, "running")) < seen.index((0, 2, "running")) < seen.index((0, 2, "failed")) < seen.index((1, 0, "skipped"))
    reasons = {(t["index"], t["status"]): t["reason"] for t in show(project)["transitions"]}
    assert "exit code 3" in reasons[0, "failed"] and "bad" in reasons[1, "skipped"]
    assert "exit code 3" in project.pipe("show", "--events").out


def test_children_are_runs_of_their_own_and_linked(project):
    project.write("child.yml", "c: {script: [echo from child, exit 1]}\n")
    r = project.run("t: {trigger: {include: child.yml, strategy: depend}}\n")
    child, parent = runs(project)
    assert (child["parent"], child["source"], child["file"], child["status"]) == (parent["run"], "parent_pipeline", "child.yml", "failed")
    assert f"run {child['run']}" in show(project)["jobs"][0]["reason"]
    assert show(project)["run"]["run"] == parent["run"], "without RUN the user's own last run is meant"
    assert project.pipe("logs", str(child["run"]), "c").out == "from child\n"
    assert {e["run"] for e in r.events if e.get("job") == "t -> c"} == {child["run"]}


def test_logs_from_a_line_with_times_and_as_json(project):
    project.run("j: {script: ['seq 5']}\n")
    assert project.pipe("logs", "j").out == "1\n2\n3\n4\n5\n"
    assert project.pipe("logs", "1", "j", "--from-line", "4").out == "4\n5\n"
    assert project.pipe("logs", "j", "--from-line", "99").out == ""
    stamped = project.pipe("logs", "j", "--times").out.splitlines()
    assert len(stamped) == 5 and stamped[2].startswith("[") and stamped[2].endswith("] 3")
    lines = [json.loads(line) for line in project.pipe("logs", "j", "--format", "json").out.splitlines()]
    assert [(x["number"], x["line"]) for x in lines] == [(i, str(i)) for i in range(1, 6)]


LONG = """
a: {script: ['seq -f "line %.0f of a long log" 1 200000']}
"""


def logs_on_disk(project):
    return sorted(str(f.relative_to(project.path / ".pipe/runs")) for f in (project.path / ".pipe/runs").rglob("*.log*"))


def test_a_long_log_is_compressed_while_a_later_run_works(project):
    assert project.run(LONG).status == 0
    whole = "".join(f"line {i} of a long log\n" for i in range(1, 200001))
    assert project.pipe("logs", "1", "a").out == whole
    project.write(".gitlab-ci.yml", "b: {script: ['sleep 30']}\n")
    with project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        wait_for(lambda: logs_on_disk(project) == ["1/0.log.zst"] and not list((project.path / ".pipe/compress").iterdir()))
        p.send_signal(signal.SIGINT)
        p.wait()
    assert project.pipe("logs", "1", "a").out == whole
    assert project.pipe("logs", "1", "a", "--from-line", "199999").out == "line 199999 of a long log\nline 200000 of a long log\n"


def test_gc_compresses_what_no_run_had_time_for(project):
    for _ in range(2):
        assert project.run(LONG).status == 0
    assert project.pipe("gc").status == 0
    assert logs_on_disk(project) == ["1/0.log.zst", "2/0.log.zst"]
    assert not list((project.path / ".pipe/compress").iterdir())
    assert project.pipe("logs", "2", "a", "--from-line", "200000").out == "line 200000 of a long log\n"


def test_logs_follow_until_the_job_ends(project):
    project.write(".gitlab-ci.yml", "j: {script: [echo first, 'while ! test -e go; do sleep 0.02; done', echo last]}\n")
    run = project.start("run")
    wait_for(lambda: project.pipe("logs", "j").out == "first\n")
    follow = project.start("logs", "--follow", "j")
    time.sleep(0.2)
    assert follow.poll() is None
    project.write("go", "")
    assert follow.communicate(timeout=10)[0] == b"first\nlast\n" and follow.returncode == 0
    assert run.wait(10) == 0


def test_cancel_from_another_terminal(project):
    project.write(".gitlab-ci.yml", "stages: [a, b]\nj: {stage: a, script: [echo begun, sleep 60], after_script: ['echo after $CI_JOB_STATUS']}\nn: {stage: b, script: ['true']}\n")
    run = project.start("run", "--format", "json")
    wait_for(lambda: project.pipe("logs", "j").out == "begun\n")
    assert project.pipe("cancel", "--format", "json").json == {"run": 1, "cancelled": True}
    assert run.wait(15) == 130
    doc = show(project)
    assert doc["run"]["status"] == "cancelled" and {j["status"] for j in doc["jobs"]} == {"cancelled"}
    assert project.pipe("logs", "j").out == "begun\nafter canceled\n"
    again = project.pipe("cancel")
    assert again.status != 0 and "not running" in again.err


def test_a_reason_is_not_said_twice(project):
    project.write(".gitlab-ci.yml", "slow: {script: [echo begun, sleep 30]}\n")
    run = project.start("run")
    wait_for(lambda: project.pipe("logs", "slow").out == "begun\n")
    assert project.pipe("cancel").status == 0 and run.wait(10) == 130
    assert "cancelled" in project.pipe("show").out and "cancelled: cancelled" not in project.pipe("show", "--events").out


def test_retry_goes_on_under_the_same_number(project):
    project.run(TWO)
    project.write("ok", "")
    r = project.pipe("retry", "--format", "json")
    assert r.status == 0 and "one" not in {e.get("job") for e in r.events if e["event"] == "job_started"}
    assert [(x["run"], x["status"]) for x in runs(project)] == [(1, "success")]
    assert [j["attempts"] for j in show(project)["jobs"]] == [1, 2]
    assert "nothing to repeat" in project.pipe("retry").err


@pytest.mark.parametrize("again", [["retry"], ["run", "--from-failed"]])
def test_the_estimate_is_of_what_is_left_to_do(project, again):
    project.write("ok", "")
    file = "one: {script: [sleep 1.2]}\ntwo: {needs: [one], script: [test -e ok]}\nm: {when: manual, script: ['true']}\n"
    assert project.run(file).status == 0
    (project.path / "ok").unlink()
    assert project.run(file).status == 1
    r = project.pipe(*again, "--format", "json")
    assert r.events[0]["event"] == "run_started" and r.events[0]["expected_ms"] < 1000


def test_from_failed_and_retry_job_are_new_runs(project):
    project.run(TWO, "-v", "KEEP=me")
    project.write("ok", "")
    r = project.run(None, "--from-failed")
    assert r.status == 0 and r.jobs == {"one": "success", "two": "success"}
    assert [e["job"] for e in r.events if e["event"] == "job_started"] == ["two"]
    r = project.pipe("retry", "1", "two", "--format", "json")
    assert r.status == 0 and [e["job"] for e in r.events if e["event"] == "job_started"] == ["two"]
    assert [x["run"] for x in runs(project)] == [3, 2, 1]
    assert json.loads(project.pipe("show", "--variables", "2").out)["KEEP"] == "me"


def test_from_failed_keeps_what_was_given_and_takes_more(project):
    yaml = "j: {script: ['echo $A$B', 'test \"$B\" = 3']}\n"
    project.run(yaml, "-v", "A=1", "-v", "B=2")
    assert project.run(None, "--from-failed", "-v", "B=3").lines("j") == ["13"]


def test_retry_after_editing_the_file(project):
    project.run(TWO)
    project.write(".gitlab-ci.yml", TWO.replace("test -e ok", "echo mended"))
    assert project.pipe("retry", "--format", "json").lines("two") == ["mended"]
    project.run(TWO)
    project.write(".gitlab-ci.yml", TWO.replace("test -e ok", "echo mended") + "more: {stage: b, script: [echo more]}\n")
    r = project.pipe("retry", "--format", "json")
    assert r.status == 0 and [e["job"] for e in r.events if e["event"] == "job_started"] in (["two", "more"], ["more", "two"])
    assert "other jobs" in r.err and [(x["run"], x["status"]) for x in runs(project)][0] == (3, "success")
    assert runs(project)[1]["status"] == "failed", "the old run stays as it was"


def test_gc_by_count_age_and_size_leaves_what_runs(project):
    project.write(".gitlab-ci.yml", "j: {script: [head -c 100000 /dev/urandom > f], artifacts: {paths: [f]}, cache: {key: k, paths: [f]}}\n")
    for _ in range(4):
        project.pipe("run")
    dry = project.pipe("gc", "--max-runs", "3", "--dry-run", "--format", "json").json
    assert dry["dry_run"] is True and dry["runs"] == 1 and dry["bytes"] > 100000 and len(runs(project)) == 4
    done = project.pipe("gc", "--max-runs", "3", "--format", "json").json
    assert {k: done[k] for k in ("runs", "bytes")} == {k: dry[k] for k in ("runs", "bytes")} and len(runs(project)) == 3
    project.pipe("gc", "--max-size", "250K")
    assert 1 <= len(runs(project)) <= 2
    assert not (project.path / ".pipe" / "runs" / "1").exists()
    project.write("slow.yml", "s: {script: [echo begun, 'while ! test -e go; do sleep 0.02; done', echo done]}\n")
    run = project.start("run", "--file", "slow.yml")
    wait_for(lambda: project.pipe("logs", "s").out == "begun\n")
    assert project.pipe("gc", "--max-runs", "0").status == 2
    before = runs(project)
    bare = project.pipe("gc", "--max-age", "30")
    assert bare.status == 2 and 'such as "30d"' in bare.err and runs(project) == before, "30 of what?"
    time.sleep(1.1)
    assert project.pipe("gc", "--max-runs", "1", "--max-age", "1s", "--max-size", "1").status == 0
    assert [(x["status"], x["file"]) for x in runs(project)] == [("running", "slow.yml"), ("success", ".gitlab-ci.yml")], "the last of each file stays"
    project.write("go", "")
    assert run.wait(10) == 0 and project.pipe("logs", "s").out == "begun\ndone\n"


def test_gc_removes_expired_artifacts_only(project):
    project.run("j: {script: [echo > f], artifacts: {paths: [f], expire_in: 1 second}}\nk: {script: [echo > g], artifacts: {paths: [g], expire_in: never}}\n")
    time.sleep(1.1)
    assert project.pipe("gc", "--format", "json").json["artifacts"] == 1
    assert [a["job"] for a in project.pipe("artifacts", "--format", "json").json["artifacts"]] == ["k"]
    assert len(runs(project)) == 1


def test_a_newer_commit_of_the_branch_ends_what_is_interruptible(project):
    yaml = "workflow: {auto_cancel: {on_new_commit: %s}}\na: {interruptible: true, script: [echo begun, sleep 1.5]}\nb: {interruptible: %s, script: [echo begun, sleep 0.8]}\n"
    for policy, b, expected in (("conservative", "true", {"a": "cancelled", "b": "cancelled"}), ("conservative", "false", {"a": "success", "b": "success"}),
                                ("interruptible", "false", {"a": "cancelled", "b": "success"}), ("none", "true", {"a": "success", "b": "success"})):
        project.write(".gitlab-ci.yml", yaml % (policy, b))
        project.write("quick.yml", "q: {script: ['true']}\n")
        project.commit()
        run = project.start("run", "--format", "json", "--jobs", "2")
        wait_for(lambda: [project.pipe("logs", j).out for j in "ab"] == ["begun\n"] * 2)
        second = project.start("run", "--format", "json", "--jobs", "1")  # of the same commit: not newer
        wait_for(lambda: project.pipe("logs", "a").out == "begun\n" and len(runs(project)) % 3 == 2)
        project.pipe("cancel")
        second.wait(10)
        assert run.poll() is None
        project.commit("newer")
        third = project.start("run", "--format", "json", "--jobs", "2")
        wait_for(lambda: len(runs(project)) % 3 == 0)
        out = run.communicate(timeout=20)[0].decode()
        project.pipe("cancel")
        third.wait(20)
        ended = {e["job"]: e["status"] for e in map(json.loads, out.splitlines()) if e["event"] == "job_finished"}
        assert ended == expected, (policy, b, out)


def test_resource_groups_hold_between_processes(project):
    project.write(".gitlab-ci.yml", "a: {resource_group: $G, script: ['mkdir held', 'sleep 0.3', 'rmdir held']}\n")
    first = [project.start("run", "-v", "G=prod") for _ in range(2)]
    assert [r.wait(20) for r in first] == [0, 0]


def test_the_last_run_has_a_name(project):
    project.write(".pipe.yml", "a: {script: [echo hello]}\nb: {script: ['true'], artifacts: {paths: [.pipe.yml]}}\n")
    project.pipe("run")
    project.pipe("run")
    assert project.pipe("show", "last", "--format", "json").json["run"]["run"] == 2
    assert project.pipe("logs", "last", "a").out == "hello\n"
    missing = project.pipe("logs", "last")
    assert missing.status == 2 and "which job of the last run?" in missing.err and "a, b" in missing.err
    assert [a["job"] for a in project.pipe("artifacts", "last", "b", "--format", "json").json["artifacts"]] == ["b"]
    assert project.pipe("compare", "1", "last").status == 0
    assert project.pipe("tests", "last", "--format", "json").json["run"] == 2
    assert 'or "last"' in project.pipe("show", "first").err
