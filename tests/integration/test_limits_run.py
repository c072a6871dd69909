"""A run at the limits of the machine: much output, many jobs, no disk, no descriptors, a damaged history."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from conftest import BUILD

FLAT = 32 * 1024  # KiB resident at most
FACTOR = int(os.environ.get("PIPE_LIMITS_FACTOR", "1"))  # 20: a log of 1 GB, 10,000 jobs
SANITIZED = b"__asan_init" in (BUILD / "pipe").read_bytes() if (BUILD / "pipe").exists() else False


# A process begins with the peak of the one that made it: a small one in between measures.
METER = """
import os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as f:
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=f)
"""


def measured(project, *args, stdout=subprocess.DEVNULL):
    """Exit status and peak of resident memory, in KiB."""
    file = project.path.parent / "measured"
    subprocess.run([sys.executable, "-IS", "-c", METER, file, BUILD / "pipe", *args], cwd=project.path, env=project.env, stdin=subprocess.DEVNULL,
                   stdout=stdout, stderr=subprocess.DEVNULL, timeout=300, check=True)
    status, memory = map(int, file.read_text().split())
    return status, 0 if SANITIZED else memory


def sound(project):
    db = sqlite3.connect(project.path / ".pipe" / "pipe.db")
    try:
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        db.close()


def left(project):
    found = []
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                if os.readlink(p / "cwd").startswith(str(project.path)):
                    found.append(p.name)
            except OSError:
                continue
    return found


# ---- much output ----


@pytest.mark.parametrize("format_", ["plain", "json"])
def test_a_long_log(plain_project, format_):
    lines = 1_000_000 * FACTOR
    plain_project.write(".gitlab-ci.yml", f"j: {{script: ['seq 1000000000 {1000000000 + lines - 1}']}}\n")
    status, memory = measured(plain_project, "run", "--format", format_)
    assert status == 0 and memory < FLAT
    digest = hashlib.md5()
    with plain_project.start("logs", "j") as p:
        for piece in iter(lambda: p.stdout.read(1 << 20), b""):
            digest.update(piece)
    wanted = hashlib.md5()
    for first in range(1000000000, 1000000000 + lines, 100000):
        wanted.update("".join(f"{n}\n" for n in range(first, min(first + 100000, 1000000000 + lines))).encode())
    assert digest.hexdigest() == wanted.hexdigest()
    assert plain_project.pipe("logs", "j", "--from-line", str(lines)).out == f"{1000000000 + lines - 1}\n"
    assert measured(plain_project, "logs", "j")[1] < FLAT


def test_lines_as_fast_as_they_come(plain_project):
    plain_project.write(".gitlab-ci.yml", f"j: {{shell: sh, script: ['yes x | head -n {5_000_000 * FACTOR}']}}\n")
    started = time.monotonic()
    status, memory = measured(plain_project, "run", "--quiet")
    assert status == 0 and memory < FLAT
    assert 5_000_000 * FACTOR / (time.monotonic() - started) > 1_000_000 or SANITIZED
    assert plain_project.pipe("show", "--format", "json").json["jobs"][0]["log_lines"] == 5_000_000 * FACTOR


def test_a_binary_log(plain_project):
    data = random.Random(1).randbytes(2_000_000 * min(FACTOR, 5))
    plain_project.write("noise", data)
    plain_project.write(".gitlab-ci.yml", "j: {script: [cat noise]}\n")
    with open(plain_project.path / "events", "wb") as out:
        status, memory = measured(plain_project, "run", "--format", "json", stdout=out)
    assert status == 0 and memory < FLAT
    text = (plain_project.path / "events").read_bytes().decode("utf-8")  # strictly
    events = [json.loads(line) for line in text.split("\n")[:-1]]
    assert [e["event"] for e in events][-1] == "run_finished"
    assert plain_project.pipe("logs", "j", binary=True).out == data


def test_a_terminal_survives_a_binary_log(plain_project):
    plain_project.write("noise", bytes(range(256)) * 400 + b"\x1b[2J\x1b]0;title\x07\x1b[?1049h\x9b31m\n")
    plain_project.write(".gitlab-ci.yml", "j: {script: [cat noise]}\n")
    out = plain_project.pipe("run", "--format", "plain", "--color", "never", binary=True).out
    assert not set(out) & (set(range(32)) - {9, 10}), sorted(set(out) & set(range(32)))


def test_a_line_without_an_end(plain_project):
    size = 10_000_000
    plain_project.write(".gitlab-ci.yml", f"j: {{script: ['head -c {size} /dev/zero | tr \"\\\\0\" x']}}\n")
    for format_ in ("json", "plain"):
        with open(plain_project.path / "out", "wb") as out:
            status, memory = measured(plain_project, "run", "--format", format_, stdout=out)
        assert status == 0 and memory < FLAT
        assert (plain_project.path / "out").read_bytes().count(b"x") >= size
        assert plain_project.pipe("logs", "j").out.rstrip("\n") == "x" * size


# ---- many jobs ----


def test_two_hundred_at_a_time(plain_project):
    plain_project.write(".gitlab-ci.yml", "".join(f"j{i}: {{shell: sh, script: [seq {i} {i + 3000}]}}\n" for i in range(200)))
    with open(plain_project.path / "out", "wb") as out:
        status, memory = measured(plain_project, "run", "--jobs", "200", "--format", "json", stdout=out)
    assert status == 0 and memory < FLAT
    lines = {}
    for event in map(json.loads, open(plain_project.path / "out", encoding="utf-8")):
        if event["event"] == "log":
            lines.setdefault(event["job"], []).append(int(event["line"]))
    assert lines == {f"j{i}": list(range(i, i + 3001)) for i in range(200)}


def test_a_pipeline_of_many_jobs(plain_project):
    count = min(1000 * FACTOR, 10000)
    plain_project.write(".gitlab-ci.yml", "".join(f"j{i}: {{shell: sh, script: ['true']}}\n" for i in range(count)))
    status, memory = measured(plain_project, "run", "--quiet")
    assert status == 0 and memory < FLAT
    jobs = plain_project.pipe("show", "--format", "json").json["jobs"]
    assert len(jobs) == count and {j["status"] for j in jobs} == {"success"}
    assert {j["attempts"] for j in jobs} == {1}


# ---- no room ----


def with_small_disk(project, size, script, timeout=60):
    """Runs a shell script where state/ is a small file system of its own."""
    mine = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if not shutil.which("unshare") or subprocess.run([*mine, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode:
        pytest.skip("needs root or user namespaces to mount a small file system")
    (project.path / "state").mkdir(exist_ok=True)
    return subprocess.run([*mine, "sh", "-c", f"mount -t tmpfs -o size={size} none state && {script}"], cwd=project.path, timeout=timeout,
                          env={**project.env, "PIPE": str(BUILD / "pipe"), "PIPE_STATE_DIR": str(project.path / "state")},
                          capture_output=True, text=True, check=False)


def test_the_disk_fills_up_with_a_log(plain_project):
    plain_project.write(".gitlab-ci.yml", """
