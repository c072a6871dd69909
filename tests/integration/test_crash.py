"""A killed `pipe`: what it had shown is kept, what it had started is ended, and what did not succeed can be repeated."""
import collections
import contextlib
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import time

import pytest

LOOPS = int(os.environ.get("PIPE_CRASH_LOOPS", "50"))
ENOUGH = 55  # seconds: a busy machine makes fewer loops, if nobody asked for a number
JOBS = 8
# Whatever is asked first finds the lost run and ends what is left of it.
LOOKS = (["history"], ["show"], ["plan"], ["lint"], ["gc"], ["logs", "a0"], ["cancel"], ["graph"], ["artifacts"], ["explain", "a0"])
DONE = {"success", "warning"}


def job(name, stage, needs=None, script="", more=""):
    wait = f", needs: [{', '.join(needs)}]" if needs is not None else ""
    return f"{name}: {{stage: {stage}, shell: sh{wait}, script: ['printf \"%s\\n\" {name} >> ran'{script}]{more}}}\n"


def mixture():
    """200 jobs: 40 free ones, 40 with artifacts and a sleep, 60 in a layered graph, 40 by stage, 20 that leave processes behind."""
    text = "stages: [a, b, c, d]\n"
    for i in range(40):
        text += job(f"a{i}", "a")
    for i in range(40):
        text += job(f"m{i}", "b", script=f", 'echo {i} > out{i}', 'sleep 0.0{i % 5 + 1}'", more=f", artifacts: {{paths: [out{i}]}}")
    for i in range(60):
        text += job(f"g{i}", "b", [f"a{i}"] if i < 20 else [f"g{i - 20}", f"g{i - 19 if i % 20 != 19 else i - 20}"][: 1 + (i % 20 != 19)])
    for i in range(40):
        text += job(f"s{i}", "c", script=", 'test -f out1'")
    for i in range(20):
        text += job(f"z{i}", "d", script=", 'setsid sleep 60 & sleep 60 & env -i /bin/sleep 60 & sleep 0.02'")
    return text


