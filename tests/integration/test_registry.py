"""The client of OCI registries against Debian's docker-registry, and against networks and servers that misbehave."""
import base64
import hashlib
import json
import os
import pathlib
import re
import subprocess
import threading
import time

import pytest

import registry as r
from conftest import BUILD, ROOT

pytestmark = pytest.mark.skipif(not r.REGISTRY, reason="docker-registry is not installed")

ENOTFOUND, ENETWORK, EPIPELINE, ELIMIT, EUNSUPPORTED, EUSAGE, EIO, EBUSY = 5, 7, 3, 8, 10, 4, 2, 9
MB = 1 << 20
PASSWORD = "open-sesame-4711"


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    libs = re.search(r"^LIBS *:= *(.*)$", (ROOT / "Makefile").read_text(), re.M).group(1).split()
    out = tmp_path_factory.mktemp("driver") / "driver"
    sanitizers = ["-fsanitize=address,undefined"] if "san" in BUILD.name else []
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", f"-I{ROOT}", f"-I{ROOT}/include", *sanitizers, "-o", out,
                    ROOT / "tests/integration/registry_driver.c", BUILD / "libpipe.a", *libs], check=True)
    return out


class Answer:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


@pytest.fixture
def call(binary, tmp_path):
    def run(*args, env=None, timeout=60):
        clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                clean[name] = os.environ[name]
        return Answer(subprocess.run([str(binary), *map(str, args)], env={**clean, **(env or {})}, cwd=tmp_path, capture_output=True, text=True,
                                     timeout=timeout))
    return run


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    registry = r.Registry(tmp_path_factory.mktemp("plain"))
    yield registry
    registry.stop()


@pytest.fixture
def started():
    """What a test starts is stopped after it."""
    things = []

    def add(thing):
        things.append(thing)
        return thing
    yield add
    for thing in things:
        thing.stop()


