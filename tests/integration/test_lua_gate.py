"""Conditions of a gate that a team wrote in Lua: over a real run with findings, what they may do, and what remains of them."""
import http.server
import json
import socketserver
import threading
import time

import pytest
from test_evidence import case, junit, quality

ALWAYS = "rules: [{when: always}]"
UNIT = f"""
stages: [test, verify]
unit:
  stage: test
  {ALWAYS}
  script: ["true"]
  artifacts:
    paths: [report.txt]
    reports: {{junit: j.xml, codequality: q.json, metrics: m.txt}}
"""


def gate(with_, top="", **more):
    extra = "".join(f"  {k}: {v}\n" for k, v in more.items())
    return f"{top}{UNIT}quality:\n  stage: verify\n  {ALWAYS}\n  uses: gate\n{extra}  with: {with_}\n"


def lua(text, name="mine", top="", more=""):
    """One condition, written in the file."""
    indented = "".join(f"          {line}\n" for line in text.strip().splitlines())
    return gate(f"\n    lua:\n      - name: {name}\n{more}        lua: |\n{indented}", top)


def reports(project):
    project.write("j.xml", junit(case("steady"), case("breaks", inner='<failure message="not so"/>')))
    project.write("q.json", quality(("unused", "minor", "src/a.c", 2, "unused a"), ("leak", "critical", "src/a.c", 9, "leak in a"),
                                    ("style", "minor", "src/b.c", 1, "style of b")))
    project.write("m.txt", "size{part=\"a\"} 100\nsize{part=\"b\"} 20\n")
    project.write("report.txt", "alpha\n")


def rows(project, run=None):
    shown = project.pipe("show", *([str(run)] if run else []), "--format", "json").json
    return {c["subject"]: (c["verdict"], c["value"], c["bound"] or "", c["detail"] or "") for c in shown["conditions"]}


def judged(project, yaml, *args):
    """The run, and the row of the condition "mine"."""
    reports(project)
    r = project.run(yaml, *args)
    return r, rows(project).get("mine")


def log(project, run=None):
    return project.pipe("logs", *([str(run)] if run else []), "quality").out


# ---- evidence ----

def test_a_condition_counts_findings_and_passes(project):
    r, row = judged(project, lua("""
        local worst
        for f in ctx.evidence.findings{ severity = "high" } do worst = f.rule .. " in " .. f.path .. ":" .. f.line end
        pipe.log("the worst is " .. worst)
        return worst == "leak in src/a.c:9", worst
    """))
    assert r.status == 0 and r.jobs["quality"] == "success", r.text
    assert row == ("pass", "true", "", "leak in src/a.c:9")
    assert "the worst is leak in src/a.c:9" in log(project)


def test_a_condition_fails_the_gate_with_its_reason(project):
    r, row = judged(project, lua("return ctx.evidence.tests.failed == 0, ctx.evidence.tests.failed .. ' failed'"))
    assert r.status == 1 and r.jobs == {"unit": "success", "quality": "failed"}
    assert row == ("fail", "false", "", "1 failed")
    finished = [e for e in r.events if e["event"] == "job_finished" and e["job"] == "quality"][0]
    assert finished["reason"] == "1 of 1 conditions does not hold: mine: 1 failed"


def test_a_table_says_value_and_bound(project):
    r, row = judged(project, lua("""
        local size = ctx.evidence.metrics["size"]
        return { ok = size <= ctx.with.most, value = size, bound = "at most " .. ctx.with.most, subject = "mine" }
    """, more="        with: {most: 100}\n"))
    assert r.status == 1
    assert row[0] == "fail" and row[1] in ("120", "120.0") and row[2] == "at most 100"


def test_no_data_is_an_answer(project):
    text = "if ctx.evidence.images():count() == 0 then return { ok = false, data = false, detail = 'no image' } end return true"
    r, row = judged(project, lua(text))
    assert r.status == 1 and row == ("no data", "-", "", "no image")
    r, row = judged(project, lua(text, more="        missing: ok\n"))
    assert r.status == 0 and row == ("no data: ok", "-", "", "no image")


def test_files_with_arguments_and_the_order_of_rows(project):
    project.write("gates/few.lua", "local n = ctx.evidence.findings():count()\nreturn n <= ctx.with.most, n .. ' findings'\n")
    reports(project)
    r = project.run(gate("""
    tests: {failed: 5}
    lua:
      - {file: gates/few.lua, with: {most: 3}}
      - {file: gates/few.lua, name: stricter, with: {most: 2}, mode: warn}
"""))
    assert r.status == 0 and r.jobs["quality"] == "warning", r.text
    assert list(rows(project)) == ["failed tests", "gates/few.lua", "stricter"]
    assert rows(project)["stricter"] == ("warn", "false", "", "3 findings")


def test_a_condition_sees_the_jobs_own_reports(project):
    reports(project)
    r = project.run(f"""
quality:
  {ALWAYS}
  uses: gate
  artifacts: {{reports: {{junit: j.xml}}}}
  with:
    lua: "return ctx.evidence.job.tests.failed == 1 and ctx.evidence.tests.total == 2"
""")
    assert r.status == 0, r.text