def living(path):
    """Processes at work below a directory."""
    found = {}
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(p / "cwd").startswith(str(path)):
                    found[int(p.name)] = (p / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def gone(path, seconds=1.0):
    """None of them is left; what was killed has a moment for dying."""
    end = time.monotonic() + seconds
    while (left := living(path)) and time.monotonic() < end:
        time.sleep(0.005)
    return left


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def query(project, sql, *args):
    db = sqlite3.connect(project.path / ".pipe" / "pipe.db")
    try:
        return db.execute(sql, args).fetchall()
    finally:
        db.close()


def statuses(project, run):
    return dict(query(project, "SELECT name, status FROM job WHERE id BETWEEN ?1 << 32 AND ?1 << 32 | 4294967295", run))


def check_lost(project):
    """The history after a kill: whole, and nothing in it goes on.  Returns the last run, None when there is none."""
    if not (project.path / ".pipe" / "pipe.db").exists():
        return None
    assert query(project, "PRAGMA integrity_check") == [("ok",)]
    if not query(project, "SELECT 1 FROM sqlite_master WHERE name = 'run'"):
        return None
    assert not query(project, "SELECT number FROM run WHERE status = 'running'")
    assert not query(project, "SELECT id FROM job WHERE status IN ('waiting', 'ready', 'starting', 'running', 'collecting')"
                              " AND id >> 32 IN (SELECT number FROM run)")
    last = query(project, "SELECT number, status FROM run ORDER BY number DESC LIMIT 1")
    return last[0] if last else None


def ran(project):
    file = project.path / "ran"
    return collections.Counter(file.read_text().split()) if file.exists() else collections.Counter()


def transitions(project, run):
    return [(t["index"], t["status"]) for t in project.pipe("show", str(run), "--format", "json").json["transitions"]]


def length_of(project):
    started = time.monotonic()
    assert project.pipe("run", "--jobs", str(JOBS), "--quiet").status == 0
    return time.monotonic() - started


@pytest.fixture
def mixed(plain_project):
    plain_project.write(".gitlab-ci.yml", mixture())
    return plain_project


def clean(project):
    subprocess.run(["rm", "-rf", ".pipe", "ran"], cwd=project.path, check=True)


def retried(project, run):
    """Repeats a lost run, and compares what ran with what the history said."""
    before, kept = ran(project), {name for name, status in statuses(project, run).items() if status in DONE}
    r = project.pipe("retry", "--jobs", str(JOBS), "--format", "json")
    assert r.status == 0, r.text
    after, final = ran(project), statuses(project, run)
    assert len(final) == 200 and set(final.values()) == {"success"}
    for name in final:
        assert after[name] - before[name] == (name not in kept), name
        assert name not in kept or before[name] >= 1, name
    succeeded = collections.Counter(index for index, status in transitions(project, run) if status == "success")
    assert len(succeeded) == 200 and set(succeeded.values()) == {1}
    return after


def test_killed_at_any_moment(mixed):
    seed = int(os.environ.get("PIPE_CRASH_SEED", "20"))
    chance = random.Random(seed)
    length = length_of(mixed)
    lost = 0
    begin = time.monotonic()
    for loop in range(LOOPS):
        if time.monotonic() - begin > ENOUGH and "PIPE_CRASH_LOOPS" not in os.environ:
            break
        clean(mixed)
        moment = chance.uniform(0, length)
        with mixed.start("run", "--jobs", str(JOBS), "--format", "json", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
            time.sleep(moment)
            p.kill()
            shown = [line for line in p.stdout.read().decode().split("\n")[:-1] if '"job_finished"' in line]
        look = mixed.pipe(*LOOKS[loop % len(LOOKS)])
        assert look.status in (0, 1, 2, 3), look.text
        assert not gone(mixed.path), (loop, moment, gone(mixed.path))
        last = check_lost(mixed)
        if not last:
            assert not shown
            continue
        number, status = last
        assert status in ("lost", "success"), (loop, moment)
        now = statuses(mixed, number)
        assert set(now.values()) <= {"success", "lost"}, (loop, now)
        # nothing that was shown is lost
        assert sum(s == "success" for s in now.values()) >= len(shown), (loop, moment)
        if status == "lost":
            lost += 1
            twice = sum(n > 1 for n in retried(mixed, number).values())
            # those that ran at that moment, and those whose end was in the last group of changes
            assert twice <= 4 * JOBS, (loop, moment, twice)
    assert lost > loop // 3


def test_killed_again_and_again_while_it_retries(mixed):
    chance = random.Random(7)
    length = length_of(mixed)
    clean(mixed)
    with mixed.start("run", "--jobs", str(JOBS), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        time.sleep(length / 3)
        p.kill()
    for _ in range(6):
        with mixed.start("retry", "--jobs", str(JOBS), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            time.sleep(chance.uniform(0.01, length / 3))
            p.kill()
        mixed.pipe("history")
        assert not gone(mixed.path)
        last = check_lost(mixed)
        if last and last[1] == "success":
            return
    assert last == (1, "lost")
    retried(mixed, 1)


def test_killed_while_it_collects_artifacts(plain_project):
    chance = random.Random(3)
    plain_project.write(".gitlab-ci.yml", """
make: {script: ['head -c 30000000 /dev/urandom > big', 'touch made'], artifacts: {paths: [big]}}
take: {needs: [make], script: ['test "$(wc -c < big)" = 30000000']}
""")
    for _ in range(5):
        subprocess.run(["rm", "-rf", ".pipe", "made", "big"], cwd=plain_project.path, check=True)
        with plain_project.start("run", "--isolate", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            end = time.monotonic() + 10
            while not list(plain_project.path.glob(".pipe/runs/1/*.work/made")) and time.monotonic() < end:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.15))
            p.kill()
        plain_project.pipe("history")
        assert not gone(plain_project.path)
        last = check_lost(plain_project)
        assert last
        # an archive is whole or not there
        for file in plain_project.path.glob(".pipe/runs/1/*.tar.zst"):
            assert subprocess.run(["tar", "--zstd", "-tf", file], capture_output=True, check=False).returncode == 0
        if last[1] == "lost":
            r = plain_project.pipe("retry", "--isolate")
            assert r.status == 0, r.text
        assert check_lost(plain_project) == (1, "success")
        assert not list(plain_project.path.glob(".pipe/runs/1/*.work"))
        assert not [f.name for f in (plain_project.path / ".pipe").rglob("*") if ".zst." in f.name]


def test_killed_while_it_removes_old_runs(plain_project):
    chance = random.Random(5)
    plain_project.write(".gitlab-ci.yml", "".join(f"j{i}: {{shell: sh, script: [echo {i}]}}\n" for i in range(20)))
    for _ in range(8):
        assert plain_project.pipe("run", "--quiet", "--jobs", "8").status == 0
    for _ in range(6):
        with plain_project.start("gc", "--max-runs", "2", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            time.sleep(chance.uniform(0.001, 0.02))
            p.kill()
        assert plain_project.pipe("history").status == 0
        assert query(plain_project, "PRAGMA integrity_check") == [("ok",)]
        for (run,) in query(plain_project, "SELECT number FROM run"):
            assert plain_project.pipe("logs", str(run), "j3").out.strip().endswith("3")
        assert plain_project.pipe("run", "--quiet", "--jobs", "8").status == 0
    assert plain_project.pipe("gc", "--max-runs", "2").status == 0
    runs = {str(n) for (n,) in query(plain_project, "SELECT number FROM run")}
    assert len(runs) == 2 and {p.name for p in (plain_project.path / ".pipe" / "runs").iterdir()} == runs


def running(project):
    """How many runs are under way: a look that disturbs nobody."""
    locks = project.path / ".pipe" / "lock"
    return sum(p.name.isdigit() for p in locks.iterdir()) if locks.is_dir() else 0


def test_two_runs_at_once_and_both_killed(mixed):
    for first_only in (True, False):
        clean(mixed)
        one, two = (mixed.start("run", "--jobs", "4", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2))
        end = time.monotonic() + 10
        while running(mixed) < 2 and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(0.05)
        kill(one)
        if first_only:
            mixed.pipe("history")
            # the other one goes on, untouched
            assert two.wait(timeout=60) == 0
            assert sorted(s for (s,) in query(mixed, "SELECT status FROM run")) == ["lost", "success"]
        else:
            kill(two)
            mixed.pipe("history")
            assert not gone(mixed.path)
            assert {s for _, s in query(mixed, "SELECT number, status FROM run")} == {"lost"}
        assert query(mixed, "PRAGMA integrity_check") == [("ok",)]
        assert not gone(mixed.path)


def test_what_hides_its_mark_is_ended_too(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: ['env -i /bin/sh -c \"sleep 61; true\" & env -i setsid sleep 61 & sleep 61']}\n")
    with plain_project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        end = time.monotonic() + 10
        while sum("sleep 61" in c for c in living(plain_project.path).values()) < 4 and time.monotonic() < end:
            time.sleep(0.01)
        p.kill()
    assert living(plain_project.path)
    r = plain_project.pipe("history")
    assert "lost" in r.text
    assert not gone(plain_project.path)


def test_a_pipe_that_looks_kills_no_run_that_lives(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: [touch started, sleep 1]}\n")
    with plain_project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        while not (plain_project.path / "started").exists():
            time.sleep(0.01)
        for look in (["history"], ["gc", "--max-runs", "1"], ["show"], ["retry"], ["lint"]):
            plain_project.pipe(*look)
        assert p.wait(timeout=20) == 0