def blob_file(path, size, seed=1):
    data = hashlib.shake_128(str(seed).encode()).digest(min(size, MB))
    data = (data * (size // max(len(data), 1) + 1))[:size] if size else b""
    path.write_bytes(data)
    return r.digest_of(data)


def login(path, host, user="ann", password=PASSWORD, **more):
    path.mkdir(exist_ok=True)
    auth = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()} if user else {}
    (path / "config.json").write_text(json.dumps({"auths": {host: {**auth, **more}}}))
    return path


# ---- what a registry is for ----

def test_blobs_and_manifests_there_and_back(call, plain, tmp_path):
    digest = blob_file(tmp_path / "blob", 3 * MB)
    assert call("put-blob", plain.host, "a/b", digest, "blob").status == 0
    assert call("get-blob", plain.host, "a/b", digest, 3 * MB, "back").status == 0
    assert (tmp_path / "back").read_bytes() == (tmp_path / "blob").read_bytes()
    empty = blob_file(tmp_path / "empty", 0)
    assert call("put-blob", plain.host, "a/b", empty, "empty").status == 0
    assert call("get-blob", plain.host, "a/b", empty, 100, "nothing").status == 0
    assert (tmp_path / "nothing").read_bytes() == b""
    manifest = {"schemaVersion": 2, "mediaType": r.MANIFEST,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": empty, "size": 0},
                "layers": [{"mediaType": "application/octet-stream", "digest": digest, "size": 3 * MB}]}
    (tmp_path / "manifest").write_text(json.dumps(manifest))
    put = call("put-manifest", plain.host, "a/b", "v1", r.MANIFEST, "manifest")
    assert put.status == 0, put.err
    named = put.out.strip()
    assert named == r.digest_of((tmp_path / "manifest").read_bytes())
    for reference in ("v1", named):
        got = call("get-manifest", plain.host, "a/b", reference)
        assert got.out == f"{named} {r.MANIFEST}\n" + json.dumps(manifest)
        assert call("head-manifest", plain.host, "a/b", reference).out == f"{named} {len(json.dumps(manifest))}\n"
    assert call("resolve", f"{plain.host}/a/b:v1").out == f"answer: {named} {3 * MB} {r.MANIFEST}\n"
    assert call("tags", plain.host, "a/b").out == "v1\n"


def test_what_is_there_is_not_sent_again(call, plain, tmp_path, started):
    proxy = started(r.Proxy(plain, lambda request, n: False))
    digest = blob_file(tmp_path / "blob", MB, "again")
    for _ in range(2):
        assert call("--plain", "put-blob", proxy.host, "again", digest, "blob").status == 0
    methods = [m for m, _, _ in proxy.seen]
    assert methods == ["HEAD", "POST", "PATCH", "PUT", "HEAD"]


def test_large_blobs_go_in_pieces(call, plain, tmp_path, started):
    proxy = started(r.Proxy(plain, lambda request, n: False))
    digest = blob_file(tmp_path / "blob", 40 * MB)
    done = call("--plain", "put-blob", proxy.host, "pieces", digest, "blob")
    assert done.status == 0, done.err
    ranges = [h["Content-Range"] for m, _, h in proxy.seen if m == "PATCH"]
    assert ranges == [f"0-{32 * MB - 1}", f"{32 * MB}-{40 * MB - 1}"]


def test_what_is_not_there_is_said_so(call, plain):
    r.push_image(plain, "there", "v1")
    done = call("get-manifest", plain.host, "there", "v2")
    assert done.status == ENOTFOUND
    assert f"{plain.host}/there:v2: cannot get the manifest: it is not there (status 404): MANIFEST_UNKNOWN" in done.err
    assert call("get-blob", plain.host, "there", "sha256:" + "0" * 64, 10, "x").status == ENOTFOUND
    assert call("tags", plain.host, "nowhere").status == ENOTFOUND
    assert call("resolve", f"{plain.host}/there:v2").status == ENOTFOUND


def test_names_that_are_none_reach_no_server(call, plain):
    for args in (("get-manifest", plain.host, "a/../b", "v1"), ("get-manifest", plain.host, "a", "v1?x=1"), ("tags", plain.host, "A"),
                 ("get-blob", plain.host, "a", "sha256:12", 10, "x"), ("tags", "user@host", "a"), ("delete", plain.host, "a", "v1")):
        assert call(*args).status == EUSAGE, args


def test_a_blob_is_not_what_its_digest_says(call, plain, tmp_path):
    blob_file(tmp_path / "blob", 1000, "wrong")
    done = call("put-blob", plain.host, "wrong", "sha256:" + "1" * 64, "blob")
    assert done.status == EPIPELINE
    assert "what was sent is not what its digest says" in done.err


# ---- TLS and logins ----

def test_tls_with_a_ca_of_its_own(call, started, tmp_path):
    secure = started(r.Registry(tmp_path / "secure", tls=True))
    digest = blob_file(tmp_path / "blob", 100)
    refused = call("--retries", 1, "put-blob", secure.host, "a", digest, "blob")
    assert refused.status == ENETWORK and "certificate" in refused.err
    assert call("--ca", secure.ca, "put-blob", secure.host, "a", digest, "blob").status == 0
    assert call("--insecure", "get-blob", secure.host, "a", digest, 100, "back").status == 0
    trusted = tmp_path / "home/.config/containers/certs.d" / secure.host
    trusted.mkdir(parents=True)
    (trusted / "ca.crt").write_text(pathlib.Path(secure.ca).read_text())
    assert call("get-blob", secure.host, "a", digest, 100, "back2").status == 0
    done = call("--ca", tmp_path / "none.pem", "tags", secure.host, "a")
    assert done.status == EUSAGE and "none.pem" in done.err


@pytest.fixture(scope="session")
def locked(tmp_path_factory):
    registry = r.Registry(tmp_path_factory.mktemp("locked"), tls=True, htpasswd=("ann", PASSWORD))
    yield registry
    registry.stop()


def test_a_login_by_password(call, locked, tmp_path):
    digest = blob_file(tmp_path / "blob", 100)
    config = login(tmp_path / "docker", locked.host)
    base = ("--ca", locked.ca)
    assert call(*base, "--config", config, "put-blob", locked.host, "a", digest, "blob").status == 0
    assert call(*base, "--user", "ann", "--password", PASSWORD, "get-blob", locked.host, "a", digest, 100, "b1").status == 0
    assert call(*base, "get-blob", locked.host, "a", digest, 100, "b2", env={"DOCKER_CONFIG": str(config)}).status == 0
    none = call(*base, "put-blob", locked.host, "a", digest, "blob")
    assert none.status == ENETWORK
    assert f"it wants a login, and there is none for {locked.host} (looked for in {tmp_path}/home" in none.err
    wrong = call(*base, "--user", "ann", "--password", "wrong-password", "put-blob", locked.host, "a", digest, "blob")
    assert wrong.status == ENETWORK
    assert 'login was refused for the user "ann"' in wrong.err
    assert "wrong-password" not in wrong.err
    wrong = call(*base, "--user", "ann", "--password", "wrong-password", "tags", locked.host, "a")
    assert 'login was refused for the user "ann"' in wrong.err and "UNAUTHORIZED" in wrong.err


def test_podmans_file_and_its_names(call, locked, tmp_path):
    missing = "sha256:" + "0" * 64
    auth = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    bad = base64.b64encode(b"ann:bad").decode()
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers/auth.json").write_text(json.dumps({"auths": {
        locked.host: {"auth": bad}, f"{locked.host}/team": {"auth": bad}, f"{locked.host}/team/app": {"auth": auth},
        f"{locked.host}/team/application": {"auth": bad}}}))
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    # past the login: there is no such blob
    assert call("--ca", locked.ca, "get-blob", locked.host, "team/app", missing, 9, "x", env=env).status == ENOTFOUND
    assert call("--ca", locked.ca, "get-blob", locked.host, "team/app/part", missing, 9, "x", env=env).status == ENOTFOUND
    assert "login was refused" in call("--ca", locked.ca, "get-blob", locked.host, "team/other", missing, 9, "x", env=env).err
    (tmp_path / "file.json").write_text(json.dumps({"auths": {locked.host: {"auth": auth}}}))
    env = {"REGISTRY_AUTH_FILE": str(tmp_path / "file.json")}
    assert call("--ca", locked.ca, "get-blob", locked.host, "any", missing, 9, "x", env=env).status == ENOTFOUND