def test_new_findings_against_the_baseline(project):
    text = """
        if not ctx.baseline then return true, ctx.no_baseline end
        local new = ctx.evidence.findings{ new = true }:list()
        return #new == 0, #new .. " new since run " .. ctx.baseline.run .. ": " .. (new[1] and new[1].rule or "none")
    """
    reports(project)
    project.write(".gitlab-ci.yml", lua(text))
    project.commit()
    assert project.run().status == 0
    assert rows(project)["mine"][3].startswith("no successful run")
    project.git("checkout", "-q", "-b", "feature")
    project.write("q.json", quality(("unused", "minor", "src/a.c", 2, "unused a"), ("fresh", "major", "src/c.c", 1, "fresh")))
    project.commit()
    r = project.run(None, "--as", "merge_request:main")
    assert r.status == 1
    assert rows(project)["mine"] == ("fail", "false", "", "1 new since run 1: fresh")


def test_history_graph_and_facts(project):
    reports(project)
    yaml = lua("""
        local names = {}
        for j in ctx.graph() do names[#names + 1] = j.name end
        local last = ctx.history.runs{ limit = 1 }:first()
        return { ok = true, subject = "mine", value = table.concat(names, "+"), bound = last and last.status or "none",
            detail = ctx.run.number .. " " .. ctx.run.branch .. " " .. ctx.job.name .. " " .. ctx.vars.CI_JOB_STAGE }
    """)
    assert project.run(yaml).status == 0
    assert rows(project)["mine"] == ("pass", "unit+quality", "none", "1 main quality verify")
    assert project.run(yaml).status == 0
    assert rows(project)["mine"] == ("pass", "unit+quality", "success", "2 main quality verify")


def test_metrics_and_findings_of_a_script_are_kept(project):
    r, _ = judged(project, lua("""
        pipe.metric("licences", 7, { unit = "packages" })
        pipe.finding{ rule = "copyleft", message = "GPL-3.0 in x", severity = "high", path = "package.json", kind = "license" }
        return true
    """))
    assert r.status == 0, r.text
    shown = project.pipe("findings", "--format", "json").out
    assert "copyleft" in shown and "GPL-3.0 in x" in shown


def test_an_old_run_is_explained_from_the_history(project):
    judged(project, lua("return false, 'because'"))
    project.write(".gitlab-ci.yml", "other: {script: 'true'}\n")
    assert rows(project, 1)["mine"] == ("fail", "false", "", "because")
    assert "because" in log(project, 1)


# ---- what cannot answer ----

@pytest.mark.parametrize("text, why", [
    ("return nil", "it returned nil"),
    ("return 'yes'", "it returned a text"),
    ("local x = nil\nreturn x.y", "nil value"),
    ("error('so')", "so"),
    ("while true do end", "processor time"),
    ("return pipe.htp", "htp"),
    ("pipe.exec({'true'})", "exec"),
])
def test_a_script_that_cannot_answer_fails_the_gate(project, text, why):
    top = "lua: {limits: {cpu: 200ms}}\n"
    r, row = judged(project, lua(text, top=top))
    assert r.status == 1 and row[0] == "fail", r.text
    assert why in row[3], row
    r, row = judged(project, lua(text, top=top, more="        mode: warn\n        missing: ok\n"))
    assert r.status == 0 and row[0] == "warn" and r.jobs["quality"] == "warning"


def test_a_fault_is_told_with_its_place(project):
    project.write("gates/bad.lua", "local a = 1\n\nlocal function look(t) return t.x.y end\nlocal seen = look({})\nreturn seen\n")
    reports(project)
    r = project.run(gate("{lua: gates/bad.lua}"))
    assert r.status == 1
    assert rows(project)["gates/bad.lua"][3].startswith("gates/bad.lua:3: ")
    assert "gates/bad.lua:4" in log(project)


def test_a_cancelled_script_ends_soon(project):
    reports(project)
    project.write(".gitlab-ci.yml", lua("pipe.log('here')\npipe.sleep(60)\nreturn true", top="lua: {limits: {wall: 2m}}\n"))
    p = project.start("run", "--format", "json")
    seen = b""
    while b"here" not in seen:
        line = p.stdout.readline()
        assert line, seen
        seen += line
    began = time.monotonic()
    p.send_signal(2)
    p.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert p.returncode == 130


