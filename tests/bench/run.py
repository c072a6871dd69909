#!/usr/bin/env python3
"""make bench: what pipe costs beside a peer or a physical limit measured in the same run.

Each row alternates between the two sides (A B A B ...), takes the best of each, and prints our figure, the reference's, the ratio
and the goal.  Nothing here fails because a machine is slow; a row whose peer is absent says so.

  run.py --build BUILD [--rounds N] [ROW...]
"""
import argparse
import http.server
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import scanning

ROWS = []


def row(name, goal, reference):
    """A row of the table: the function yields (ours, theirs) once a round."""
    def add(function):
        ROWS.append((name, goal, reference, function))
        return function
    return add


class Bench:
    def __init__(self, build, rounds):
        self.build, self.rounds = pathlib.Path(build).resolve(), rounds
        self.pipe = str(self.build / "pipe")
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="pipe-bench."))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("CI", "PIPE", "GITLAB"))}
        self.env.update(HOME=str(self.top), GIT_CONFIG_GLOBAL=os.devnull, NO_COLOR="1")

    def project(self, name, yaml):
        """A Git work tree of one commit with a pipeline file."""
        d = self.top / name
        d.mkdir()
        (d / ".gitlab-ci.yml").write_text(yaml)
        for args in (["init", "-q", "-b", "main"], ["-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "-q", "--allow-empty", "-m", "x"]):
            subprocess.run(["git", *args], cwd=d, env=self.env, check=True)
        return d

    def call(self, argv, cwd, stdout=subprocess.DEVNULL):
        """Runs; returns wall s, processor s of it and its children, max resident KiB of it."""
        report = self.top / "measured"
        subprocess.run([str(self.build / "bench-measure"), str(report), *argv], cwd=cwd, env=self.env, stdin=subprocess.DEVNULL,
                       stdout=stdout, stderr=subprocess.DEVNULL, check=True)
        wall, processor, resident, status = report.read_text().split()
        if status != "0":
            sys.exit(f"{argv} in {cwd}: exit status {status}")
        return float(wall), float(processor), int(resident)

    def history_free(self, d):
        shutil.rmtree(d / ".pipe", ignore_errors=True)


# ---- against ninja ----

def shapes():
    def layered(layers, width):
        for layer in range(layers):
            for i in range(width):
                yield f"l{layer}_{i}", [f"l{layer - 1}_{i}", f"l{layer - 1}_{(i * 7 + 3) % width}"] if layer else []
    return {
        "1000 independent": [(f"j{i}", []) for i in range(1000)],
        "chain of 1000": [(f"j{i}", [f"j{i - 1}"] if i else []) for i in range(1000)],
        "layered DAG of 2000": list(layered(20, 100)),
    }


def ninja_file(jobs, command):
    out = [f"rule r\n  command = {command}\n"]
    for name, needs in jobs:
        out.append(f"build {name}: r {' '.join(dict.fromkeys(needs))}\n")
    return "".join(out)


def yaml_file(jobs, shell):
    out = [f"default: {{shell: {shell}}}\n" if shell else ""]
    for name, needs in jobs:
        needs = ", ".join(dict.fromkeys(needs))
        out.append(f"{name}: {{needs: [{needs}], script: ['true']}}\n")
    return "".join(out)


def against_ninja(title, shell):
    def measure(b):
        if not shutil.which("ninja"):
            yield "ninja is not installed (Debian: ninja-build)"
            return
        jobs = shapes()[title]
        key = f"{title}-{shell}".replace(" ", "-")
        d = b.project(key, yaml_file(jobs, shell))
        n = b.top / (key + "-ninja")
        n.mkdir()
        (n / "build.ninja").write_text(ninja_file(jobs, "true" if shell == "sh" else "bash -c true"))
        for _ in range(b.rounds):
            b.history_free(d)
            ours = b.call([b.pipe, "run", "--jobs", "2", "--format", "plain", "--quiet"], d)[0]
            (n / ".ninja_log").unlink(missing_ok=True)
            (n / ".ninja_deps").unlink(missing_ok=True)
            theirs = b.call(["ninja", "-j2", "--quiet", *[j for j, _ in jobs]], n)[0]
            yield ours, theirs
    return measure


for _title in shapes():
    row(f"{_title} jobs, sh", 1.10, "ninja -j2")(against_ninja(_title, "sh"))
for _title in shapes():
    row(f"{_title} jobs, default shell", 1.10, "ninja -j2, bash -c")(against_ninja(_title, None))


# ---- reading ----

def big_yaml(count):
    out = ["stages: [build, test, deploy]\nvariables: {MODE: release}\n.base:\n  before_script: [echo start]\n"]
    stages = ("build", "test", "deploy")
    for i in range(count):
        stage = i * 3 // count
        out.append(f"job-{i}:\n  stage: {stages[stage]}\n  script:\n    - echo building {i}\n    - make target-{i}\n")
        if stage and i % 2:
            out.append(f"  needs: [job-{i - count // 3}]\n")
        if i % 5 == 0:
            out.append("  rules:\n    - if: $CI_COMMIT_BRANCH\n")
    return "".join(out)


@row("plan of 10,000 jobs, CPU", 2.0, "libyaml's events")
def plan_cpu(b):
    d = b.project("plan", big_yaml(10000))
    for _ in range(b.rounds):
        yield (b.call([b.pipe, "plan", "--format", "json"], d)[1],
               b.call([str(b.build / "bench-yaml_events"), str(d / ".gitlab-ci.yml")], d)[1])


@row("plan of 10,000 jobs, resident MiB", 16, "(absolute)")
def plan_memory(b):
    d = b.project("plan-memory", big_yaml(10000))
    yield b.call([b.pipe, "plan", "--format", "json"], d)[2] / 1024, None


# ---- reports ----

def junit(b, cases):
    report = b.top / f"junit-{cases}.xml"
    subprocess.run([str(b.build / "bench-junit"), "write", str(cases), str(report)], check=True)
    return [str(b.build / "bench-junit"), "pipe", str(report)], [str(b.build / "bench-junit"), "expat", str(report)]


@row("JUnit of 100,000 cases, CPU", 1.5, "expat alone")
def junit_cpu(b):
    ours, theirs = junit(b, 100000)
    for _ in range(b.rounds):
        yield b.call(ours, b.top)[1], b.call(theirs, b.top)[1]


@row("JUnit of 1,000,000 cases, resident", 1.25, "of 100 cases")
def junit_memory(b):
    many, few = junit(b, 1000000)[0], junit(b, 100)[0]
    for _ in range(b.rounds):
        yield b.call(many, b.top)[2] / 1024, b.call(few, b.top)[2] / 1024


@row("one job, ms above sh -c true", 5.0, "(difference)")
def one_job(b):
    d = b.project("one", "default: {shell: sh}\na: {script: ['true']}\n")
    # In turns, each first in every other pair; the middle of many, so that neither a lucky run nor a disturbed one decides.  The history
    # grows as a user's does.
    ours = lambda: b.call([b.pipe, "run", "--format", "plain"], d)[0]
    theirs = lambda: b.call(["sh", "-c", "true"], d)[0]
    differences = []
    for i in range(110):
        if i % 2:
            reference = theirs()
            differences.append(ours() - reference)
        else:
            run = ours()
            differences.append(run - theirs())
    yield statistics.median(differences[10:]) * 1000, None


@row("one job `uses: test` around true", 1.1, "script: ['true']")
def typed_job(b):
    typed = b.project("typed", "a: {uses: test, with: {command: 'true'}}\n")
    script = b.project("untyped", "a: {script: ['true']}\n")
    seconds = lambda d: b.call([b.pipe, "run", "--format", "plain"], d)[0]
    took = {typed: [], script: []}
    # In turns, each first in every other pair; the middle of many.
    for i in range(110):
        for d in (typed, script) if i % 2 else (script, typed):
            took[d].append(seconds(d))
    yield statistics.median(took[typed][10:]), statistics.median(took[script][10:])


# ---- output ----

GIB = 1 << 30


def stream_source(b, size):
    source = b.top / f"stream-{size}.txt"
    if source.exists():
        return source
    line = b"2026-01-01 compiling something/with/a/long/path/module_%06d.c and linking it to the rest of the program\n"
    with open(source, "wb") as f:
        written = 0
        while written < size:
            block = b"".join(line % (i % 1000000) for i in range(written // 100, written // 100 + 20000))
            f.write(block)
            written += len(block)
    return source


def stream(b, name, secrets):
    source = stream_source(b, 256 << 20)
    d = b.project(name, f"default: {{shell: sh}}\na: {{script: ['cat {source}']}}\n")
    args = [b.pipe, "run", "--format", "plain", "--quiet"]
    for i in range(secrets):
        args += ["--secret", f"S{i}=secret-value-{i:02}-{'xyz' * (i % 5)}q{i * 7919}"]
    return d, args, source


def cat_seconds(b, source):
    target = b.top / "copy"
    target.touch()
    seconds = b.call(["sh", "-c", f"cat {source} | cat > {target}"], b.top)[0]
    target.unlink()
    return seconds


@row("log stream, throughput", -0.8, "cat >file")
def log_stream(b):
    """Start to exit; the log is on disk then, and compressed by a later run (the next row) or by `pipe gc`."""
    d, args, source = stream(b, "stream", 0)
    for _ in range(b.rounds):
        b.history_free(d)
        yield 1 / b.call(args, d)[0], 1 / cat_seconds(b, source)


@row("log stream behind a long log", -0.7, "cat >file")
def log_stream_behind(b):
    """The same while the log of the run before is compressed."""
    d, args, source = stream(b, "behind", 0)
    for _ in range(b.rounds):
        b.history_free(d)
        b.call(args, d)
        yield 1 / b.call(args, d)[0], 1 / cat_seconds(b, source)


@row("log stream, 20 secrets", -0.6, "the same without")
def masked_stream(b):
    d, args, _ = stream(b, "masked", 20)
    d2, args2, _ = stream(b, "unmasked", 0)
    for _ in range(b.rounds):
        b.history_free(d)
        b.history_free(d2)
        yield 1 / b.call(args, d)[0], 1 / b.call(args2, d2)[0]


@row("1 GB log, resident MiB", 32, "(absolute)")
def big_log(b):
    d = b.project("gigabyte", "default: {shell: sh}\na: {script: ['yes 0123456789012345678901234567890123456789 | head -c 1000000000']}\n")
    yield b.call([b.pipe, "run", "--format", "plain", "--quiet"], d)[2] / 1024, None


# ---- embedding, history ----

@row("jobs/s from a 500 MB host", -0.9, "itself at 5 MB")
def big_host(b):
    d = b.project("host", yaml_file([(f"j{i}", []) for i in range(500)], "sh"))
    def jobs_a_second(megabytes):
        b.history_free(d)
        r = subprocess.run([str(b.build / "bench-host"), str(d), megabytes], env=b.env, capture_output=True, text=True, check=True)
        return 500 / float(r.stdout)

    for _ in range(max(b.rounds, 5)):
        yield jobs_a_second("500"), jobs_a_second("5")


def history(b, command):
    small = b.project("history-small-" + command, "a: {script: ['true']}\n")
    large = b.project("history-large-" + command, "a: {script: ['true']}\n")
    for d, runs in ((small, 100), (large, 100000)):
        subprocess.run([str(b.build / "bench-history"), str(d / ".pipe"), str(runs)], check=True, stdout=subprocess.DEVNULL)
    for _ in range(max(b.rounds, 10)):
        yield b.call([b.pipe, command], large)[0], b.call([b.pipe, command], small)[0]


@row("pipe history, 100,000 runs", 2.0, "at 100 runs")
def history_list(b):
    yield from history(b, "history")


@row("pipe show, 100,000 runs", 2.0, "at 100 runs")
def history_show(b):
    yield from history(b, "show")


@row("pipe compare, 100,000 tests, findings", 3.0, "sqlite3 reads the rows of both runs")
def compare(b):
    if not shutil.which("sqlite3"):
        yield "sqlite3 is not installed (Debian: sqlite3)"
        return
    d = b.project("compare", "unit: {script: ['true']}\n")
    subprocess.run([str(b.build / "bench-compare"), str(d / ".pipe"), "100000", "100000"], check=True, stdout=subprocess.DEVNULL)
    for _ in range(b.rounds):
        # exit status 1: the later run is worse
        ours = b.call(["sh", "-c", f"{b.pipe} compare 1 2; test $? = 1"], d)[0]
        yield ours, b.call(["sqlite3", ".pipe/evidence.db", "SELECT * FROM test; SELECT * FROM finding"], d)[0]


# ---- Lua ----

def hooked(jobs, hooks):
    return hooks + "".join(f"j{i}: {{shell: sh, script: ['true']}}\n" for i in range(jobs))


@row("10,000 jobs with two hooks each", 1.1, "the run without")
def two_hooks(b):
    plain = b.project("hooks-none", hooked(10000, ""))
    with_hooks = b.project("hooks-two", hooked(10000, "hooks: {before_job: 'local x = 1', after_job: 'local x = 1'}\n"))
    seconds = lambda d: (b.history_free(d), b.call([b.pipe, "run", "--quiet"], d)[0])[1]
    for _ in range(b.rounds):
        yield seconds(with_hooks), seconds(plain)


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers when the server's time has come, for all at once."""
    def do_GET(self):
        with self.server.lock:
            self.server.asked += 1
            if self.server.asked == self.server.wanted:
                threading.Timer(1, self.server.answer.set).start()
        self.server.answer.wait(60)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class SlowServer(http.server.ThreadingHTTPServer):
    request_queue_size = 2048
    daemon_threads = True


@row("1,000 hooks wait for HTTP: 100 jobs", 1.0, "when the first hook has its answer")
def waiting_hooks(b):
    d = b.project("hooks-wait", "")
    server = SlowServer(("127.0.0.1", 0), Slow)
    server.lock, server.wanted = threading.Lock(), 1000
    at = f"http://127.0.0.1:{server.server_address[1]}"
    text = f"lua: {{allow: {{http: ['{at}']}}, limits: {{wall: 2m}}}}\ndefault: {{shell: sh}}\n"
    text += "".join(f"w{i}: {{script: ['true'], hooks: {{before_job: pipe.http('{at}/')}}}}\n" for i in range(1000))
    text += "".join(f"q{i}: {{script: ['true']}}\n" for i in range(100))
    (d / ".gitlab-ci.yml").write_text(text)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        for _ in range(b.rounds):
            server.asked, server.answer = 0, threading.Event()
            with open(b.top / "events", "wb") as events:
                b.call([b.pipe, "run", "--format", "json"], d, stdout=events)
            times = [json.loads(line) for line in open(b.top / "events")]
            start = times[0]["time"]
            ended = {e["job"]: (e["time"] - start) / 1000 for e in times if e["event"] == "job_finished"}
            yield max(ended[f"q{i}"] for i in range(100)), min(ended[f"w{i}"] for i in range(1000))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


GATE = """local worst, count = 0, 0
for f in ctx.evidence.findings() do
  count = count + 1
  if f.severity == "critical" and not f.suppressed then worst = worst + 1 end
end
assert(count > 90000, "too few: " .. count)
return worst == 0 or true
"""


# One run's, with their texts.
FINDINGS = """SELECT f.scope, f.kind, f.severity, f.suppressed, tool.text, rule.text, path.text, f.line, f.col, f.end_line, message.text, package.text,
  installed.text, fixed.text, url.text, hex(i.fingerprint)
FROM finding AS f CROSS JOIN issue AS i ON i.id = f.issue LEFT JOIN word AS tool ON tool.id = i.tool LEFT JOIN word AS rule ON rule.id = i.rule
  LEFT JOIN word AS path ON path.id = i.path LEFT JOIN word AS package ON package.id = i.package LEFT JOIN word AS message ON message.id = f.message
  LEFT JOIN word AS installed ON installed.id = f.installed LEFT JOIN word AS fixed ON fixed.id = f.fixed LEFT JOIN word AS url ON url.id = f.url
WHERE f.scope >> 32 = 2"""


@row("gate over 100,000 findings", 3.0, "sqlite3 reads the rows")
def lua_gate(b):
    if not shutil.which("sqlite3"):
        yield "sqlite3 is not installed (Debian: sqlite3)"
        return
    d = b.project("lua-gate", "unit: {script: ['true']}\n")
    subprocess.run([str(b.build / "bench-compare"), str(d / ".pipe"), "10", "100000"], check=True, stdout=subprocess.DEVNULL)
    (d / "gate.lua").write_text(GATE)
    for _ in range(b.rounds):
        yield (b.call([b.pipe, "lua", "--run", "2", "run", "gate.lua"], d)[0],
               b.call(["sqlite3", ".pipe/evidence.db", FINDINGS], d)[0])


@row("hook with an empty body", 1 / 15, "starting /bin/true")
def empty_hook(b):
    for _ in range(b.rounds):
        lines = subprocess.run([str(b.build / "bench-lua")], capture_output=True, text=True, check=True).stdout.splitlines()
        yield float(lines[0].split()[-2]), float(lines[1].split()[-2])


# ---- scanning ----

def scans(b, target):
    """(ours, theirs) as call() measures them, of an image or a directory of lock files; both must find the same."""
    trivy = scanning.trivy()
    if not trivy:
        yield "there is no trivy (make test-tools builds one)"
        return
    cache = b.top / "trivy"
    if not cache.exists():
        scanning.database(cache / "db")
        scanning.image(b.top / "image.tar")
        scanning.locks(b.top / "locks")
    what = ["image", "--input", "image.tar"] if target == "image.tar" else ["filesystem", target]
    for _ in range(b.rounds):
        shutil.rmtree(cache / "fanal", ignore_errors=True)  # what it remembers of the layers
        theirs = b.call([trivy, *what, "--cache-dir", str(cache), "--skip-db-update", "--skip-java-db-update", "--offline-scan", "--skip-version-check",
                         "--scanners", "vuln", "--format", "json", "--output", "theirs.json", "--quiet"], b.top)
        yield b.call([b.pipe, "scan", "--db", str(cache / "db"), "--max-age", "0", "--only-vulnerabilities", "--fail-on", "none", "--format", "json",
                      "-o", "ours.json", target], b.top), theirs
    if scanning.findings(b.top / "ours.json") != scanning.findings(b.top / "theirs.json"):
        sys.exit(f"the scanners disagree about {target}")


def scan_row(title, target, at, goal, scale):
    @row(title, goal, "Trivy")
    def measure(b):
        for r in scans(b, target):
            yield r if isinstance(r, str) else (r[0][at] / scale, r[1][at] / scale)


for _title, _target in (("scan of a Debian image", "image.tar"), ("scan of 100 lock files", "locks")):
    scan_row(f"{_title}, wall", _target, 0, 0.1, 1)
    scan_row(f"{_title}, resident MiB", _target, 2, 0.2, 1024)


@row("opening advisories of 1 GB", 1.5, "of 1 MB")
def open_database(b):
    target = b.top / "one"
    target.mkdir()
    (target / "package-lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": {"node_modules/lib1": {"version": "1.0.0"}}}))
    for size in (1, 1024):
        scanning.sized(b.top / f"sized-{size}", size)
    scan = "for i in 1 2 3 4 5 6 7 8 9 10; do {} scan --db {} --max-age 0 --only-vulnerabilities --fail-on none --format json -o one.json one || exit; done"
    seconds = lambda size: b.call(["sh", "-c", scan.format(b.pipe, b.top / f"sized-{size}")], b.top)[0]
    seconds(1024)
    if '"CVE-2020-100001"' not in (b.top / "one.json").read_text():
        sys.exit("the one advisory was not found")
    for _ in range(b.rounds):
        yield seconds(1024), seconds(1)
    shutil.rmtree(b.top / "sized-1024")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--json", action="store_true")
    p.add_argument("rows", nargs="*", help="only rows whose name holds one of these texts")
    a = p.parse_args()
    b = Bench(a.build, a.rounds)
    print(f"{'row':38} {'pipe':>10} {'reference':>10} {'ratio':>7} {'goal':>8}   reference is")
    missed = 0
    try:
        for name, goal, reference, measure in ROWS:
            if a.rows and not any(r in name for r in a.rows):
                continue
            results = list(measure(b))
            if results and isinstance(results[0], str):
                print(f"{name:38} skipped: {results[0]}")
                continue
            higher = goal < 0
            best = max if higher else min
            ours = best(r[0] for r in results)
            if results[0][1] is None:
                value, theirs, ratio = ours, "", ours
            else:
                theirs = best(r[1] for r in results)
                ratio = ours / theirs
                theirs = f"{theirs:10.3f}"
            met = ratio >= -goal if higher else ratio <= goal
            missed += not met
            print(f"{name:38} {ours:10.3f} {theirs:>10} {ratio:7.2f} {'>=' if higher else '<='}{abs(goal):6.2f}   {reference}{'' if met else '   MISSED'}",
                  flush=True)
    finally:
        shutil.rmtree(b.top, ignore_errors=True)
    print("all goals met" if not missed else f"{missed} goal(s) missed")


if __name__ == "__main__":
    main()