def test_broken_configuration_is_named_without_its_secrets(call, locked, tmp_path):
    (tmp_path / "c").mkdir()
    for text, what in (('{"auths": {"x": "' + PASSWORD, "line 1"), ('{"auths": {"%s": {"auth": "%s!"}}}' % (locked.host, PASSWORD), "base64"),
                       ("[]", "no JSON object")):
        (tmp_path / "c/config.json").write_text(text)
        done = call("--ca", locked.ca, "--config", tmp_path / "c", "tags", locked.host, "a")
        assert done.status == EUSAGE and what in done.err and "config.json" in done.err
        assert PASSWORD not in done.err


def helper(tmp_path, name, script):
    (tmp_path / "bin").mkdir(exist_ok=True)
    file = tmp_path / "bin" / f"docker-credential-{name}"
    file.write_text("#!/bin/sh\n" + script)
    file.chmod(0o755)
    return {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "SEEN": str(tmp_path / "seen")}


def test_credential_helpers(call, locked, tmp_path):
    digest = blob_file(tmp_path / "blob", 100, "helper")
    env = helper(tmp_path, "good", f"cat >$SEEN; echo $1 >>$SEEN; echo '{{\"Username\":\"ann\",\"Secret\":\"{PASSWORD}\"}}'")
    helper(tmp_path, "empty", "echo credentials not found in native keychain; exit 1")
    helper(tmp_path, "broken", "echo the keyring is locked; exit 2")
    helper(tmp_path, "odd", f"echo {PASSWORD}")
    (tmp_path / "d").mkdir()
    args = ("--ca", locked.ca, "--config", tmp_path / "d", "put-blob", locked.host, "a", digest, "blob")

    def config(**value):
        (tmp_path / "d/config.json").write_text(json.dumps(value))
    config(credsStore="good")
    assert call(*args, env=env).status == 0
    assert (tmp_path / "seen").read_text() == f"{locked.host}get\n"
    config(credsStore="broken", credHelpers={locked.host: "good"})
    assert call(*args, env=env).status == 0
    config(credsStore="empty", auths={locked.host: {"auth": base64.b64encode(f"ann:{PASSWORD}".encode()).decode()}})
    assert call(*args, env=env).status == 0
    for store, said in (("empty", "it wants a login"), ("broken", "the keyring is locked"), ("odd", "something else"),
                        ("missing", "docker-credential-missing is not on the PATH"), ("../bin/good", "no name of a credential helper")):
        config(credsStore=store)
        done = call(*args, env=env)
        assert done.status in (ENETWORK, EUSAGE) and said in done.err, (store, done.err)
        assert PASSWORD not in done.err


def test_a_login_by_token(call, started, tmp_path):
    tokens = started(r.TokenServer(tmp_path / "tokens", "ann", PASSWORD, "identity-1234567"))
    guarded = started(r.Registry(tmp_path / "guarded", token=tokens))
    digest = blob_file(tmp_path / "blob", 100)
    config = login(tmp_path / "docker", guarded.host)
    assert call("--config", config, "put-blob", guarded.host, "a", digest, "blob").status == 0
    given = len(tokens.seen)
    assert given <= 2  # one for looking and sending, and not one for each request
    identity = login(tmp_path / "identity", guarded.host, user=None, identitytoken="identity-1234567")
    assert call("--config", identity, "get-blob", guarded.host, "a", digest, 100, "back").status == 0
    assert tokens.seen[-1][0] == "POST"
    wrong = call("--user", "ann", "--password", "wrong-password", "get-blob", guarded.host, "a", digest, 100, "b")
    assert wrong.status == ENETWORK
    assert 'login was refused for the user "ann"' in wrong.err and "incorrect username or password" in wrong.err
    assert "wrong-password" not in wrong.err
    assert "it wants a login" in call("get-blob", guarded.host, "a", digest, 100, "b").err


def test_a_token_that_ends_in_the_middle(call, started, tmp_path):
    """Each piece of a long push finds its token out of date, and gets a new one."""
    tokens = started(r.TokenServer(tmp_path / "tokens", "ann", PASSWORD))
    guarded = started(r.Registry(tmp_path / "guarded", token=tokens))
    turned = []

    def fault(request, n):
        if request.command == "PATCH" and len(turned) < 1:
            turned.append(n)
            request.rfile.read(int(request.headers["Content-Length"]))
            request.answer(401, b"{}", WWW_Authenticate=f'Bearer realm="{tokens.realm}",service="test",scope="repository:a:pull,push"')
            return True
        return False
    proxy = started(r.Proxy(guarded, fault))
    digest = blob_file(tmp_path / "blob", MB)
    done = call("--plain", "--user", "ann", "--password", PASSWORD, "put-blob", proxy.host, "a", digest, "blob")
    assert done.status == 0, done.err
    assert turned


# ---- networks ----

@pytest.mark.parametrize("at", [0, 1, 100_000, 3 * MB])
def test_a_push_that_is_cut_goes_on(call, plain, tmp_path, started, at):
    cut = []

    def fault(request, n):
        if request.command == "PATCH" and not cut:
            cut.append(n)
            request.cut_up = at
        return False
    proxy = started(r.Proxy(plain, fault))
    digest = blob_file(tmp_path / "blob", 4 * MB, f"cut {at}")
    done = call("--plain", "put-blob", proxy.host, "cut", digest, "blob")
    assert done.status == 0, done.err
    assert cut
    assert call("get-blob", plain.host, "cut", digest, 4 * MB, "back").status == 0


