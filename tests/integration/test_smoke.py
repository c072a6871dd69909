"""`uses: smoke`, against servers that behave and that do not; and the services and waits that it shares with `uses: test`."""
import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from conftest import BUILD
from test_processes import end_of, living, nothing_left, signals_are_not_ignored, started, wait_for  # noqa: F401
from test_stage_engine import bytes_of_state, database, finished, free_port, one

try:
    from grpc_health.v1 import health
except ImportError:
    health = None

SANITIZED = b"__asan_init" in (BUILD / "pipe").read_bytes()


# ---- servers ----

class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path; what it was asked is kept."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        path = self.path.split("?")[0]
        if path == "/health":
            self.answer(200, b'{"status": "ok", "nodes": [{"name": "a"}], "load": 0.5}', Content_Type="application/json", X_Version="1.22.3")
        elif path == "/flaky":
            self.server.count += 1
            self.answer(503 if self.server.count <= 3 else 200, b"warming up" if self.server.count <= 3 else b"ready")
        elif path == "/slow":
            self.server.release.wait(30)
            self.answer(200, b"late")
        elif path == "/late":
            time.sleep(0.1)
            self.answer(200, b"late")
        elif path == "/broken":
            self.answer(500, b"no such table: links")
        elif path == "/echo":
            self.answer(201, self.command.encode() + b" " + body + b" " + self.headers.get("X-Token", "-").encode())
        elif path == "/moved":
            self.answer(302, Location="/health")
        else:
            self.answer(404, b"nothing here")

    do_GET = do_POST = do_HEAD = do_PUT = handle_one


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.count, self.release = [], 0, threading.Event()
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server_address[1]
        self.url = f"{'https' if context else 'http'}://localhost:{self.port}" if context else f"http://127.0.0.1:{self.port}"

    def handle_error(self, *_):
        pass


@contextlib.contextmanager
def running(context=None):
    server = Server(context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server():
    with running() as s:
        yield s


def smoke(checks, **parameters):
    """A job; checks: YAML, a line each."""
    lines = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in parameters.items())
    return "a:\n  uses: smoke\n  with:\n" + lines + "    checks:\n" + textwrap.indent(textwrap.dedent(checks).strip(), "      ") + "\n"


def results_of(project):
    rows = database(project).execute("select c.name, t.status, x.message, x.details from test t join test_case c on c.id = t.tcase"
                                     " left join test_text x on x.id = t.text order by t.number")
    return list(rows)


# ---- what holds ----

def test_a_service_that_works(project, server):
    r = project.run(smoke(f"""
        - name: health
          http: {server.url}/health
          status: 200
          headers: {{content-type: json, X-Version: '/^1\\.[0-9]+\\./'}}
          contains: '"status"'
          json: {{$.status: ok, "$.nodes[0].name": a, $.load: 0.50, "$.nodes[-1]": }}
          latency: {{requests: 30, p50: 2s, p99: 5s, max: 1 minute}}
        - http: {server.url}/echo
          method: PUT
          body: hello
          send_headers: {{X-Token: t1}}
          status: 200-299
          contains: PUT hello t1
        - {{http: "{server.url}/moved", status: "302"}}
        - {{http: "{server.url}/moved", follow: true, json: {{$.status: ok}}}}
        - {{name: head, http: "{server.url}/health", method: HEAD}}
        - {{http: "{server.url}/none", status: "404,410"}}
        - {{tcp: "127.0.0.1:{server.port}"}}
        - {{tcp: "localhost:{server.port}"}}
        - {{command: [sh, -c, "echo all fine; exit 4"], exit_code: 4, contains: /all (fine|good)/}}
    """))
    assert r.status == 0, r.text
    assert len([a for a in server.asked if a[1] == "/health" and a[0] == "GET"]) == 31
    assert {name for name, *_ in results_of(project)} == {
        "health", f"PUT {server.url}/echo", f"GET {server.url}/moved", "head", f"GET {server.url}/none", f"127.0.0.1:{server.port}",
        f"localhost:{server.port}", "sh -c echo all fine; exit 4"}
    assert "30 requests: p50 " in "\n".join(r.lines("a"))
    labels = [w for (w,) in database(project).execute("select w.text from metric m join word w on w.id = m.labels")]
    assert 'check="health",quantile="0.99"' in labels