# ---- what a script may do ----

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.server.targets[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = json.dumps({"approved": True, "got": self.rfile.read(length).decode()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Kind", "answer")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    servers = []

    def make():
        s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        s.asked, s.targets, s.url = [], {}, f"http://127.0.0.1:{s.server_address[1]}"
        threading.Thread(target=s.serve_forever, daemon=True).start()
        servers.append(s)
        return s

    yield make
    for s in servers:
        s.shutdown()
        s.server_close()


def test_http_where_it_is_granted(project, server):
    s = server()
    top = f"lua: {{allow: {{http: [\"{s.url}\"]}}}}\n"
    r, row = judged(project, lua(f"""
        local reply, why = pipe.http("{s.url}/approval", {{ method = "POST", body = "run " .. ctx.run.number }})
        return reply.ok and reply.json().approved and reply.headers["x-kind"] == "answer", reply.json().got
    """, top=top))
    assert r.status == 0 and row == ("pass", "true", "", "run 1"), (r.text, row)
    assert s.asked[0][:2] == ("POST", "/approval")


def test_http_elsewhere_is_refused_with_the_line_to_add(project, server):
    s = server()
    r, row = judged(project, lua(f'return pipe.http("{s.url}/x").ok'))
    assert r.status == 1 and "allow" in row[3] and s.url in row[3]
    assert not s.asked


def test_a_redirect_goes_only_where_it_may(project, server):
    s, other = server(), server()
    s.targets = {"/to/self": "/there", "/to/other": other.url + "/there"}
    top = f"lua: {{allow: {{http: [\"{s.url}\"]}}}}\n"
    text = """
        local reply, why = pipe.http("%s", { headers = { ["Private-Token"] = "s3cret" } })
        return reply ~= nil, why or reply.status
    """
    r, row = judged(project, lua(text % (s.url + "/to/self"), top=top))
    assert r.status == 0 and row[3] == "200", (r.text, row)
    r, row = judged(project, lua(text % (s.url + "/to/other"), top=top))
    assert r.status == 1 and other.url in row[3] and "not allowed" in row[3]
    assert not other.asked
    both = f"lua: {{allow: {{http: [\"{s.url}\", \"{other.url}\"]}}}}\n"
    r, row = judged(project, lua(text % (s.url + "/to/other"), top=both))
    assert r.status == 0 and "Private-Token" not in other.asked[0][2] and "Private-Token" in s.asked[-1][2]


def test_commands_that_are_granted(project):
    top = "lua: {allow: {exec: [cat, sh, pwd]}}\n"
    r, row = judged(project, lua("""
        local echoed = pipe.exec({ "cat" }, { input = "from the script" })
        local failed = pipe.exec({ "sh", "-c", "echo $WHO; exit 3" }, { env = { WHO = "me" } })
        local where = pipe.exec({ "pwd" }, { directory = "sub" })
        return echoed.ok and failed.code == 3 and where.output:match("/sub\\n$") ~= nil,
            echoed.output .. ", " .. failed.output
    """, top=top).replace("script: [\"true\"]", "script: [\"true\"]"))
    assert r.status == 1  # there is no such directory: pipe.exec returns nil
    project.write("sub/file", "x")
    project.commit()
    r, row = judged(project, project.read(".gitlab-ci.yml"))
    assert r.status == 0 and row[3] == "from the script, me ", (r.text, row)


def test_a_command_that_takes_too_long_leaves_nothing(project):
    top = "lua: {allow: {exec: [sh]}}\n"
    began = time.monotonic()
    r, row = judged(project, lua("""
        local done, why = pipe.exec({ "sh", "-c", "setsid sleep 4711 & echo begun; sleep 4711" }, { timeout = 0.5 })
        return done == nil, why
    """, top=top))
    assert r.status == 0 and "longer" in row[3], (r.text, row)
    assert time.monotonic() - began < 20
    import subprocess
    assert subprocess.run(["pgrep", "-f", "^sleep 4711"], capture_output=True).returncode == 1


class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda t: self.wfile.write((t + "\r\n").encode())
        say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            self.server.heard.append(line)
            if word == "DATA":
                say("354 go on")
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    self.server.heard.append(text)
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")


def test_mail_to_a_server_that_is_granted(project):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as s:
        s.heard, s.daemon_threads = [], True
        threading.Thread(target=s.serve_forever, daemon=True).start()
        url = f"smtp://127.0.0.1:{s.server_address[1]}"
        r, row = judged(project, lua(f"""
            return pipe.notify{{ mail = {{ server = "{url}", from = "ci@example.org", to = {{ "a@example.org", "b@example.org" }},
                subject = "gate", text = "all is well" }} }}
        """, top=f"lua: {{allow: {{mail: [\"{url}\"]}}}}\n"))
        s.shutdown()
    assert r.status == 0, (r.text, row)
    assert "RCPT TO:<b@example.org>" in s.heard and "all is well" in s.heard and "Subject: gate" in s.heard


# ---- before it runs ----

def test_lint_sees_what_is_no_lua(project):
    project.write(".gitlab-ci.yml", lua("local a = 1\nreturn (a"))
    r = project.pipe("lint")
    line = project.read(".gitlab-ci.yml").splitlines().index("          return (a") + 2  # the end of the text
    assert r.status == 2 and f".gitlab-ci.yml:{line}:" in r.text and "<eof>" in r.text, r.text
    project.write(".gitlab-ci.yml", gate("{lua: gates/missing.lua}"))
    r = project.pipe("lint")
    assert r.status == 2 and "gates/missing.lua" in r.text
    project.write(".gitlab-ci.yml", gate("{lua: {lua: return true, mode: never}}"))
    assert project.pipe("lint").status == 2


def test_explain_names_it(project):
    r = project.pipe("explain", "gate")
    assert r.status == 0 and "lua" in r.out
    r = project.pipe("explain", "gate:lua")
    assert r.status == 0 and "licences" in r.out