def test_a_push_is_gone_on_with_where_it_stopped(call, tmp_path, started):
    """A registry by the letter of the specification: what had arrived is not sent again."""
    data = bytearray()
    state = {"cut": False, "sent": 0}
    size = 8 * MB

    def handle(request):
        length = int(request.headers.get("Content-Length", 0))
        if request.command == "HEAD":
            request.answer(404)
        elif request.command == "POST":
            request.answer(202, Location="/v2/a/blobs/uploads/1?state=x", Range="0-0")
        elif request.command == "PATCH":
            first = int(request.headers["Content-Range"].split("-")[0])
            if first != len(data):
                request.rfile.read(length)
                return request.answer(416, Location="/v2/a/blobs/uploads/1?state=x", Range=f"0-{len(data) - 1}")
            want = 5 * MB if not state["cut"] else length
            while want and (got := request.rfile.read(min(want, 65536))):
                data.extend(got)
                state["sent"] += len(got)
                want -= len(got)
            if not state["cut"]:
                state["cut"] = True
                request.connection.shutdown(2)
                request.close_connection = True
                return None
            request.answer(202, Location="/v2/a/blobs/uploads/1?state=y", Range=f"0-{len(data) - 1}")
        elif request.command == "GET":
            request.answer(204, Location="/v2/a/blobs/uploads/1?state=z", Range=f"0-{len(data) - 1}")
        else:
            assert request.path.startswith("/v2/a/blobs/uploads/1?state=y&digest=sha256:")
            request.answer(201)
        return None
    server = started(r.Server(handle))
    digest = blob_file(tmp_path / "blob", size)
    done = call("--plain", "put-blob", server.host, "a", digest, "blob")
    assert done.status == 0, done.err
    assert r.digest_of(bytes(data)) == digest
    assert state["sent"] == size
    assert [m for m, _, _ in server.seen] == ["HEAD", "POST", "PATCH", "GET", "PATCH", "PUT"]


