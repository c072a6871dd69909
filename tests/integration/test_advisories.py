"""pipe advisories: an update that pulls Trivy's database from a registry, an import of OSV records, and what status says of both."""
import gzip
import hashlib
import http.server
import io
import json
import os
import signal
import tarfile
import threading
import time
import zipfile

import pytest

import trivydb

LAYER = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
ADVISORIES = {
    "npm::GitHub": {"lodash": {"CVE-1": {"VulnerableVersions": ["<2"], "PatchedVersions": ["2"]}}},
    "vulnerability": {"CVE-1": {"Title": "t", "Severity": "HIGH"}},
}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def database(tree=None, updated="2026-01-01T00:00:00Z", **more):
    return layer({"trivy.db": trivydb.bolt(tree or ADVISORIES), "metadata.json": trivydb.metadata(updated, **more).encode()})


class Registry:
    """As much of the OCI distribution spec as a pull needs; what it serves, and how badly, is up to the test."""

    def __init__(self):
        self.blob, self.media_type, self.layers, self.cut, self.slow, self.served = database(), LAYER, 1, 0, 0, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def answer(self, status, body=b"", kind="application/json", length=None):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                if status == 200 and "manifests" in self.path:
                    self.send_header("Docker-Content-Digest", digest(body))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_HEAD(self):
                self.do_GET()

            def do_GET(self):
                outer.served.append((self.path, self.headers.get("Range")))
                manifest = outer.manifest()
                if self.path in ("/v2/", "/v2"):
                    self.answer(200, b"{}")
                elif self.path in ("/v2/acme/trivy-db/manifests/2", "/v2/acme/trivy-db/manifests/" + digest(manifest)):
                    self.answer(200, manifest, "application/vnd.oci.image.manifest.v1+json")
                elif self.path == "/v2/acme/trivy-db/blobs/" + outer.named():
                    self.send_blob()
                else:
                    self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')

            def send_blob(self):
                body, status = outer.blob, 200
                span = self.headers.get("Range")
                if span:
                    start = int(span.split("=")[1].split("-")[0])
                    body, status = body[start:], 206
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if span:
                    self.send_header("Content-Range", f"bytes {start}-{len(outer.blob) - 1}/{len(outer.blob)}")
                self.end_headers()
                if outer.cut:
                    body = body[:outer.cut]
                for i in range(0, len(body), 1024):
                    try:
                        self.wfile.write(body[i:i + 1024])
                    except OSError:
                        return
                    time.sleep(outer.slow)
                if outer.cut:
                    self.close_connection = True

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.name = None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.source = f"127.0.0.1:{self.server.server_port}/acme/trivy-db:2"

    def named(self):
        return self.name or digest(self.blob)

    def manifest(self):
        one = {"mediaType": self.media_type, "digest": self.named(), "size": len(self.blob)}
        return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2},
                           "layers": [one] * self.layers}).encode()


@pytest.fixture
def registry():
    r = Registry()
    yield r
    r.server.shutdown()
    r.server.server_close()


@pytest.fixture
def place(project, tmp_path):
    project.env["PIPE_ADVISORIES"] = str(tmp_path / "advisories")
    return tmp_path / "advisories"


def status(project):
    return {s["name"]: s for s in project.pipe("advisories", "status", "--format", "json").json["sources"]}


def update(project, registry, **more):
    return project.pipe("advisories", "update", "--from", registry.source, "--plain-http", **more)


# ---- update ----

def test_update_brings_a_database_and_then_a_newer_one(project, place, registry):
    r = project.pipe("advisories", "status")
    assert r.status == 3 and "pipe advisories update" in r.text and "pipe advisories import" in r.text
    r = update(project, registry)
    assert r.status == 0, r.text
    assert sorted(os.listdir(place)) == [".gitignore", "trivy", "update.lock"]
    one = status(project)["Trivy's database"]
    assert one["problem"] == "" and one["updated_ms"] == 1767225600000
    assert project.pipe("advisories", "status").status == 0
    # nothing new: nothing is fetched
    fetched = len([p for p, _ in registry.served if "/blobs/" in p])
    r = update(project, registry)
    assert r.status == 0 and "newest" in r.err
    assert len([p for p, _ in registry.served if "/blobs/" in p]) == fetched
    registry.blob = database(updated="2026-02-01T00:00:00Z")
    assert update(project, registry).status == 0
    assert status(project)["Trivy's database"]["updated_ms"] == 1769904000000
    assert sorted(os.listdir(place)) == [".gitignore", "trivy", "update.lock"]
    assert sorted(os.listdir(place / "trivy")) == ["digest", "metadata.json", "trivy.db"]


def bad_media_type(r):
    r.media_type = "application/vnd.oci.image.layer.v1.tar+gzip"