@pytest.mark.parametrize("check, reason", [
    ("http: URL/broken", 'got status 500, expected 2xx: "no such table: links"'),
    ("http: URL/moved", "got status 302, expected 2xx (which leads to /health)"),
    ("{http: URL/health, contains: nothing}", 'the body does not hold nothing: "{"status": "ok"'),
    ("{http: URL/health, headers: {X-Version: '2.0'}}", 'the header "X-Version" is "1.22.3", expected 2.0'),
    ("{http: URL/health, headers: {X-Other: ''}}", 'the answer has no header "X-Other"'),
    ("{http: URL/health, json: {$.status: down}}", '$.status is "ok", expected "down"'),
    ("{http: URL/health, json: {$.gone: }}", '$.gone is not there: "{"status"'),
    ("{http: URL/echo, status: 201, json: {$.status: ok}}", "$.status is in no JSON: \"GET"),
    ("{http: URL/late, latency: {requests: 2, max: 50ms}}", "the slowest of 2 requests took "),
    ("{http: URL/late, latency: {requests: 2, p50: 1ms}}", "50 % of 2 requests took up to "),
    ("{http: URL/health, tls_days: 3}", "the address is not https"),
    ("{http: URL/slow, timeout: 200ms}", "timed out after "),
    ("http: http://127.0.0.1:CLOSED/", "Couldn't connect"),
    ("tcp: 127.0.0.1:CLOSED", "no connection to 127.0.0.1:CLOSED: Connection refused"),
    ("http: http://no-such-host.invalid/", "Could not resolve host: no-such-host.invalid"),
    ("tcp: no-such-host.invalid:80", "no connection to no-such-host.invalid:80: "),
    ("{command: [sh, -c, 'echo no disk >&2; exit 3']}", 'got exit code 3, expected 0: "no disk"'),
    ("{command: [no-such-command-here]}", "no-such-command-here could not be started"),
    ("{command: [sleep, '300'], timeout: 200ms}", "sleep took longer than 200ms"),
    ("grpc: 127.0.0.1:CLOSED", "Couldn't connect"),
])
def test_what_fails_says_what_was_got(project, server, check, reason):
    closed = str(free_port())
    r = project.run(smoke("- " + check.replace("URL", server.url).replace("CLOSED", closed), retries=0, interval="10ms"))
    assert r.status == 1, r.text
    assert reason.replace("CLOSED", closed) in finished(r, "a")["reason"]
    (name, _, message, details), = results_of(project)
    assert reason.replace("CLOSED", closed) in message and details.startswith("check ") and ": 1 try in " in details
    assert nothing_left(project)


def test_all_checks_are_made_and_counted(project, server):
    r = project.run(smoke(f"""
        - {{name: one, http: "{server.url}/health"}}
        - {{name: two, http: "{server.url}/broken"}}
        - {{name: three, http: "{server.url}/health"}}
        - {{name: four, http: "{server.url}/none"}}
    """, retries=0))
    assert finished(r, "a")["reason"].startswith("2 of 4 checks failed: two: got status 500")
    assert {name: bool(message) for name, _, message, _ in results_of(project)} == {"one": False, "two": True, "three": False, "four": True}
    assert f"$ check two: GET {server.url}/broken" in r.lines("a")


# ---- tries ----

def test_a_server_that_is_not_ready_yet_is_asked_again(project, server):
    r = project.run(smoke(f"- {{http: '{server.url}/flaky', contains: ready}}", interval="20ms"))
    assert r.status == 0, r.text
    lines = r.lines("a")
    assert 'try 1: got status 503, expected 2xx: "warming up"; again in 20ms' in lines
    assert 'try 3: got status 503, expected 2xx: "warming up"; again in 80ms' in lines
    assert any(line.startswith("ok: 4 tries in ") for line in lines)
    assert server.count == 4


def test_the_budget_covers_all_tries(project):
    port, began = free_port(), time.monotonic()
    r = project.run(smoke(f"- tcp: 127.0.0.1:{port}", budget="800ms", interval="50ms", retries=1000))
    assert r.status == 1 and 0.6 < time.monotonic() - began < 3
    lines = r.lines("a")
    assert any(line.startswith("given up: ") for line in lines) and "Connection refused" in lines[-2] + lines[-1]
    assert "tries in" in results_of(project)[0][3]