def test_a_registry_that_takes_no_pieces(call, tmp_path, started):
    got = []

    def handle(request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if request.command == "HEAD":
            request.answer(404)
        elif request.command == "POST":
            request.answer(202, Location="/upload/1")
        elif request.command == "PUT":
            got.append(body)
            request.answer(201)
        else:
            request.answer(405, b'{"errors":[{"code":"UNSUPPORTED"}]}')
    server = started(r.Server(handle))
    digest = blob_file(tmp_path / "blob", MB)
    assert call("--plain", "put-blob", server.host, "a", digest, "blob").status == 0
    assert [r.digest_of(b) for b in got] == [digest]


def test_the_last_answer_of_a_push_is_lost(call, plain, tmp_path, started):
    """The blob has arrived, which only a look can tell."""
    def fault(request, n):
        if request.command == "PUT":
            request.cut_up = -1
        return False
    proxy = started(r.Proxy(plain, fault))
    digest = blob_file(tmp_path / "blob", MB, "lost answer")
    done = call("--plain", "put-blob", proxy.host, "last", digest, "blob")
    assert done.status == 0, done.err
    assert [m for m, _, _ in proxy.seen] == ["HEAD", "POST", "PATCH", "PUT", "HEAD"]


def test_a_registry_that_is_down_in_the_middle(call, tmp_path, started):
    registry = r.Registry(tmp_path / "down")
    stopped = []
    digest = blob_file(tmp_path / "blob", 2 * MB)

    def fault(request, n):
        if request.command == "PATCH" and not stopped:
            stopped.append(n)
            registry.process.kill()
            registry.process.wait()
            threading.Timer(0.6, registry.start).start()
        return False
    proxy = started(r.Proxy(registry, fault))
    done = call("--plain", "put-blob", proxy.host, "a", digest, "blob")
    assert done.status == 0, done.err
    assert call("get-blob", registry.host, "a", digest, 2 * MB, "back").status == 0
    registry.stop()
    gone = call("--retries", 1, "put-blob", registry.host, "a", digest, "blob")
    assert gone.status == ENETWORK and f"{registry.host}/a@{digest}: cannot look for the blob: " in gone.err


@pytest.mark.parametrize("at", [1, MB, 3 * MB])
def test_a_download_that_is_cut_goes_on(call, plain, tmp_path, started, at):
    digest = blob_file(tmp_path / "blob", 4 * MB, "down")
    assert call("put-blob", plain.host, "down", digest, "blob").status == 0

    def fault(request, n):
        if request.command == "GET" and n == 1:
            request.cut_down = at
        return False
    proxy = started(r.Proxy(plain, fault))
    done = call("--plain", "get-blob", proxy.host, "down", digest, 4 * MB, "back")
    assert done.status == 0, done.err
    assert (tmp_path / "back").read_bytes() == (tmp_path / "blob").read_bytes()
    assert proxy.seen[1][2]["Range"] == f"bytes={at}-"


def test_a_beginning_that_is_there_is_not_fetched_again(call, plain, tmp_path, started):
    digest = blob_file(tmp_path / "blob", MB, "begin")
    assert call("put-blob", plain.host, "begin", digest, "blob").status == 0
    proxy = started(r.Proxy(plain, lambda request, n: False))
    data = (tmp_path / "blob").read_bytes()
    for begin, asked in ((data[:1000], ["bytes=1000-"]), (data, []), (b"x" * 1000, ["bytes=1000-", None]), (data + b"more", ["bytes=1048580-", None])):
        (tmp_path / "back").write_bytes(begin)
        proxy.seen.clear()
        done = call("--plain", "get-blob", proxy.host, "begin", digest, 2 * MB, "back")
        assert done.status == 0, done.err
        assert (tmp_path / "back").read_bytes() == data
        assert [h.get("Range") for _, _, h in proxy.seen] == asked


def test_too_many_requests_and_servers_in_trouble(call, plain, tmp_path, started):
    r.push_image(plain, "busy", "v1")
    answers = [(429, {"Retry_After": "1"}), (503, {}), (500, {})]

    def fault(request, n):
        if n > len(answers):
            return False
        status, headers = answers[n - 1]
        request.answer(status, b"busy", **headers)
        return True
    proxy = started(r.Proxy(plain, fault))
    start = time.monotonic()
    assert call("--plain", "get-manifest", proxy.host, "busy", "v1").status == 0
    assert time.monotonic() - start >= 1
    answers[:] = [(429, {"Retry_After": "100000"})] * 9
    proxy.count = 0
    start = time.monotonic()
    done = call("--plain", "get-manifest", proxy.host, "busy", "v1")
    assert done.status == ENETWORK and "asked too often" in done.err and time.monotonic() - start < 5
    answers[:] = [(500, {})] * 9
    proxy.count = 0
    done = call("--plain", "--retries", 1, "get-manifest", proxy.host, "busy", "v1")
    assert done.status == ENETWORK and "status 500" in done.err and proxy.count == 2


def test_silence_ends(call, started):
    server = started(r.Server(lambda request: time.sleep(3)))
    start = time.monotonic()
    done = call("--plain", "--retries", 1, "--timeout", 300, "tags", server.host, "a")
    assert done.status == ENETWORK and "nothing came or went" in done.err
    assert time.monotonic() - start < 3


# ---- servers ----

def always(status, body=b"", **headers):
    return lambda request: request.answer(status, body, **headers)


def test_what_comes_is_not_what_was_asked_for(call, started, tmp_path):
    server = started(r.Server(always(200, b"other bytes")))
    digest = "sha256:" + "a" * 64
    done = call("--plain", "get-blob", server.host, "a", digest, 100, "x")
    assert done.status == EPIPELINE and "not what its digest says" in done.err
    assert (tmp_path / "x").read_bytes() == b""
    done = call("--plain", "get-manifest", server.host, "a", digest)
    assert done.status == EPIPELINE and "and not sha256:aaaa" in done.err
    lying = started(r.Server(always(200, b"{}", Docker_Content_Digest=digest)))
    assert call("--plain", "get-manifest", lying.host, "a", "v1").status == EPIPELINE
    assert call("--plain", "get-manifest", started(r.Server(always(200, b"{}", Docker_Content_Digest="sha256:1"))).host, "a", "v1").status == EPIPELINE


def endless(request):
    request.send_response(200)
    request.send_header("Connection", "close")
    request.end_headers()
    while True:
        request.wfile.write(b"x" * 65536)


def test_bodies_without_an_end(call, started, tmp_path):
    server = started(r.Server(endless))
    digest = "sha256:" + "a" * 64
    done = call("--plain", "get-blob", server.host, "a", digest, 10 * MB, "x")
    assert done.status == ELIMIT and "larger than 10485760 bytes" in done.err
    assert (tmp_path / "x").stat().st_size == 0
    assert call("--plain", "get-manifest", server.host, "a", "v1").status == ELIMIT
    assert call("--plain", "tags", server.host, "a").status == ELIMIT
    announced = started(r.Server(always(200, b"x" * 100)))
    done = call("--plain", "get-blob", announced.host, "a", digest, 99, "y")
    assert done.status == ELIMIT and (tmp_path / "y").stat().st_size == 0

    def endless_error(request):
        request.send_response(403)
        request.send_header("Connection", "close")
        request.end_headers()
        while True:
            request.wfile.write(b"denied " * 10000)
    done = call("--plain", "tags", started(r.Server(endless_error)).host, "a")
    assert done.status == ENETWORK and "access is denied" in done.err and len(done.err) < 500


def test_headers_without_an_end(call, started):
    def handle(request):
        request.send_response(200)
        for i in range(5000):
            request.send_header(f"X-{i}", "y" * 200)
        request.end_headers()
    done = call("--plain", "tags", started(r.Server(handle)).host, "a")
    assert done.status in (ELIMIT, ENETWORK) and done.err


@pytest.mark.parametrize("body, shown", [
    (b'{"errors":[{"code":"DENIED","message":"not yours"}]}', "DENIED: not yours"),
    (b'{"errors":[{"code":7},{"message":"only words"},"no object"]}', "only words"),
    (b'{"errors":"none"}', ""), (b'{"errors":[', ""), (b"[1,2]", ""), (b"\xff\xfe\x1b[31mred", "red"), (b"<html>long</html>", ""),
    (b'{"errors":[{"message":"' + b"x" * 5000 + b'"}]}', "x" * 100),
    (b'{"errors":[{"message":"a\\nb\\u001b[1m"}]}', "a b"),
])
def test_errors_that_are_odd(call, started, body, shown):
    done = call("--plain", "tags", started(r.Server(always(403, body))).host, "a")
    assert done.status == ENETWORK
    assert "access is denied (status 403)" in done.err and shown in done.err
    assert len(done.err) < 500 and "\x1b" not in done.err and "<html>" not in done.err


def test_a_server_that_repeats_the_password(call, started, tmp_path):
    def handle(request):
        if "Authorization" not in request.headers:
            return request.answer(401, b"", WWW_Authenticate='Basic realm="x"')
        return request.answer(403, f"no entry for ann with {PASSWORD}".encode())
    done = call("--plain", "--user", "ann", "--password", PASSWORD, "tags", started(r.Server(handle)).host, "a")
    assert done.status == ENETWORK and "access is denied" in done.err
    assert PASSWORD not in done.err


def test_a_login_does_not_follow_to_another_host(call, started, tmp_path):
    data = b"the blob"
    digest = r.digest_of(data)
    storage = started(r.Server(always(200, data)))

    def handle(request):
        if "Authorization" not in request.headers:
            return request.answer(401, b"", WWW_Authenticate='Basic realm="x"')
        return request.answer(307, b"", Location=f"http://127.0.0.1:{storage.port}/storage?signature=1")
    server = started(r.Server(handle))
    done = call("--plain", "--user", "ann", "--password", PASSWORD, "get-blob", server.host, "a", digest, 100, "x")
    assert done.status == 0, done.err
    assert (tmp_path / "x").read_bytes() == data
    assert all("Authorization" not in h for _, _, h in storage.seen) and storage.seen
    # nor does one that is asked for there
    greedy = started(r.Server(always(401, b"", WWW_Authenticate='Basic realm="x"')))
    storage_port, storage.port = storage.port, greedy.port
    done = call("--plain", "--user", "ann", "--password", PASSWORD, "get-blob", server.host, "a", digest, 100, "y")
    storage.port = storage_port
    assert done.status == ENETWORK and "the host that the registry sends us to" in done.err
    assert all("Authorization" not in h for _, _, h in greedy.seen)


def test_redirects_that_lead_nowhere(call, started):
    server = started(r.Server(lambda request: request.answer(302, b"", Location=request.path)))
    done = call("--plain", "tags", server.host, "a")
    assert done.status == ENETWORK and "from one address to the next" in done.err and len(server.seen) == 6
    for location in ("file:///etc/passwd", "gopher://x/", "http://[", ""):
        done = call("--plain", "tags", started(r.Server(always(302, b"", Location=location))).host, "a")
        assert done.status == ENETWORK, location
    assert "but not where" in call("--plain", "tags", started(r.Server(always(302))).host, "a").err


def test_a_token_server_of_foreign_ways(call, started, tmp_path):
    def guarded(realm):
        return started(r.Server(always(401, b"", WWW_Authenticate=f'Bearer realm="{realm}",service="x"')))
    other = started(r.Server(always(200, b"endless")))
    login_args = ("--plain", "--retries", 1, "--user", "ann", "--password", PASSWORD)
    for body in (b"{}", b"[]", b"no json", b'{"token": 5}', b'{"token": ""}'):
        tokens = started(r.Server(always(200, body)))
        done = call(*login_args, "tags", guarded(f"http://{tokens.host}/t").host, "a")
        assert done.status == ENETWORK and "without a token" in done.err
    # redirects of a token server are not followed
    moved = started(r.Server(always(307, b"", Location=f"http://127.0.0.1:{other.port}/")))
    done = call(*login_args, "tags", guarded(f"http://{moved.host}/t").host, "a")
    assert done.status == ENETWORK and not other.seen
    done = call(*login_args, "tags", guarded("ftp://x/").host, "a")
    assert done.status == ENETWORK and "no address that can be used" in done.err
    # a token that does not help is not asked for again and again
    useless = started(r.Server(always(200, b'{"token":"abcdef"}')))
    done = call(*login_args, "tags", guarded(f"http://{useless.host}/t").host, "a")
    assert done.status == ENETWORK and 'login was refused for the user "ann"' in done.err
    assert len(useless.seen) == 1


def test_pages_of_tags(call, started):
    names = [f"v{i}" for i in range(2500)]

    def handle(request):
        last = re.search(r"last=(\w+)", request.path)
        start = names.index(last.group(1)) + 1 if last else 0
        page = names[start:start + 1000]
        more = {"Link": f'</v2/a/tags/list?n=1000&last={page[-1]}>; rel="next"'} if start + 1000 < len(names) else {}
        request.answer(200, json.dumps({"name": "a", "tags": page}).encode(), **more)
    server = started(r.Server(handle))
    assert call("--plain", "tags", server.host, "a").out.split() == names
    assert len(server.seen) == 3


@pytest.mark.parametrize("link", ['</v2/a/tags/list?n=1000>; rel="next"', '<x?1>; rel="next"'])
def test_pages_that_go_round(call, started, link):
    server = started(r.Server(always(200, b'{"tags":["a"]}', Link=link)))
    done = call("--plain", "tags", server.host, "a")
    assert done.status == EPIPELINE and "circle" in done.err and len(server.seen) < 5


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"tags": 5}', b'{"tags": [5]}', b'{"tags": ["../x"]}', b'{"tags": ["' + b"x" * 129 + b'"]}'])
def test_lists_that_are_none(call, started, body):
    assert call("--plain", "tags", started(r.Server(always(200, body))).host, "a").status == EPIPELINE


