"""Nothing that a job started is left behind, however it hides, and however the run ends; and what a job finds when it starts."""
import contextlib
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from conftest import BUILD


def living(path, command=""):
    """Processes at work below a directory."""
    found = {}
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(p / "cwd").startswith(str(path)):
                    line = (p / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                    if command in line:
                        found[int(p.name)] = line
    return found


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.005)
    return value


def nothing_left(project):
    return wait_for(lambda: not living(project.path), 1.0) or not living(project.path)


def started(project, name="started"):
    return wait_for(lambda: (project.path / name).exists())


def end_of(process, seconds=15):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


@pytest.fixture(autouse=True)
def signals_are_not_ignored():
    """A test run in the background of a shell has them ignored, `pipe` would leave them so, and nothing here could be interrupted."""
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
    before = {n: signal.getsignal(n) for n in numbers}
    for n in numbers:
        if before[n] == signal.SIG_IGN:
            signal.signal(n, lambda *_: None)
    yield
    for n in numbers:
        signal.signal(n, before[n])


def cgroups_are_ours():
    """May we make cgroups below our own?"""
    try:
        mount = next(line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line)
        own = next(line[3:].strip() for line in open("/proc/self/cgroup") if line.startswith("0::"))
    except StopIteration:
        return False
    return os.access(mount + own, os.W_OK)


HIDERS = {
    "daemon": "setsid sleep 300 >/dev/null 2>&1 &",
    "daemon_that_holds_stdout": "setsid sleep 300 &",
    "background": "sleep 300 &",
    "double_fork": "(setsid sh -c '(sleep 300 &) & sleep 0.05' &)",
    "no_environment": "env -i /usr/bin/setsid /bin/sleep 300 &",
    "ignores_everything": "(trap '' TERM INT HUP; sleep 300; sleep 300; sleep 300) &",
    "stopped": "sleep 300 & kill -STOP $!",
    "stopped_daemon": "setsid sh -c 'kill -STOP $$; sleep 300' &",
    "changes_directory": "(cd / && setsid sleep 300.125 &)",
}


@pytest.mark.parametrize("name", HIDERS)
def test_what_a_script_leaves_behind_is_ended(plain_project, name):
    if name == "no_environment" and not cgroups_are_ours():
        pytest.skip("a daemon without our mark in its environment is only known by its cgroup")
    r = plain_project.run(f"j: {{script: [\"{HIDERS[name]}\", 'sleep 0.1', 'echo over']}}\nnext: {{needs: [j], script: [echo next]}}\n")
    assert r.status == 0, r.text
    assert r.lines("j") == ["over"] and r.lines("next") == ["next"]
    assert nothing_left(plain_project), living(plain_project.path)
    assert not living("/", "sleep 300.125")


def test_many_jobs_leave_much_behind_one_after_the_other(plain_project):
    """The next job in the same place does not suffer from the last one's end."""
    r = plain_project.run("j: {parallel: 12, shell: sh, script: ['setsid sleep 300 & sleep 300 & env -i /bin/sleep 300 & sleep 0.01']}\n",
                          "--jobs", "2")
    assert set(r.jobs.values()) == {"success"}, r.text
    assert nothing_left(plain_project)


def test_two_hundred_processes_that_multiply(plain_project):
    plain_project.write("bomb.sh", "i=0; while [ $i -lt 200 ]; do (setsid sh -c 'sleep 300 & sleep 300' >/dev/null 2>&1 &) ; i=$((i+1)); done\n")
    r = plain_project.run("bomb: {script: [sh bomb.sh, echo lit]}\nafter: {needs: [bomb], script: [echo calm]}\n")
    assert r.jobs == {"bomb": "success", "after": "success"}, r.text
    assert nothing_left(plain_project)