a: {script: [echo fine]}
b: {stage: deploy, script: ['head -c 20000000 /dev/urandom', sleep 300], after_script: [touch after]}
""")
    r = with_small_disk(plain_project, "4m", """
$PIPE run --quiet >out 2>err; echo "run $?"
rm -f state/runs/1/1.log
$PIPE history --format json >history; echo "history $?"
$PIPE logs 1 a; sqlite3 state/pipe.db 'PRAGMA integrity_check'
sed -i 's/20000000/1000/; s/sleep 300/true/' .gitlab-ci.yml
$PIPE retry --quiet >/dev/null; echo "retry $?"
$PIPE show --format json >show
""")
    assert r.stdout.split("\n")[:5] == ["run 3", "history 0", "fine", "ok", "retry 0"], r.stdout + r.stderr
    err = plain_project.read("err")
    assert "No space left" in err or "disk is full" in err
    assert json.loads(plain_project.read("history"))["runs"][0]["status"] in ("failed", "lost")
    assert [j["attempts"] for j in json.loads(plain_project.read("show"))["jobs"]] == [1, 2]
    assert not left(plain_project)


def test_the_disk_is_full_from_the_beginning(plain_project):
    plain_project.write(".gitlab-ci.yml", "a: {script: [touch ran]}\n")
    r = with_small_disk(plain_project, "1m", "head -c 2000000 /dev/zero >state/filler; $PIPE run; echo \"run $?\"")
    assert "run 3" in r.stdout and ("disk is full" in r.stderr or "No space left" in r.stderr), r.stdout + r.stderr
    assert not (plain_project.path / "ran").exists()


def test_the_disk_fills_up_with_history(plain_project):
    plain_project.write(".gitlab-ci.yml", "".join(f"j{i}: {{shell: sh, script: [echo {i} >> ran]}}\n" for i in range(300)))
    r = with_small_disk(plain_project, "1m", """