def test_deleting(call, plain, started, tmp_path):
    digest = r.push_image(plain, "gone", "v1", salt="gone")["digest"]
    assert call("delete", plain.host, "gone", digest).status == 0
    assert call("delete", plain.host, "gone", digest).status == ENOTFOUND
    fixed = started(r.Registry(tmp_path / "fixed", delete=False))
    digest = r.push_image(fixed, "stays", "v1")["digest"]
    done = call("delete", fixed.host, "stays", digest)
    assert done.status == EUNSUPPORTED and "does not allow it" in done.err


# ---- actions ----

def day(n):
    return f"2024-05-{n:02d}T10:00:00.5Z"


def test_retain_keeps_the_newest(call, plain):
    for i in range(1, 11):  # the names in another order than the times
        r.push_image(plain, "keep/five", f"v{11 - i}", day(i), salt=f"k{i}")
    r.push_image(plain, "keep/five", "other", day(1), salt="other")
    done = call("retain", f"{plain.host}/keep/five", 5, "v*", "v10")
    assert done.status == 0, done.err
    assert r.tags(plain, "keep/five") == {"v1", "v2", "v3", "v4", "v5", "v10", "other"}  # v10 is the oldest, and protected
    assert "answer: v9\nv8\nv7\nv6\n" in done.out
    assert re.search(r"^v9: removed \(sha256:[0-9a-f]{12}\)$", done.out, re.M)
    for tag in ("v1", "v10", "other"):
        assert call("get-manifest", plain.host, "keep/five", tag).status == 0
    again = call("retain", f"{plain.host}/keep/five", 5, "v*", "v10")
    assert again.status == 0 and r.tags(plain, "keep/five") == {"v1", "v2", "v3", "v4", "v5", "v10", "other"}