def test_a_job_that_ignores_term_is_killed_after_its_time(plain_project):
    begin = time.monotonic()
    r = plain_project.run("j: {timeout: 1s, script: [\"trap '' TERM\", touch started, 'while :; do sleep 0.2; done'], after_script: [echo after]}\n",
                          "--quiet")
    assert r.jobs == {"j": "failed"} and "after" in r.lines("j")
    assert 1 <= time.monotonic() - begin < 14
    assert nothing_left(plain_project)


def test_a_job_may_clean_up_when_its_time_is_over(plain_project):
    r = plain_project.run("j: {timeout: 1s, script: [\"trap 'echo cleaned; exit 3' TERM\", 'while :; do sleep 0.1; done']}\n")
    end = [e for e in r.events if e["event"] == "job_finished"][0]
    assert (end["status"], end["failure"]) == ("failed", "job_execution_timeout")
    assert "cleaned" in r.lines("j")


LONG = """
long: {script: ["trap 'echo got TERM; exit 1' TERM", touch started, 'while :; do sleep 0.05; done'], after_script: ['echo after $CI_JOB_STATUS']}
next: {stage: deploy, script: [echo never]}
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_in_order(plain_project, number):
    plain_project.write(".gitlab-ci.yml", LONG)
    p = plain_project.start("run")
    assert started(plain_project)
    p.send_signal(number)
    status, out, err = end_of(p)
    assert status == 130, out + err
    assert "got TERM" in out and "after canceled" in out and "never" not in out
    assert nothing_left(plain_project)
    jobs = {j["name"]: j["status"] for j in plain_project.pipe("show", "--format", "json").json["jobs"]}
    assert jobs == {"long": "cancelled", "next": "cancelled"}


def test_a_terminal_that_closes_says_so_twice(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: [touch started, sleep 300], after_script: [sleep 0.5, 'echo after $CI_JOB_STATUS']}\n")
    p = plain_project.start("run")
    assert started(plain_project)
    for _ in range(3):
        p.send_signal(signal.SIGHUP)
        time.sleep(0.1)
    status, out, err = end_of(p)
    assert status == 130 and "after canceled" in out, out + err
    assert nothing_left(plain_project)


def test_the_second_interrupt_ends_at_once(plain_project):
    plain_project.write(".gitlab-ci.yml", """
j: {script: ["trap '' TERM INT", touch started, 'while :; do sleep 0.2; done'], after_script: [echo after]}
""")
    p = plain_project.start("run")
    assert started(plain_project)
    p.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert p.poll() is None
    begin = time.monotonic()
    p.send_signal(signal.SIGINT)
    status, out, _ = end_of(p)
    assert status == 130 and time.monotonic() - begin < 1.5
    assert "after\n" not in out
    assert nothing_left(plain_project)
    assert plain_project.pipe("history", "--format", "json").json["runs"][0]["status"] == "cancelled"


def test_the_second_interrupt_ends_an_after_script_too(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: [touch started, sleep 300], after_script: [touch second, sleep 300]}\n")
    p = plain_project.start("run")
    assert started(plain_project)
    p.send_signal(signal.SIGINT)
    assert started(plain_project, "second")
    begin = time.monotonic()
    p.send_signal(signal.SIGINT)
    status, _, _ = end_of(p)
    assert status == 130 and time.monotonic() - begin < 1.5
    assert nothing_left(plain_project)


def test_interrupted_before_anything_has_begun(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: [sleep 300]}\n")
    for delay in (0.0, 0.002, 0.004, 0.008, 0.015):
        p = plain_project.start("run")
        time.sleep(delay)
        p.send_signal(signal.SIGINT)
        status, out, err = end_of(p)
        assert status in (130, -signal.SIGINT), out + err
        assert nothing_left(plain_project)


def test_cancel_from_another_terminal(plain_project):
    plain_project.write(".gitlab-ci.yml", LONG)
    p = plain_project.start("run")
    assert started(plain_project)
    r = plain_project.pipe("cancel")
    assert r.status == 0, r.text
    status, out, _ = end_of(p)
    assert status == 130 and "after canceled" in out
    assert nothing_left(plain_project)
    assert plain_project.pipe("cancel").status != 0


def test_interrupt_from_the_keyboard(plain_project):
    """The terminal sends the signal to pipe's group; the jobs are in sessions of their own and get theirs from pipe."""
    plain_project.write(".gitlab-ci.yml", LONG)
    pid, fd = pty.fork()
    if not pid:
        os.chdir(plain_project.path)
        os.execve(BUILD / "pipe", ["pipe", "run"], {**plain_project.env, "TERM": "xterm"})
    text = b""
    pressed = False
    while True:
        if not pressed and (plain_project.path / "started").exists():
            os.write(fd, b"\x03")
            pressed = True
        if not select.select([fd], [], [], 0.05)[0]:
            continue
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(fd)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    assert b"\x1b[?25h" in text  # the cursor is there again
    assert text.rfind(b"\x1b[?25h") > text.rfind(b"\x1b[?25l")
    assert nothing_left(plain_project)