head -c 850000 /dev/zero >state/filler
$PIPE run --quiet --jobs 4 >out 2>err; echo "run $?"
rm state/filler; sqlite3 state/pipe.db 'PRAGMA integrity_check'
sort ran | uniq -d | wc -l
$PIPE retry --quiet --jobs 4 >/dev/null 2>&1; echo "retry $?"
""")
    text = plain_project.read("err") if (plain_project.path / "err").exists() else ""
    assert r.stdout.split("\n")[:3] == ["run 3", "ok", "0"], r.stdout + r.stderr + text
    assert "disk is full" in text or "No space left" in text
    assert not left(plain_project)


# ---- no descriptors ----


@pytest.mark.parametrize("limit", [10, 16, 20, 24, 32, 48, 64])
def test_few_descriptors(plain_project, limit):
    """Either everything runs, fewer at a time, or nothing does and the reason is said."""
    plain_project.write(".gitlab-ci.yml", "".join(f"j{i}: {{shell: sh, script: [echo {i}]}}\n" for i in range(60)))
    r = subprocess.run(f"ulimit -n {limit}; exec {BUILD}/pipe run --jobs 50", shell=True, cwd=plain_project.path, env=plain_project.env,
                       capture_output=True, text=True, timeout=60, check=False)
    assert r.returncode in (0, 3), r.stdout + r.stderr
    if r.returncode == 3:
        assert "descriptors" in r.stderr or "too many open files" in r.stderr.lower(), r.stderr
        assert limit < 40
    else:
        assert "60 passed" in r.stdout + r.stderr
    assert plain_project.pipe("history").status == 0
    assert not left(plain_project)


@pytest.mark.skipif(not shutil.which("strace") or SANITIZED, reason="strace is not there, or the program is built with sanitizers")
@pytest.mark.parametrize("nth", [1, 3, 4])
def test_no_threads(plain_project, nth):
    """What worker threads would do is done without them, where libuv would abort()."""
    plain_project.write(".gitlab-ci.yml", "a: {script: [echo a >f], artifacts: {paths: [f]}}\n")
    r = subprocess.run(["strace", "-o", "/dev/null", "-e", "trace=clone3,clone", "-e", f"inject=clone3,clone:error=EAGAIN:when={1 + nth}", BUILD / "pipe", "run"],
                       cwd=plain_project.path, env=plain_project.env, capture_output=True, text=True, timeout=60, check=False)
    assert r.returncode == 0, r.stderr
    assert plain_project.pipe("artifacts", "1", "a", "--extract", "out").status == 0
    assert (plain_project.path / "out" / "f").read_text() == "a\n"


# ---- what is missing, forbidden or broken ----


def as_nobody(project, script):
    """As a user who may not do everything; root hands the project over."""
    if os.geteuid() == 0:
        top = project.path.parent
        for p in (top.parent, top.parent.parent):
            p.chmod(0o755)
        subprocess.run(["chown", "-R", "65534:65534", top], check=True)
        if subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(BUILD / "pipe"), "version"], capture_output=True,
                          check=False).returncode:
            pytest.skip("the program is out of reach for another user")
    mine = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    return subprocess.run([*mine, "sh", "-c", script], cwd=project.path, env={**project.env, "PIPE": str(BUILD / "pipe")}, capture_output=True,
                          text=True, timeout=60, check=False)


def test_a_state_directory_that_cannot_be_written(plain_project):
    plain_project.write(".gitlab-ci.yml", "a: {script: [touch ran]}\n")
    r = as_nobody(plain_project, """