def two_layers(r):
    r.layers = 2


def wrong_digest(r):
    r.name = digest(b"something else")


def no_database(r):
    r.blob = layer({"metadata.json": trivydb.metadata().encode()})


def no_archive(r):
    r.blob = b"this is no archive" * 100


def empty_database(r):
    r.blob = database({"vulnerability": {"CVE-1": {"Title": "t"}}})


def schema_3(r):
    r.blob = database(version=3)


def cut_database(r):
    r.blob = layer({"trivy.db": trivydb.bolt(ADVISORIES)[:9000], "metadata.json": trivydb.metadata().encode()})


def cut_archive(r):
    r.blob = database()[:-200]


@pytest.mark.parametrize("break_it, says", [
    (bad_media_type, "one layer of type"), (two_layers, "one layer of type"), (wrong_digest, "sha256:"), (no_database, "is missing"),
    (no_archive, "cannot be unpacked"), (empty_database, "not one advisory"), (schema_3, "schema version 3"), (cut_database, "cut short"),
    (cut_archive, "cannot be unpacked"),
], ids=lambda v: getattr(v, "__name__", None))
def test_update_keeps_the_old_one_when_the_new_one_is_no_good(project, place, registry, break_it, says):
    assert update(project, registry).status == 0
    registry.blob = database(updated="2026-02-01T00:00:00Z")
    break_it(registry)
    r = update(project, registry)
    assert r.status != 0
    assert says in r.err, r.err
    assert "--from" in r.err
    assert status(project)["Trivy's database"]["updated_ms"] == 1767225600000
    assert sorted(os.listdir(place)) == [".gitignore", "trivy", "update.lock"]


def test_update_says_what_is_wrong_with_the_source(project, place, registry):
    r = project.pipe("advisories", "update", "--from", registry.source.replace(":2", ":7"), "--plain-http")
    assert r.status != 0 and "acme/trivy-db" in r.err and "--from" in r.err
    r = project.pipe("advisories", "update", "--from", "127.0.0.1:1/acme/trivy-db:2", "--plain-http", timeout=120)
    assert r.status == 3 and "127.0.0.1:1" in r.err and "--from" in r.err
    r = project.pipe("advisories", "update", "--from", "UPPER CASE", "--plain-http")
    assert r.status == 2 and "UPPER CASE" in r.err


def test_update_without_a_file_that_leaves_the_directory(project, place, registry):
    evil = {"trivy.db": trivydb.bolt(ADVISORIES), "metadata.json": trivydb.metadata().encode(), "../evil": b"x", "/tmp/evil-advisories": b"x", "more": b"x"}
    registry.blob = layer(evil)
    assert update(project, registry).status == 0
    assert sorted(os.listdir(place)) == [".gitignore", "trivy", "update.lock"]
    assert sorted(os.listdir(place / "trivy")) == ["digest", "metadata.json", "trivy.db"]
    assert not os.path.exists("/tmp/evil-advisories")


def test_update_killed_at_any_moment_leaves_the_old_one_and_goes_on(project, place, registry):
    assert update(project, registry).status == 0
    many = {"alpine 3.18": {f"p{i:05}": {"CVE-1": {"FixedVersion": hashlib.sha256(str(i).encode()).hexdigest()}} for i in range(2000)}}
    registry.blob = database({**ADVISORIES, **many}, updated="2026-02-01T00:00:00Z")
    assert len(registry.blob) > 60000
    registry.slow = 0.02
    for most in (0, 10000, 20000):
        p = project.start("advisories", "update", "--from", registry.source, "--plain-http")
        for _ in range(1000):
            if any(d.stat().st_size > most for d in place.glob("download.*")):
                break
            time.sleep(0.01)
        p.send_signal(signal.SIGKILL)
        p.communicate()
        assert status(project)["Trivy's database"]["updated_ms"] == 1767225600000
    assert any(n.startswith("download.") for n in os.listdir(place))
    (place / "trivy.new").mkdir()
    (place / "trivy.new" / "trivy.db").write_text("half")
    registry.slow = 0
    registry.served.clear()
    assert update(project, registry).status == 0
    assert any(span for path, span in registry.served if "/blobs/" in path), "the download is taken up again"
    assert status(project)["Trivy's database"]["updated_ms"] == 1769904000000
    assert sorted(os.listdir(place)) == [".gitignore", "trivy", "update.lock"]