def test_the_reader_of_the_output_goes_away(plain_project):
    plain_project.write(".gitlab-ci.yml", "a: {script: ['seq 1 50000', touch first]}\nb: {needs: [a], script: [touch second]}\n")
    p = plain_project.start("run", stderr=subprocess.DEVNULL)
    p.stdout.readline()
    p.stdout.close()
    assert p.wait(timeout=20) == 0
    assert (plain_project.path / "second").exists()
    assert plain_project.pipe("logs", "a").out.split()[-1] == "50000"
    assert plain_project.pipe("history", "--format", "json").json["runs"][0]["status"] == "success"


def test_a_job_closes_its_output_and_goes_on(plain_project):
    r = plain_project.run("j: {script: ['echo before', 'exec >&- 2>&-', 'sleep 0.3', 'touch went_on']}\n")
    assert r.status == 0 and r.lines("j") == ["before"]
    assert (plain_project.path / "went_on").exists()


def test_a_job_kills_its_own_group(plain_project):
    r = plain_project.run("j: {script: ['echo before', 'kill -KILL 0'], after_script: [echo after]}\n")
    assert r.status == 1
    assert r.lines("j")[0] == "before" and "after" in r.lines("j")
    end = [e for e in r.events if e["event"] == "job_finished"][0]
    assert end["exit_code"] == 137


def test_limits_that_a_job_sets_are_its_own(plain_project):
    r = plain_project.run("a: {script: ['ulimit -n 10', 'ulimit -f 1', 'head -c 5000000 /dev/zero > big']}\n"
                          "b: {stage: deploy, when: always, script: [ulimit -n, ulimit -f]}\n")
    assert r.jobs == {"a": "failed", "b": "success"}
    files, size = r.lines("b")
    assert int(files) > 10 and size == "unlimited"


def test_a_stopped_job_can_be_ended(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: [touch started, 'kill -STOP $$']}\n")
    p = plain_project.start("run")
    assert started(plain_project)
    time.sleep(0.1)
    p.send_signal(signal.SIGINT)
    assert end_of(p)[0] == 130
    assert nothing_left(plain_project)


def test_a_pipe_inside_a_job_ends_with_it(plain_project):
    inner = plain_project.path / "inner"
    inner.mkdir()
    plain_project.write("inner/.gitlab-ci.yml", "deep: {script: [touch ../started, sleep 300], after_script: [touch ../inner_after]}\n")
    plain_project.write(".gitlab-ci.yml", f"outer: {{script: ['{BUILD}/pipe -C inner run']}}\n")
    p = plain_project.start("run")
    assert started(plain_project)
    p.send_signal(signal.SIGINT)
    status, out, err = end_of(p, 25)
    assert status == 130, out + err
    assert (plain_project.path / "inner_after").exists()
    assert nothing_left(plain_project)
    assert plain_project.pipe("-C", "inner", "history", "--format", "json").json["runs"][0]["status"] == "cancelled"