$PIPE run --quiet >/dev/null 2>&1; echo "first $?"; rm -f ran
chmod -R a-w .pipe
$PIPE run >/dev/null 2>err; echo "run $?"
$PIPE history >/dev/null 2>&1; echo "history $?"; $PIPE show >/dev/null; echo "show $?"; $PIPE plan >/dev/null; echo "plan $?"
chmod -R u+w .pipe
$PIPE history --format json
""")
    assert r.stdout.split("\n")[:5] == ["first 0", "run 3", "history 0", "show 0", "plan 0"], r.stdout + r.stderr
    assert len(json.loads(r.stdout.split("\n", 5)[5])["runs"]) == 1
    assert not (plain_project.path / "ran").exists()
    assert "writ" in plain_project.read("err") or "denied" in plain_project.read("err")


def test_a_log_directory_that_becomes_read_only(plain_project):
    plain_project.write(".gitlab-ci.yml", """
a: {script: ['chmod a-w .pipe/runs/*', echo lost]}
b: {stage: deploy, script: [touch ran]}
""")
    r = as_nobody(plain_project, "$PIPE run; echo \"run $?\"; chmod -R u+w .pipe; $PIPE history --format json")
    assert "run 3" in r.stdout and "cannot write the log" in r.stderr, r.stdout + r.stderr
    assert not (plain_project.path / "ran").exists()
    assert sound(plain_project)


def test_logs_that_are_removed_in_mid_run(plain_project):
    plain_project.write(".gitlab-ci.yml", """