def test_two_updates_at_once(project, place, registry):
    registry.slow = 0.05
    first = project.start("advisories", "update", "--from", registry.source, "--plain-http")
    for _ in range(500):
        if place.exists() and any(n.startswith("download.") for n in os.listdir(place)):
            break
        time.sleep(0.02)
    r = update(project, registry)
    registry.slow = 0
    assert r.status == 3 and "under way" in r.err
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_status_of_a_damaged_database(project, place):
    trivydb.write(place / "trivy", ADVISORIES)
    assert project.pipe("advisories", "status").status == 0
    data = (place / "trivy" / "trivy.db").read_bytes()
    (place / "trivy" / "trivy.db").write_bytes(data[:10000])
    r = project.pipe("advisories", "status")
    assert r.status == 3 and "cut short" in r.out


# ---- import ----

def record(id, version="2.0.0", **more):
    return json.dumps({"id": id, "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "lodash"}, "ranges": [
        {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": version}]}]}], **more})


def records(directory, count, **more):
    directory.mkdir(exist_ok=True)
    for i in range(count):
        (directory / f"GHSA-{i}.json").write_text(record(f"GHSA-{i}", **more))


def test_import_of_a_directory_and_of_a_zip(project, place, tmp_path):
    records(tmp_path / "all", 20)
    (tmp_path / "all" / "GHSA-3.json").write_text(record("GHSA-3", withdrawn="2026-01-01T00:00:00Z"))
    (tmp_path / "all" / "README.md").write_text("not a record")
    r = project.pipe("advisories", "import", str(tmp_path / "all"))
    assert r.status == 0, r.text
    assert "20 OSV records" in r.out and "1 withdrawn" in r.out
    assert status(project)["OSV records"]["advisories"] == 19
    with zipfile.ZipFile(tmp_path / "more.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(15, 25):
            z.writestr(f"npm/GHSA-{i}.json", record(f"GHSA-{i}"))
        z.writestr("other.txt", "x" * 1000)
    assert project.pipe("advisories", "import", str(tmp_path / "more.zip")).status == 0
    assert status(project)["OSV records"]["advisories"] == 24


@pytest.mark.parametrize("zipped", [False, True])
def test_import_takes_all_or_nothing(project, place, tmp_path, zipped):
    records(tmp_path / "good", 3)
    assert project.pipe("advisories", "import", str(tmp_path / "good")).status == 0
    records(tmp_path / "bad", 50)
    (tmp_path / "bad" / "broken.json").write_text('{"id": "X", "modified":')
    source = tmp_path / "bad"
    if zipped:
        source = tmp_path / "bad.zip"
        with zipfile.ZipFile(source, "w") as z:
            for file in (tmp_path / "bad").iterdir():
                z.write(file, file.name)
    r = project.pipe("advisories", "import", str(source))
    assert r.status == 2 and "broken.json" in r.err and "not JSON" in r.err
    assert status(project)["OSV records"]["advisories"] == 3


def test_import_of_what_is_none(project, place, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "inner.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("lib 0.zip", b"\0" * 1000000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("bomb.json", b" " * (64 << 20))
    whole = tmp_path / "cut.zip"
    with zipfile.ZipFile(whole, "w") as z:
        for i in range(20):
            z.writestr(f"{i}.json", record(f"A-{i}"))
    whole.write_bytes(whole.read_bytes()[:3000])
    for name, says in (("nowhere", "No such file"), ("empty", "no OSV record"), ("text.zip", "no zip archive"), ("inner.zip", "no OSV record"),
                       ("bomb.zip", "larger than a record"), ("cut.zip", "cut.zip")):
        r = project.pipe("advisories", "import", str(tmp_path / name))
        assert r.status != 0 and says in r.err, (name, r.err)
    assert status(project)["OSV records"]["advisories"] == 0
    assert project.pipe("advisories", "status").status == 3


def test_import_killed_in_the_middle_leaves_the_old_state(project, place, tmp_path):
    records(tmp_path / "old", 5)
    assert project.pipe("advisories", "import", str(tmp_path / "old")).status == 0
    with zipfile.ZipFile(tmp_path / "large.zip", "w") as z:
        for i in range(20000):
            z.writestr(f"{i}.json", record(f"GHSA-{i}", version="9.9.9", details="x" * 300))
    p = project.start("advisories", "import", str(tmp_path / "large.zip"))
    for _ in range(1000):
        if (place / "osv.db-wal").exists() and (place / "osv.db-wal").stat().st_size > 1 << 20:
            break
        time.sleep(0.005)
    p.send_signal(signal.SIGKILL)
    p.communicate()
    assert status(project)["OSV records"]["advisories"] == 5
    assert project.pipe("advisories", "import", str(tmp_path / "large.zip")).status == 0
    assert status(project)["OSV records"]["advisories"] == 20000


def test_wrong_sub_commands(project, place):
    r = project.pipe("advisories", "udpate")
    assert r.status == 2 and 'did you mean "update"' in r.err
    assert project.pipe("advisories", "import").status == 2
    assert project.pipe("advisories", "status", "more").status == 2