def test_a_pipe_inside_a_job_succeeds(plain_project):
    (plain_project.path / "inner").mkdir()
    plain_project.write("inner/.gitlab-ci.yml", "deep: {script: [echo from within]}\n")
    r = plain_project.run(f"outer: {{script: ['{BUILD}/pipe -C inner run']}}\n")
    assert r.status == 0 and any("from within" in line for line in r.lines("outer")), r.text


def test_what_a_job_finds(plain_project):
    os.umask(umask := os.umask(0o022))
    r = plain_project.run("""
j:
  script:
    - python3 -c 'import os; print("fds", [f for f in range(256) if os.path.exists(f"/proc/self/fd/{f}")])'
    - 'echo "stdin [$(cat)]"'
    - echo "umask $(umask)"
    - grep -E '^(SigBlk|SigIgn)' /proc/self/status
    - 'python3 -c "import os; print(os.getsid(0) == os.getppid(), os.getpgid(0) == os.getppid(), os.isatty(1))"'
s: {shell: sh, script: ['ls /proc/self/fd | tr "\\n" " "']}
""")
    lines = r.lines("j")
    assert lines[0] == "fds [0, 1, 2]"
    assert lines[1] == "stdin []"
    assert lines[2] == f"umask {umask:04o}"
    assert [re.sub(r"\s+", " ", line) for line in lines[3:5]] == ["SigBlk: " + "0" * 16, "SigIgn: " + "0" * 16]
    assert lines[5] == "True True False"
    assert r.lines("s")[0].split()[:3] == ["0", "1", "2"] and len(r.lines("s")[0].split()) == 4  # ls opens the directory


def test_ignored_and_blocked_signals_of_the_caller_stay_outside(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: [\"grep -E '^(SigBlk|SigIgn)' /proc/self/status\"]}\n")

    def hostile():
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2, signal.SIGCHLD})
        os.umask(0o027)

    p = plain_project.start("run", "--format", "plain", preexec_fn=hostile)
    status, out, err = end_of(p)
    assert status == 0, out + err
    assert re.search(r"SigBlk:\s+0{16}", out) and re.search(r"SigIgn:\s+0{16}", out), out


def test_descriptors_of_the_caller_do_not_reach_a_job(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: ['ls /proc/$$/fd | tr \"\\n\" \" \"']}\n")
    read, write = os.pipe()
    os.dup2(write, 77)
    try:
        p = plain_project.start("run", pass_fds=(read, write, 77))
        status, out, err = end_of(p)
    finally:
        for fd in (read, write, 77):
            os.close(fd)
    assert status == 0, out + err
    found = next(line for line in out.splitlines() if line.startswith("j | ")).split("|")[1].split()
    assert {"0", "1", "2"} <= set(found) and "77" not in found and str(read) not in found, out


def test_started_without_standard_descriptors(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: [echo heard, touch done]}\n")
    subprocess.run(f"exec {BUILD}/pipe run <&- >&- 2>&-", shell=True, cwd=plain_project.path, env=plain_project.env, timeout=20, check=False)
    assert (plain_project.path / "done").exists()
    assert plain_project.pipe("logs", "j").out == "heard\n"
    assert subprocess.run(["sqlite3", plain_project.path / ".pipe/pipe.db", "PRAGMA integrity_check"], capture_output=True, text=True,
                          check=True).stdout == "ok\n"


def test_no_zombies_pile_up(plain_project):
    plain_project.write(".gitlab-ci.yml", "j: {script: ['for i in 1 2 3 4 5 6 7 8; do (setsid true &); done', sleep 0.3, touch started, sleep 1.5]}\n")
    p = plain_project.start("run", stdout=subprocess.DEVNULL)
    assert started(plain_project)

    def zombies():
        out = subprocess.run(["ps", "-o", "stat=", "--ppid", str(p.pid)], capture_output=True, text=True, check=False).stdout
        return [line for line in out.split() if line.startswith("Z")]

    assert wait_for(lambda: not zombies(), 3)
    assert p.wait(timeout=10) == 0