a: {script: ['rm -rf .pipe/runs', echo lost, sleep 300]}
b: {stage: deploy, script: [touch ran]}
""")
    r = plain_project.pipe("run")
    assert r.status == 3 and "cannot write the log" in r.err
    assert not (plain_project.path / "ran").exists() and not left(plain_project)
    shown = plain_project.pipe("show", "--format", "json").json
    assert shown["run"]["status"] == "failed"
    assert {j["status"] for j in shown["jobs"]} == {"cancelled"} and "cannot write the log" in shown["jobs"][0]["reason"]


def test_all_state_is_removed_in_mid_run(plain_project):
    plain_project.write(".gitlab-ci.yml", "a: {script: ['rm -rf .pipe', echo lost]}\n")
    r = plain_project.pipe("run", timeout=20)
    assert r.status == 3, r.text
    assert not left(plain_project)
    plain_project.write(".gitlab-ci.yml", "a: {script: [echo found]}\n")
    assert plain_project.pipe("run").status == 0


def test_the_project_is_removed_in_mid_run(plain_project):
    plain_project.write(".gitlab-ci.yml", f"a: {{script: ['rm -rf {plain_project.path}', echo gone]}}\nb: {{needs: [a], script: [echo b]}}\n")
    r = plain_project.pipe("run", timeout=20)
    assert r.status in (1, 3), r.text


@pytest.mark.parametrize("env", [{}, {"TMPDIR": "/nonexistent"}, {"HOME": "/nonexistent"}, {"PATH": ""}])
def test_a_bare_environment(plain_project, env):
    plain_project.write(".gitlab-ci.yml", "a: {script: [echo here]}\n")
    r = subprocess.run([BUILD / "pipe", "run", "--format", "json"], cwd=plain_project.path, env=env, capture_output=True, text=True, timeout=20,
                       stdin=subprocess.DEVNULL, check=False)
    if env == {"PATH": ""}:
        assert r.returncode in (0, 1)
        return
    assert r.returncode == 0, r.stdout + r.stderr
    assert '"line":"here"' in r.stdout


def damage(where):
    def do(project):
        file = project.path / ".pipe" / "pipe.db"
        subprocess.run(["sqlite3", file, "PRAGMA wal_checkpoint(TRUNCATE)"], check=True, capture_output=True)
        data = bytearray(file.read_bytes())
        if where == "short":
            del data[len(data) // 2:]
        else:
            first = {"header": 0, "schema": 110, "middle": 4096}[where]
            data[first:first + 3000] = random.Random(2).randbytes(len(data[first:first + 3000]))
        file.write_bytes(data)
    return do


@pytest.mark.parametrize("where", ["header", "schema", "middle", "short"])
def test_a_damaged_history(plain_project, where):
    plain_project.write(".gitlab-ci.yml", "".join(f"j{i}: {{shell: sh, script: [echo {i}]}}\n" for i in range(30)))
    for _ in range(3):
        assert plain_project.pipe("run", "--quiet").status == 0
    damage(where)(plain_project)
    before = (plain_project.path / ".pipe" / "pipe.db").read_bytes()
    for command in (["history"], ["show"], ["logs", "j1"], ["retry"], ["gc"], ["cancel"], ["artifacts"], ["run", "--quiet"]):
        r = plain_project.pipe(*command, timeout=20)
        assert r.status in (0, 1, 2, 3), (command, r.text)
        if r.status == 3 and "pipe.db" in r.err:
            assert "move it away" in r.err or "damaged" in r.err or "not a database" in r.err, (command, r.err)
    if where in ("header", "schema"):
        assert r.status == 3 and (plain_project.path / ".pipe" / "pipe.db").read_bytes() == before
    assert plain_project.pipe("plan").status == 0
    # its advice helps
    (plain_project.path / ".pipe" / "pipe.db").rename(plain_project.path / "damaged.db")
    for rest in ("pipe.db-wal", "pipe.db-shm"):
        (plain_project.path / ".pipe" / rest).unlink(missing_ok=True)
    assert plain_project.pipe("run", "--quiet").status == 0


def test_a_history_that_somebody_keeps_locked(plain_project):
    plain_project.write(".gitlab-ci.yml", "a: {script: [touch ran]}\n")
    assert plain_project.pipe("run", "--quiet").status == 0
    (plain_project.path / "ran").unlink()
    db = sqlite3.connect(plain_project.path / ".pipe" / "pipe.db", isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        r = plain_project.pipe("run", timeout=20)
        assert r.status == 3 and "locked" in r.err, r.text
        assert not (plain_project.path / "ran").exists()
        db.execute("ROLLBACK")
    finally:
        db.close()
    assert plain_project.pipe("run", "--quiet").status == 0


def test_killed_by_the_file_size_limit(plain_project):
    """RLIMIT_FSIZE: the signal would end `pipe`; a write that fails is told like a full disk."""
    plain_project.write(".gitlab-ci.yml", "a: {shell: sh, script: ['head -c 3000000 /dev/zero | tr \"\\\\0\" x']}\n")
    assert plain_project.pipe("run", "--quiet").status == 0
    r = subprocess.run(f"trap '' XFSZ; ulimit -f 1000; exec {BUILD}/pipe run", shell=True, cwd=plain_project.path, env=plain_project.env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert r.returncode in (3, -signal.SIGXFSZ), r.stderr
    if r.returncode == 3:
        assert "File too large" in r.stderr
    assert plain_project.pipe("history").status == 0 and sound(plain_project) and not left(plain_project)