# ---- TLS ----

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate of its own CA each, for localhost: one for 90 days, one for 5, and a CA that signed neither."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here")
    path = tmp_path_factory.mktemp("tls")
    for name, days in (("good", 90), ("soon", 5), ("other", 90)):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days),
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path / f"{name}.key",
                        "-out", path / f"{name}.pem"], check=True, capture_output=True)
    return path


def tls(certificates, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


@pytest.mark.parametrize("name, check, reason", [
    ("good", "ca_file: good.pem, tls_days: 30", None),
    ("good", "ca_file: good.pem, tls_days: 30, latency: {requests: 5}", None),
    ("good", "ca_file: good.pem, tls_days: 91", "the certificate is valid for 90.0 days, expected at least 91"),
    ("soon", "ca_file: soon.pem, tls_days: 14", "the certificate is valid for 5.0 days, expected at least 14"),
    ("soon", "insecure: true, tls_days: 14", "the certificate is valid for 5.0 days, expected at least 14"),
    ("good", "insecure: true", None),
    ("good", "ca_file: other.pem", "SSL certificate problem"),
    ("good", "tls_days: 1", "SSL certificate problem"),
    ("good", "ca_file: missing.pem", "missing.pem"),
])
def test_tls(project, certificates, name, check, reason):
    for file in certificates.glob("*.pem"):
        shutil.copy(file, project.path)
    with running(tls(certificates, name)) as server:
        r = project.run(smoke(f"- {{http: '{server.url}/health', {check}}}", retries=0))
    assert r.status == (1 if reason else 0), r.text
    if reason:
        assert reason in finished(r, "a")["reason"].replace("89.9 days", "90.0 days").replace("4.9 days", "5.0 days")


# ---- services ----

API = """
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), H)
print("listening on", sys.argv[1], flush=True)
server.serve_forever()
"""


@pytest.mark.parametrize("wait", ["{log: '/^listening on [0-9]+$/'}", "{tcp: '127.0.0.1:$PORT'}", "{http: 'http://127.0.0.1:$PORT/'}",
                                  "[[{log: listening, service: $NAME}], {tcp: '127.0.0.1:$PORT', timeout: $TIME}]"])
def test_a_service_is_started_asked_and_stopped(project, wait):
    project.write("api.py", API)
    r = project.run(f"""
a:
  uses: smoke
  variables: {{PORT: "{free_port()}", NAME: api, TIME: 20s}}
  with:
    services: {{name: $NAME, command: [{sys.executable}, api.py, $PORT]}}
    wait_for: {wait}
    checks: {{http: "http://127.0.0.1:$PORT/", contains: ok}}
""")
    assert r.status == 0, r.text
    assert nothing_left(project)


def test_a_service_that_dies_at_its_start_is_named_with_its_last_words(project):
    port = free_port()
    r = project.run(smoke(f"- http: http://127.0.0.1:{port}/", services=[{"name": "api", "command": "echo starting; echo 'no such table: links' >&2; exit 3"}],
                          wait_for={"tcp": f"127.0.0.1:{port}"}))
    assert r.status == 1
    assert finished(r, "a")["reason"].endswith('the service "api" ended with exit code 3: no such table: links')
    assert nothing_left(project)


def test_a_service_that_never_answers_shows_what_was_tried(project):
    port = free_port()
    r = project.run(smoke(f"- http: http://127.0.0.1:{port}/", services=[{"name": "api", "command": "exec sleep 300"}],
                          wait_for={"http": f"http://127.0.0.1:{port}/healthz", "timeout": "500ms"}))
    assert r.status == 1
    assert "Couldn't connect to server" in finished(r, "a")["reason"]
    lines = "\n".join(r.lines("a"))
    assert f"$ wait for http://127.0.0.1:{port}/healthz" in lines and "try 1: " in lines and "given up: " in lines
    assert nothing_left(project)


def test_a_service_that_dies_while_it_is_asked_ends_the_checks(project):
    port, began = free_port(), time.monotonic()
    r = project.run(smoke(f"- http: http://127.0.0.1:{port}/", services=[{"name": "api", "command": "sleep 0.4; echo out of memory; exit 9"}], retries=1000))
    assert r.status == 1 and time.monotonic() - began < 10
    assert 'the service "api" ended with exit code 9: out of memory' in finished(r, "a")["reason"]


def test_what_a_service_said_last_is_found(project):
    r = project.run(smoke("- command: ['true']", services=[{"name": "api", "command": "printf 'ready'; sleep 300"}], wait_for={"log": "ready", "timeout": "400ms"}))
    assert 'the output of "api" has no line with ready yet' in finished(r, "a")["reason"], "a line has an end"
    r = project.run(smoke("- command: ['true']", services=[{"name": "api", "command": "printf 'a\\000b ready\\r\\n'; sleep 300"}], wait_for={"log": "/ready$/"}))
    assert r.status == 0, r.text


# ---- the end from outside ----

def test_ctrl_c_ends_a_probe_at_once(project, server):
    project.write(".gitlab-ci.yml", smoke(f"- {{http: '{server.url}/slow', timeout: 60s}}", services=[{"name": "s", "command": "touch started; exec sleep 300"}]))
    p = project.start("run", "--format", "plain")
    assert started(project) and wait_for(lambda: server.asked)
    began = time.monotonic()
    p.send_signal(signal.SIGINT)
    status, out, err = end_of(p)
    assert status == 130, out + err
    assert time.monotonic() - began < 2
    assert nothing_left(project)


def test_ctrl_c_ends_a_command(project):
    project.write(".gitlab-ci.yml", smoke("- {command: [sh, -c, 'touch started; sleep 300'], timeout: 60s}"))
    p = project.start("run", "--format", "plain")
    assert started(project)
    p.send_signal(signal.SIGINT)
    status, out, err = end_of(p)
    assert status == 130, out + err
    assert nothing_left(project)


@pytest.mark.parametrize("check", ["{http: 'URL/slow', timeout: 60s}", "{tcp: '127.0.0.1:CLOSED'}", "{command: [sleep, '300'], timeout: 60s}"])
def test_the_jobs_timeout_ends_a_probe(project, server, check):
    began = time.monotonic()
    r = project.run("a:\n  timeout: 1 second\n" + smoke("- " + check.replace("URL", server.url).replace("CLOSED", str(free_port())), retries=1000)[3:])
    assert r.status == 1 and time.monotonic() - began < 6
    assert "timeout" in finished(r, "a")["reason"] or "1 second" in finished(r, "a")["reason"], r.text
    assert nothing_left(project)


SLOW_RESOLVER = """
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	if (node && !strcmp(node, "slow.example") && !(hints && hints->ai_flags & AI_NUMERICHOST)) {
		sleep(20);
		return EAI_AGAIN;
	}
	return real(node, service, hints, list);
}
"""


@pytest.mark.skipif(SANITIZED or not shutil.which("cc"), reason="needs a compiler, and a build without sanitizers")
@pytest.mark.parametrize("check", ["http: http://slow.example/", "tcp: slow.example:80", "grpc: slow.example:80"])
def test_a_resolver_that_hangs_holds_nothing_up(project, tmp_path, check):
    (tmp_path / "slow.c").write_text(SLOW_RESOLVER)
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", str(tmp_path / "slow.so"), str(tmp_path / "slow.c"), "-ldl"], check=True)
    env, began = {"LD_PRELOAD": str(tmp_path / "slow.so")}, time.monotonic()
    r = project.run(smoke("- {" + check + ", timeout: 300ms}", retries=1, interval="10ms"), env=env)
    assert r.status == 1 and time.monotonic() - began < 5, r.text
    assert "esolving timed out" in finished(r, "a")["reason"] or "could not be found out in time" in finished(r, "a")["reason"]
    project.write(".gitlab-ci.yml", smoke("- {" + check + ", timeout: 60s}", services=[{"name": "s", "command": "touch started; exec sleep 300"}]))
    p = project.start("run", "--format", "plain", env=env)
    assert started(project)
    time.sleep(0.3)
    began = time.monotonic()
    p.send_signal(signal.SIGINT)
    status, out, err = end_of(p)
    assert status == 130 and time.monotonic() - began < 2, out + err
    assert nothing_left(project)


# ---- secrets ----

def test_secrets_are_sent_and_never_shown(project, server):
    secret = "hunter2-hunter2"
    r = project.run(smoke(f"""
        - {{http: "{server.url}/echo?key=$TOKEN", send_headers: {{X-Token: $TOKEN}}, body: $TOKEN, status: "200"}}
        - {{http: "{server.url}/echo", send_headers: {{X-Token: $TOKEN}}, status: 201, contains: "no $TOKEN"}}
        - {{http: "{server.url}/$TOKEN", json: {{$.a: $TOKEN}}, status: 404}}
        - {{http: "http://user:password1@127.0.0.1:{server.port}/none"}}
        - {{tcp: "$TOKEN.invalid:80"}}
        - {{command: [sh, -c, "echo $$TOKEN; printf '%0100d%s' 0 $$TOKEN; exit 1"]}}
        - {{name: $TOKEN, command: [sh, -c, 'exit 1', $TOKEN]}}
        - {{http: "{server.url}/echo", method: PUT, body: {"x" * 110}$TOKEN, status: "200"}}
    """, retries=1, interval="1ms"), "--secret", "TOKEN=" + secret)
    assert r.status == 1
    assert any(secret.encode() in body for _, _, _, body in server.asked) and any(secret in path for _, path, _, _ in server.asked)
    for look in (["show"], ["logs", "a"], ["show", "--events"], ["show", "--format", "json"]):
        assert "hunter2" not in project.pipe(*look).text
    assert "hunter2" not in r.text and "[MASKED]" in r.text
    state = bytes_of_state(project)
    assert b"hunter2" not in state
    assert not [line for line in r.lines("a") if "password1" in line], "a password in an address is shown to nobody"
    assert all("password1" not in "".join(map(str, row)) for row in results_of(project))


# ---- what is wrong in the file ----

@pytest.mark.parametrize("check, message", [
    ("{http: example.org}", '"http" cannot be "example.org"'),
    ("{http: 'http://a', status: 2xxx}", '"status" cannot be "2xxx"'),
    ("{http: 'http://a', contains: '/a(/'}", '"contains" cannot be "/a(/"'),
    ("{http: 'http://a', json: {$.a..b: c}}", '"json" cannot be "$.a..b"'),
    ("{http: 'http://a', method: 'GE T'}", '"method" cannot be "GE T"'),
    ("{http: 'http://a', timeout: soon}", '"with:checks:timeout" takes a duration'),
    ("{http: 'http://a', latency: {p99: soon}}", '"with:checks:latency:p99" takes a duration'),
    ("{tcp: '::1:80'}", '"tcp" cannot be "::1:80"'),
    ("{tcp: 'a:1', contains: b}", '"contains" has no meaning with "tcp"'),
    ("{grpc: 'grpc://a:1'}", '"grpc" cannot be "grpc://a:1"'),
    ("{grpc: 'a:1', status: 200}", '"status" has no meaning with "grpc"'),
    ("{command: [a], json: {$.a: b}}", '"json" has no meaning with "command"'),
    ("{tcp: 'a:1', http: 'http://a'}", '"tcp" and "http" cannot stand in one check'),
    ("{name: a}", "the check does not say what it asks"),
    ("{command: []}", '"with:checks:command" must not be empty'),
])
def test_lint_knows_a_check_that_cannot_be_meant(project, check, message):
    project.write(".gitlab-ci.yml", smoke("- " + check))
    r = project.pipe("lint")
    assert r.status == 2 and message in r.err + r.out, r.text
    assert ".gitlab-ci.yml:5:" in r.err + r.out


@pytest.mark.parametrize("parameters, message", [
    ({"services": [{"name": "a", "command": "b"}, {"name": "a", "command": "c"}]}, 'two services are called "a"'),
    ({"wait_for": {"log": "x"}}, "there is no service whose output could be waited for"),
    ({"services": {"name": "a", "command": "b"}, "wait_for": {"log": "x", "service": "c"}}, 'there is no service "c"'),
    ({"wait_for": {"timeout": "3s"}}, "it is not said what is waited for"),
    ({"wait_for": {"tcp": "a:1", "http": "http://a"}}, "one thing is waited for at a time"),
    ({"wait_for": {"tcp": "a"}}, '"tcp" cannot be "a"'),
    ({"wait_for": {"tcp": "a:1", "timeout": "soon"}}, "takes a duration"),
    ({"budget": "soon"}, '"with:budget" takes a duration'),
    ({"checks": []}, '"with:checks" must not be empty'),
])
def test_lint_knows_a_wait_that_cannot_be_meant(project, parameters, message):
    values = {"checks": [{"tcp": "a:1"}], **parameters}
    for uses in ("smoke", "test") if not {"checks", "budget"} & set(parameters) else ("smoke",):
        given = {k: v for k, v in values.items() if uses == "smoke" or k != "checks"}
        project.write(".gitlab-ci.yml", json.dumps({"a": {"uses": uses, "with": {**given, **({"command": "x"} if uses == "test" else {})}}}))
        r = project.pipe("lint")
        assert r.status == 2 and message in r.text, (uses, r.text)


@pytest.mark.parametrize("check, message", [
    ("http: $X", '"http" cannot be "bad value"'),
    ("tcp: '127.0.0.1:$X'", '"tcp" cannot be "127.0.0.1:bad value"'),
    ("{http: 'http://a', method: $X}", '"method" cannot be "bad value"'),
    ("{http: 'http://a', status: $X}", '"status" cannot be "bad value"'),
    ("{http: 'http://a', timeout: $X}", "duration"),
    ("{http: 'http://a', send_headers: {A: $LINES}}", "a header is one line"),
    ("{http: 'http://a', send_headers: {'A: b': c}}", '"A: b" is no name of a header'),
    ("{http: 'http://a', contains: $PATTERN}", '"contains" cannot be "/a(/"'),
])
def test_a_variable_that_makes_no_sense_is_an_error_with_its_place(project, check, message):
    yaml = 'variables: {X: "bad value", LINES: "b\\nC: d", PATTERN: "/a(/"}\n' + smoke("- " + check)
    r = project.run(yaml)
    assert r.status in (1, 2) and message in r.text, r.text
    assert ".gitlab-ci.yml:6:" in r.text


def test_lists_in_lists_are_checks_too(project, server):
    r = project.run(f".more: [[{{name: two, http: '{server.url}/broken', status: 500}}]]\n" +
                    smoke(f"- {{name: one, http: '{server.url}/health'}}\n- !reference [.more]"))
    assert r.status == 0, r.text
    assert [name for name, *_ in results_of(project)] == ["one", "two"]


def test_explain(project):
    for path, words in (("uses:smoke", ["budget", "checks", "wait_for"]), ("smoke:checks", ["http", "tls_days", "Example"]),
                        ("smoke:checks:latency", ["p99"]), ("smoke:wait_for:log", ["listening"])):
        r = project.pipe("explain", path)
        assert r.status == 0 and all(word in r.out for word in words), r.text


# ---- gRPC ----

@pytest.mark.skipif(health is None, reason="grpcio and grpcio-health-checking are not here")
@pytest.mark.parametrize("secure", [False, True])
def test_grpc_health(project, certificates, secure):
    import concurrent.futures
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    servicer.set("shop", health_pb2.HealthCheckResponse.SERVING)
    servicer.set("down", health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    shutil.copy(certificates / "good.pem", project.path)
    if secure:
        pair = ((certificates / "good.key").read_bytes(), (certificates / "good.pem").read_bytes())
        port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    at, more = (f"https://localhost:{port}", ", ca_file: good.pem, tls_days: 30") if secure else (f"127.0.0.1:{port}", "")
    try:
        r = project.run(smoke(f"- {{grpc: '{at}'{more}}}\n- {{grpc: '{at}', service: shop, latency: {{requests: 20}}{more}}}", retries=0))
        assert r.status == 0, r.text
        for service, reason in (("down", "the health service says NOT_SERVING, expected SERVING"), ("nobody", "the server knows no such service")):
            r = project.run(smoke(f"- {{grpc: '{at}', service: {service}{more}}}", retries=0))
            assert reason in finished(r, "a")["reason"]
    finally:
        server.stop(None).wait()