def test_retain_5_leaves_5(call, plain):
    for i in range(1, 9):
        r.push_image(plain, "leave/five", f"r{i}", day(i), salt=f"l{i}")
    assert call("retain", f"{plain.host}/leave/five", 5, "", "r8").status == 0
    assert r.tags(plain, "leave/five") == {"r4", "r5", "r6", "r7", "r8"}


def test_retain_breaks_nothing_that_stays(call, plain):
    """A tag with the digest of a kept one, and parts of a kept index, stay; so do the signatures of what stays."""
    name = "keep/shared"
    first = r.push_image(plain, name, "old", day(1), salt="s1")
    r.push_image(plain, name, "latest", day(1), salt="s1")
    part = r.push_image(plain, name, "part", day(2), salt="s2")
    only = r.push_image(plain, name, None, day(3), salt="s3")
    index = {"schemaVersion": 2, "mediaType": r.INDEX, "manifests": [
        {**part, "platform": {"os": "linux", "architecture": "amd64"}}, {**only, "platform": {"os": "linux", "architecture": "arm64"}}]}
    r.push_manifest(plain, name, "multi", index)
    doomed = r.push_image(plain, name, "doomed", day(1), salt="s4")
    new = r.push_image(plain, name, "new", day(9), salt="s5")
    r.push_image(plain, name, "undated", None, salt="s6")
    for image in (doomed, new):
        r.push_image(plain, name, image["digest"].replace(":", "-") + ".sig", "0001-01-01T00:00:00Z", salt=image["digest"])
    done = call("retain", f"{plain.host}/{name}", 2, "", "latest")
    assert done.status == 0, done.err
    assert r.tags(plain, name) == {"old", "latest", "part", "multi", "new", "undated", new["digest"].replace(":", "-") + ".sig"}
    assert 'old: stays, since "latest" needs sha256:' in done.out
    assert 'part: stays, since "multi" needs' in done.out
    assert "undated: stays, since it does not say when it was made" in done.out
    for digest in (first["digest"], part["digest"], only["digest"]):
        assert call("get-manifest", plain.host, name, digest).status == 0
    assert call("get-manifest", plain.host, name, doomed["digest"]).status == ENOTFOUND


def test_retain_dates_an_index_by_its_newest_part(call, plain):
    name = "keep/index"
    parts = [r.push_image(plain, name, None, day(d), salt=f"i{d}") for d in (1, 8)]
    r.push_manifest(plain, name, "index", {"schemaVersion": 2, "mediaType": r.INDEX, "manifests": parts})
    r.push_image(plain, name, "between", day(5), salt="i5")
    assert call("retain", f"{plain.host}/{name}", 1, "", "").status == 0
    assert r.tags(plain, name) == {"index"}


def test_retain_where_deleting_is_not_allowed(call, started, tmp_path):
    fixed = started(r.Registry(tmp_path / "fixed", delete=False))
    for i in range(1, 5):
        r.push_image(fixed, "a", f"v{i}", day(i), salt=f"{i}")
    done = call("retain", f"{fixed.host}/a", 2, "", "")
    assert done.status == EUNSUPPORTED
    assert "2 old tags of" in done.err and "does not allow it" in done.err
    assert "v1: could not be removed" in done.out and "v2: could not be removed" in done.out
    assert r.tags(fixed, "a") == {"v1", "v2", "v3", "v4"}


@pytest.mark.parametrize("broken", ["tags", "manifest", "config"])
def test_retain_removes_nothing_when_it_does_not_know_all(call, plain, started, broken):
    name = f"keep/unknown-{broken}"
    for i in range(1, 5):
        r.push_image(plain, name, f"v{i}", day(i), salt=f"u{broken}{i}")

    def fault(request, n):
        path = request.path
        if broken == "tags" and "/tags/list" in path:
            if "last=" in path:
                request.answer(403, b"no")
            else:
                request.answer(200, b'{"tags":["v1","v2","v3"]}', Link=f'</v2/{name}/tags/list?last=v3>; rel="next"')
            return True
        if (broken == "manifest" and path.endswith("manifests/v4")) or (broken == "config" and "/blobs/" in path and n > 6):
            request.answer(403, b"no")
            return True
        return False
    proxy = started(r.Proxy(plain, fault))
    done = call("--plain", "retain", f"{proxy.host}/{name}", 1, "", "")
    assert done.status == ENETWORK, done.out
    assert r.tags(plain, name) == {"v1", "v2", "v3", "v4"}
    assert all(m != "DELETE" for m, _, _ in proxy.seen)


def test_resolve_of_an_index(call, plain):
    parts = [r.push_image(plain, "size", None, day(d), salt="z" * d) for d in (1, 9)]
    index = r.push_manifest(plain, "size", "v1", {"schemaVersion": 2, "mediaType": r.INDEX, "manifests": parts})
    status, _, body = r.fetch(plain, "GET", f"/v2/size/manifests/{parts[1]['digest']}", headers={"Accept": r.MANIFEST})
    m = json.loads(body)
    size = m["config"]["size"] + sum(layer["size"] for layer in m["layers"])
    assert call("resolve", f"{plain.host}/size:v1").out == f"answer: {index['digest']} {size} {r.INDEX}\n"
    assert call("resolve", f"{plain.host}/size@{index['digest']}").status == 0
    assert call("resolve", "a b").status == EUSAGE


def test_uploads(call, started, tmp_path):
    got = []

    def handle(request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        got.append((request.command, request.path, request.headers, body))
        if "Authorization" not in request.headers:
            request.answer(401, b"who are you?")
        elif len(got) > 3:
            request.answer(409, b'{"error":"shop-1.0.0.tgz already exists"}')
        else:
            request.answer(201, b'{"saved":true}')
    server = started(r.Server(handle))
    (tmp_path / "shop-1.0.0.tgz").write_bytes(b"chart" * 1000)
    url = f"http://{server.host}/api/charts"
    who = ("--user", "ann", "--password", PASSWORD)
    done = call(*who, "upload", url, "POST", "shop-1.0.0.tgz", "")
    assert done.status == 0 and 'answer: {"saved":true}' in done.out
    assert got[0][0] == "POST" and got[0][3] == b"chart" * 1000 and got[0][2]["Content-Type"] == "application/gzip"
    done = call(*who, "upload", url, "POST", "shop-1.0.0.tgz", "chart")
    assert done.status == 0
    assert got[1][2]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="chart"; filename="shop-1.0.0.tgz"' in got[1][3] and b"chart" * 1000 in got[1][3]
    done = call("upload", url, "PUT", "shop-1.0.0.tgz", "")
    assert done.status == ENETWORK and "login was refused (status 401)" in done.err and "who are you?" in done.out and got[2][0] == "PUT"
    done = call(*who, "upload", url, "POST", "shop-1.0.0.tgz", "")
    assert done.status == EBUSY and "it is already there (status 409)" in done.err and "already exists" in done.out
    assert call("upload", "ftp://x/", "POST", "shop-1.0.0.tgz", "").status == EUSAGE
    assert call("upload", url, "POST", "none.tgz", "").status == ENOTFOUND
    done = call("upload", url.replace("http://", f"http://ann:{PASSWORD}@"), "POST", "shop-1.0.0.tgz", "")
    assert PASSWORD not in done.err + done.out


def test_an_upload_is_not_sent_elsewhere(call, started, tmp_path):
    other = started(r.Server(always(200)))
    server = started(r.Server(lambda q: (q.rfile.read(int(q.headers["Content-Length"])), q.answer(307, b"", Location=f"http://{other.host}/"))))
    (tmp_path / "f").write_bytes(b"x")
    done = call("--user", "ann", "--password", PASSWORD, "upload", f"http://{server.host}/", "POST", "f", "")
    assert done.status == ENETWORK and "another address" in done.err and not other.seen


def test_a_full_disk_is_said_so(binary, call, plain, tmp_path):
    """A limit on the size of files stands for the disk."""
    digest = blob_file(tmp_path / "blob", 1000, "full")
    assert call("put-blob", plain.host, "full", digest, "blob").status == 0
    (tmp_path / "big").write_bytes(b"")
    done = subprocess.run(["sh", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$@"', "sh", str(binary), "get-blob", plain.host, "full", digest,
                           "1000", "big"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == EIO and "cannot write the file" in done.stderr
