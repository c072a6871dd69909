"""uses: image with the real buildah, where it is: what is built, pushed and refused; and the other builders as programs that note how they
are called."""
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request

import pytest
from conftest import ROOT

BUSYBOX = next((p for p in ("/bin/busybox", "/usr/bin/busybox") if os.path.exists(p)), None)
TOKEN = "ghp_" + "aK3fQ9xLm2Vd7RtY5bNc8HsW1pZu4JeGo6Xi"  # no login of anybody



def buildah_works():
    """Somebody who is not root needs user namespaces, which not every place has (a chroot has none)."""
    if not shutil.which("buildah"):
        return False
    with tempfile.TemporaryDirectory() as d:
        env = {**os.environ, "HOME": d, "XDG_RUNTIME_DIR": d, "STORAGE_DRIVER": "vfs"}
        return subprocess.run(["buildah", "--root", f"{d}/root", "--runroot", f"{d}/run", "images"], env=env, capture_output=True).returncode == 0


needs_buildah = pytest.mark.skipif(not BUSYBOX or not buildah_works(), reason="no buildah that works, or no static busybox, here")
needs_registry = pytest.mark.skipif(not shutil.which("docker-registry") or not shutil.which("htpasswd") or not shutil.which("openssl"),
                                    reason="no docker-registry, htpasswd or openssl here")

DOCKERFILE = "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nUSER 65534\n"


# ---- a registry ----

class Registry:
    """Debian's docker-registry on a free port of loopback; with TLS and a login, or plain."""

    def __init__(self, path, secure):
        self.path, self.secure, self.process = path, secure, None
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.name = f"127.0.0.1:{self.port}"
        self.ca = path / "ca.pem"
        config = {"version": "0.1", "log": {"level": "error"}, "storage": {"filesystem": {"rootdirectory": str(path / "data")},
                  "delete": {"enabled": True}}, "http": {"addr": self.name}}
        if secure:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path / "key.pem", "-out", self.ca],
                           check=True, capture_output=True)
            users = subprocess.run(["htpasswd", "-nbB", "ci", "correct"], check=True, capture_output=True, text=True).stdout
            (path / "users").write_text(users)
            config["http"]["tls"] = {"certificate": str(self.ca), "key": str(path / "key.pem")}
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(path / "users")}}
        (path / "config.yml").write_text(json.dumps(config))
        self.start()

    def start(self):
        with (self.path / "log").open("ab") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", str(self.path / "config.yml")], stdout=log, stderr=log)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError((self.path / "log").read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()

    def login(self, path, password="correct"):
        """A docker configuration; its directory."""
        path.mkdir(exist_ok=True)
        auth = base64.b64encode(f"ci:{password}".encode()).decode()
        (path / "config.json").write_text(json.dumps({"auths": {self.name: {"auth": auth}}}))
        return path

    def get(self, path):
        request = urllib.request.Request(f"{'https' if self.secure else 'http'}://{self.name}/v2/{path}", headers={
            "Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"})
        context = None
        if self.secure:
            context = ssl.create_default_context(cafile=self.ca)
            request.add_header("Authorization", "Basic " + base64.b64encode(b"ci:correct").decode())
        try:
            with urllib.request.urlopen(request, context=context, timeout=10) as answer:
                return answer.read()
        except urllib.error.HTTPError as e:
            if e.code == 404:
                return None
            raise

    def tags(self, repository):
        body = self.get(f"{repository}/tags/list")
        return sorted(json.loads(body)["tags"] or []) if body else []

    def digest(self, repository, tag):
        return "sha256:" + hashlib.sha256(self.get(f"{repository}/manifests/{tag}")).hexdigest()


@contextlib.contextmanager
def a_registry(path, secure):
    path.mkdir()
    r = Registry(path, secure)
    try:
        yield r
    finally:
        r.stop()


@pytest.fixture
def registry(tmp_path):
    with a_registry(tmp_path / "registry", True) as r:
        yield r


@pytest.fixture
def open_registry(tmp_path):
    with a_registry(tmp_path / "registry", False) as r:
        yield r


# ---- a project ----

def pipeline(**with_):
    return json.dumps({"container": {"uses": "image", "with": with_}})


@pytest.fixture
def shop(project, tmp_path):
    """A project with a Dockerfile, and images in a store of its own.  Processes of a build are kept apart as far as the sandbox of the
    tests allows."""
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/images"\nrunroot = "{tmp_path}/running"\n')
    project.env.update({"CONTAINERS_STORAGE_CONF": str(storage), "BUILDAH_ISOLATION": os.environ.get("BUILDAH_ISOLATION", "chroot")})
    project.env.pop("DOCKER_CONFIG", None)
    project.write("Dockerfile", DOCKERFILE)
    project.write(".dockerignore", ".git\n.pipe\nhome\n")
    project.write(".gitignore", ".pipe/\nout/\n")
    if BUSYBOX:
        shutil.copy(BUSYBOX, project.path / "busybox")
    project.commit("shop")
    return project


def reason(r, job="container"):
    return next(e.get("reason") for e in r.events if e["event"] == "job_finished" and e["job"] == job)


def findings(shop):
    return {(f["rule"], f["path"]) for f in shop.pipe("findings", "--format", "json").json["findings"]}


def layers(archive):
    """All that stands in an OCI archive: the names in it, and its layers' bytes, unpacked."""
    names, content = [], b""
    with tarfile.open(archive) as tar:
        for member in tar:
            names.append(member.name)
            data = tar.extractfile(member).read() if member.isfile() else b""
            if data[:2] == b"\x1f\x8b":
                data = subprocess.run(["gzip", "-dc"], input=data, capture_output=True, check=True).stdout
            content += data
    return names, content


# ---- built ----

@needs_buildah
def test_two_builds_have_one_digest(shop):
    yaml = pipeline(name="localhost/shop", tags=["1.0"], archive="out/shop.tar", source_date_epoch="commit", builder="buildah")
    digests = []
    for _ in range(2):
        r = shop.run(yaml)
        assert r.status == 0, r.text
        digests.append(hashlib.sha256((shop.path / "out/shop.tar").read_bytes()).hexdigest())
        time.sleep(1.1)
        os.utime(shop.path / "busybox")
    assert digests[0] == digests[1]
    names, _ = layers(shop.path / "out/shop.tar")
    assert {"oci-layout", "index.json"} <= set(names)
    assert not list(shop.path.glob("out/*.part"))


@needs_buildah
def test_what_is_known_of_the_image_is_kept(shop):
    r = shop.run(pipeline(tags=["localhost/shop:1.0"], archive="out/shop.tar", source_date_epoch=1700000000, builder="buildah"))
    assert r.status == 0, r.text
    shown = subprocess.run(["buildah", "inspect", "--type", "image", "localhost/shop:1.0"], env=shop.env, capture_output=True, text=True,
                           check=True).stdout
    labels = json.loads(shown)["OCIv1"]["config"]["Labels"]
    assert labels["org.opencontainers.image.created"] == "2023-11-14T22:13:20Z"
    assert labels["org.opencontainers.image.revision"] == shop.git("rev-parse", "HEAD").strip()
    assert "1 image" in r.text


@needs_buildah
def test_secrets_of_a_build_end_in_no_layer(shop):
    value = """s3cret "x" 'y' \\ value"""
    seen = hashlib.md5(value.encode()).hexdigest()
    shop.write("Dockerfile", DOCKERFILE.replace("USER", "RUN --mount=type=secret,id=token busybox md5sum /run/secrets/token | busybox grep -q "
               f"{seen}\nRUN --mount=type=secret,id=note busybox grep -q private /run/secrets/note\nUSER"))
    shop.write("ci/note", "private note\n")
    shop.write(".dockerignore", ".git\n.pipe\nci\n")
    r = shop.run(pipeline(tags=["localhost/shop:1.0"], archive="out/shop.tar", builder="buildah",
                          secrets={"token": {"variable": "API_TOKEN"}, "note": {"file": "ci/note"}}),
                 "--secret", "API_TOKEN=" + value)
    assert r.status == 0, r.text
    names, content = layers(shop.path / "out/shop.tar")
    assert b"s3cret" not in content and b"private note" not in content
    assert "s3cret" not in r.text
    assert not list((shop.path / ".pipe").rglob("*.stage"))


@needs_buildah
def test_a_build_that_fails_names_its_step(shop):
    shop.write("Dockerfile", DOCKERFILE + "RUN echo about to fail && exit 3\n")
    r = shop.run(pipeline(tags=["localhost/shop:1.0"], builder="buildah"))
    assert r.status == 1
    assert "could not build the image from Dockerfile" in reason(r)
    assert "exit status 3" in r.lines("container")[-1] or any("exit status 3" in line for line in r.lines("container")[-4:])


@needs_buildah
def test_a_base_that_is_nowhere(shop):
    shop.write("Dockerfile", "FROM nowhere-to-be-found:1.0\nUSER 65534\n")
    r = shop.run(pipeline(tags=["localhost/shop:1.0"], builder="buildah"))
    assert r.status == 1
    assert any("nowhere-to-be-found" in line for line in r.lines("container")[-3:])


@needs_buildah
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_full_disk(shop, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", small], capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        (tmp_path / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{small}/images"\nrunroot = "{small}/running"\n')
        r = shop.run(pipeline(tags=["localhost/shop:1.0"], archive="out/shop.tar", builder="buildah"))
        assert r.status == 1
        assert any("no space left on device" in line for line in r.lines("container")), r.text
        assert "could not build the image" in reason(r)
        assert not (shop.path / "out/shop.tar").exists()
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@needs_buildah
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_an_archive_on_a_full_disk(shop, tmp_path):
    small = shop.path / "out"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", small], capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        r = shop.run(pipeline(tags=["localhost/shop:1.0"], archive="out/shop.tar", builder="buildah"))
        assert r.status == 1
        assert "buildah built the image, and out/shop.tar could not be written" in reason(r), reason(r)
        assert any("No space left on device" in line for line in r.lines("container")), r.text
        assert os.listdir(small) == []
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@needs_buildah
@needs_registry
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_registry_whose_disk_is_full(shop, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        with a_registry(disk / "registry", False) as r:
            yaml = pipeline(tags=[f"{r.name}/acme/shop:1", f"{r.name}/acme/shop:2"], push=True, tls_verify=False, builder="buildah")
            ran = shop.run(yaml, timeout=120)
            assert ran.status == 1 and f"the push of {r.name}/acme/shop:1 failed" in reason(ran) and "none of its tags was set" in reason(ran)
            assert r.tags("acme/shop") == []
            subprocess.run(["mount", "-o", "remount,size=40m", disk], check=True)
            ran = shop.run(yaml, timeout=120)
            assert ran.status == 0, ran.text
            assert r.tags("acme/shop") == ["1", "2"]
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@needs_buildah
def test_the_example(shop):
    shutil.copytree(ROOT / "examples" / "pipelines", shop.path / "examples" / "pipelines")
    shop.write(".gitignore", "build/\n.pipe/\n")
    shop.commit("examples")
    r = shop.pipe("run", "--format", "json", "--file", "examples/pipelines/image.yml")
    assert r.status == 0 and r.jobs == {"container": "success"}, r.text
    names, content = layers(shop.path / "build/pipe-example.tar")
    assert "index.json" in names and b"hello\n" in content
    assert shop.git("status", "--porcelain") == ""


# ---- pushed ----

@needs_buildah
@needs_registry
def test_push_with_a_certificate_and_a_login(shop, registry, tmp_path):
    login = registry.login(tmp_path / "login")
    shop.git("tag", "v1.2.3")
    yaml = json.dumps({
        "stages": ["build", "test"],
        "container": {"stage": "build", "uses": "image", "with": {
            "name": f"{registry.name}/acme/shop", "tags": ["semver", "sha"], "push": True, "builder": "buildah", "ca_file": str(registry.ca),
            "docker_config": str(login), "source_date_epoch": "commit"}},
        "after": {"stage": "test", "script": ["echo \"$IMAGE_DIGEST $IMAGE $IMAGE_NAME $IMAGE_TAG\""]},
    })
    r = shop.run(yaml, "--as", "tag:v1.2.3")
    assert r.status == 0, r.text
    sha = shop.git("rev-parse", "--short=8", "HEAD").strip()
    assert registry.tags("acme/shop") == sorted(["1.2.3", "1.2", "1", sha])
    digests = {registry.digest("acme/shop", tag) for tag in registry.tags("acme/shop")}
    assert len(digests) == 1
    digest = digests.pop()
    assert r.lines("after") == [f"{digest} {registry.name}/acme/shop@{digest} {registry.name}/acme/shop 1.2.3"]
    assert "correct" not in r.text


@needs_buildah
@needs_registry
def test_a_wrong_password(shop, registry, tmp_path):
    r = shop.run(pipeline(tags=[f"{registry.name}/acme/shop:1"], push=True, builder="buildah", ca_file=str(registry.ca),
                          docker_config=str(registry.login(tmp_path / "login", "wrong"))))
    assert r.status == 1
    assert "none of its tags was set" in reason(r) and f"{registry.name}/acme/shop:1" in reason(r)
    assert any("authentication required" in line or "unauthorized" in line for line in r.lines("container")), r.text
    assert registry.tags("acme/shop") == []


@needs_buildah
@needs_registry
def test_an_authority_that_is_not_known(shop, registry, tmp_path):
    r = shop.run(pipeline(tags=[f"{registry.name}/acme/shop:1"], push=True, builder="buildah",
                          docker_config=str(registry.login(tmp_path / "login"))), timeout=90)
    assert r.status == 1
    assert any("certificate" in line for line in r.lines("container")), r.text
    assert registry.tags("acme/shop") == []


@needs_buildah
@needs_registry
def test_old_tags_go_after_a_push(shop, registry, tmp_path):
    login = registry.login(tmp_path / "login")
    for n in range(1, 6):
        shop.write("Dockerfile", f"FROM scratch\nCOPY README /\nLABEL n={n}\nUSER 1\n")
        r = shop.run(pipeline(name=f"{registry.name}/acme/shop", tags=[f"build-{n}"] + ["stable"] * (n == 1), push=True, builder="buildah",
                              ca_file=str(registry.ca), docker_config=str(login), source_date_epoch=1700000000 + n, retain=2,
                              retain_pattern="build-*"))
        assert r.status == 0, r.text
    # What "stable" has stays, and so does every tag of it.
    assert registry.tags("acme/shop") == ["build-1", "build-4", "build-5", "stable"]
    for tag in registry.tags("acme/shop"):
        manifest = json.loads(registry.get(f"acme/shop/manifests/{tag}"))
        for blob in [manifest["config"], *manifest["layers"]]:
            assert registry.get(f"acme/shop/blobs/{blob['digest']}")


class Cutting:
    """A way to the registry that kills it when so many bytes went through."""

    def __init__(self, registry, most):
        self.registry, self.left = registry, most
        self.server = socket.create_server(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def join(self, client):
        with contextlib.suppress(OSError):
            upstream = socket.create_connection(("127.0.0.1", self.registry.port))
            threading.Thread(target=self.copy, args=(upstream, client, False), daemon=True).start()
            self.copy(client, upstream, True)
        client.close()

    def copy(self, source, sink, counts):
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                if counts and self.left is not None:
                    self.left -= len(data)
                    if self.left < 0:
                        self.left = None
                        self.registry.stop()
                        break
                sink.sendall(data)
        for s in (source, sink):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


@needs_buildah
@needs_registry
def test_a_registry_that_dies_in_the_middle(shop, open_registry):
    way = Cutting(open_registry, 300_000)
    yaml = pipeline(name=f"{way.name}/acme/shop", tags=["1.0", "latest"], latest="allow", push=True, tls_verify=False, builder="buildah",
                    source_date_epoch=0)
    r = shop.run(yaml, timeout=120)
    assert r.status == 1
    assert way.left is None
    assert "none of its tags was set" in reason(r)
    open_registry.start()
    assert open_registry.tags("acme/shop") == []
    r = shop.run(yaml, timeout=120)
    assert r.status == 0, r.text
    assert open_registry.tags("acme/shop") == ["1.0", "latest"]


@needs_buildah
@needs_registry
def test_killed_in_the_middle_of_a_push(shop, open_registry, tmp_path):
    """What a dead run left behind is no image, and the next run makes it whole."""
    tools = tmp_path / "tools"
    tools.mkdir()
    real = shutil.which("buildah")
    (tools / "buildah").write_text(f'#!/bin/sh\nif [ "$1" = push ] && [ ! -e {tmp_path}/pushed ]; then touch {tmp_path}/pushed; sleep 60; fi\n'
                                   f'exec {real} "$@"\n')
    (tools / "buildah").chmod(0o755)
    shop.env["PATH"] = f"{tools}:{shop.env['PATH']}"
    shop.write(".gitlab-ci.yml", pipeline(tags=[f"{open_registry.name}/acme/shop:1"], push=True, tls_verify=False, builder="buildah"))
    process = shop.start("run", start_new_session=True)
    for _ in range(600):
        if (tmp_path / "pushed").exists():
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert (tmp_path / "pushed").exists()
    assert open_registry.tags("acme/shop") == []
    r = shop.run()
    assert r.status == 0, r.text
    assert open_registry.tags("acme/shop") == ["1"]


# ---- refused before anything is built ----

def test_a_dockerfile_that_is_elsewhere(shop):
    (shop.path / "Dockerfile").rename(shop.path / "Dokcerfile")
    r = shop.pipe("run", env={"PATH": shop.env["PATH"]}) if shop.write(".gitlab-ci.yml", pipeline(tags=["localhost/shop:1"])) else None
    assert r.status != 0
    assert 'there is no Dockerfile; did you mean "dockerfile: Dokcerfile"?' in r.text
    shop.write(".gitlab-ci.yml", pipeline(tags=["localhost/shop:1"], dockerfile="docker/Dockerfile"))
    shop.write("deploy/Dockerfile", "FROM scratch\n")
    assert 'did you mean "dockerfile: deploy/Dockerfile"?' in shop.pipe("run").text


def fake(tools, name, script="exit 0"):
    """A program that notes its arguments and then does what the script says."""
    tools.mkdir(exist_ok=True)
    file = tools / name
    file.write_text(f'#!/bin/sh\n{{ printf "%s" {name}; for a; do printf "\\t%s" "$a"; done; echo; }} >>"{tools}/calls"\n{script}\n')
    file.chmod(0o755)


def only(shop, tools):
    """PATH with the fakes and what a shell needs, and no builder."""
    bare = tools.parent / "bare"
    bare.mkdir(exist_ok=True)
    for name in ("sh", "bash", "cat", "mkdir", "mv", "tar", "install", "git", "printf", "sed", "grep", "sleep", "touch", "true", "rm", "env"):
        if shutil.which(name) and not (bare / name).exists():
            (bare / name).symlink_to(shutil.which(name))
    shop.env["PATH"] = f"{tools}:{bare}"


def calls(tools):
    file = tools / "calls"
    return [line.split("\t") for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def tools(shop, tmp_path):
    path = tmp_path / "tools"
    path.mkdir()
    only(shop, path)
    return path


DOCKER = ('case "$1 $2" in "buildx inspect") echo "Driver: docker-container"; echo "BuildKit version: v0.26.2";; '
          '"buildx build") for a; do [ "$was" = --iidfile ] && echo sha256:1d >"$a"; was=$a; done;; esac')
BUILDAH = 'case $1 in build) for a; do [ "$was" = --iidfile ] && echo sha256:1d >"$a"; was=$a; done;; esac'


def test_a_builder_that_does_not_work_gives_way_to_the_next(shop, tools):
    fake(tools, "buildah", "echo no storage >&2; exit 125")
    fake(tools, "docker", "echo cannot connect to the daemon >&2; exit 1")
    fake(tools, "podman", BUILDAH)
    r = shop.run(pipeline(tags=["localhost/shop:1"]))
    assert r.status == 0, r.text
    assert [c[0] for c in calls(tools)] == ["buildah", "docker", "docker", "docker", "podman", "podman"]
    fake(tools, "podman", "exit 125")
    r = shop.run()
    assert r.status == 1
    assert ("no builder works here; asked were: buildah, docker with buildx, docker with a BuildKit of its own, docker with its classic builder, "
            "podman") in reason(r)


def test_without_a_builder_nothing_begins(shop, tools):
    r = shop.run(pipeline(tags=["localhost/shop:1"]))
    assert r.status != 0 and "buildah" in r.text and "apt-get install buildah" in r.text


@pytest.mark.parametrize("what, dockerfile, words", [
    ({"root": "fail"}, "FROM scratch\nCOPY busybox /\n", "the image runs as root"),
    ({"root": "fail"}, "FROM scratch\nCOPY busybox /\nUSER 0:0\n", "USER 0:0"),
    ({"latest": "fail"}, "FROM debian\nUSER 1\n", "FROM debian has no tag"),
    ({"remote_add": "fail"}, "FROM scratch\nADD https://example.com/x.tar /\nUSER 1\n", "ADD https://example.com/x.tar"),
    ({"secret_names": "fail"}, "FROM scratch\nENV DB_PASSWORD=x\nUSER 1\n", "ENV DB_PASSWORD"),
    ({"target": "nope"}, "FROM scratch\nUSER 1\n", 'has no stage "nope"'),
])
def test_what_is_not_to_be_is_not_built(shop, tools, what, dockerfile, words):
    fake(tools, "buildah", BUILDAH)
    shop.write("Dockerfile", dockerfile)
    r = shop.run(pipeline(tags=["localhost/shop:1"], builder="buildah", **what))
    assert r.status == 1, r.text
    assert words in reason(r), reason(r)
    assert calls(tools) == []


def test_latest_is_a_warning(shop, tools):
    fake(tools, "buildah", BUILDAH)
    r = shop.run(pipeline(tags=["localhost/shop:latest"], builder="buildah"))
    assert r.jobs == {"container": "warning"} and "localhost/shop:latest" in reason(r)
    assert shop.run(pipeline(tags=["localhost/shop:latest"], builder="buildah", latest="allow")).jobs == {"container": "success"}
    assert shop.run(pipeline(tags=["localhost/shop:latest"], builder="buildah", latest="fail")).jobs == {"container": "failed"}


def test_a_secret_in_the_context(shop, tools):
    fake(tools, "buildah", BUILDAH)
    shop.write("leak.txt", f"token = {TOKEN}\n")
    yaml = pipeline(tags=["localhost/shop:1"], builder="buildah")
    r = shop.run(yaml)
    assert r.status == 1, r.text
    assert "leak.txt" in reason(r) and TOKEN not in r.text
    assert calls(tools) == []
    assert shop.run(pipeline(tags=["localhost/shop:1"], builder="buildah", allow_secrets=True)).status == 0
    shop.write(".dockerignore", ".git\n.pipe\n*.txt\n")
    r = shop.run(yaml)
    assert r.status == 0, r.text
    shop.write(".dockerignore", ".git\n.pipe\n*.txt\n!leak.*\n")
    assert shop.run(yaml).status == 1


def test_the_second_tag_fails(shop, tools):
    fake(tools, "buildah", BUILDAH + '\nfor a; do last=$a; done; case $1,$last in push,*:1.2.3) echo refused >&2; exit 125;; esac')
    shop.git("tag", "1.2.3")
    r = shop.run(pipeline(name="127.0.0.1:1/shop", tags=["main", "sha", "semver"], push=True, builder="buildah"), "--as", "tag:1.2.3")
    assert r.status == 1
    sha = shop.git("rev-parse", "--short=8", "HEAD").strip()
    assert "the push of 127.0.0.1:1/shop:1.2.3 failed: exit code 125" in reason(r)
    assert f"the whole image and the tags 127.0.0.1:1/shop:main, 127.0.0.1:1/shop:{sha}" in reason(r)
    assert len([c for c in calls(tools) if c[1] == "push"]) == 3


@pytest.mark.parametrize("builder, program, expected", [
    ("buildah", "buildah", [
        "build --file Dockerfile --target app --build-arg A=1 --secret id=s,src=S/secret.1 --layers --cache-from reg.io/c --cache-to reg.io/c "
        "--timestamp=7 --tls-verify=false --tag reg.io/shop:1 --iidfile S/id --extra .",
        "push --tls-verify=false --digestfile S/digest sha256:1d docker://reg.io/shop:1"]),
    ("docker", "docker", [
        "buildx version", "version --format {{.Server.Version}}", "buildx inspect", "buildx inspect --bootstrap",
        "buildx build --file Dockerfile --target app --build-arg A=1 --secret id=s,src=S/secret.1 --build-arg SOURCE_DATE_EPOCH=7 "
        "--cache-from type=registry,ref=reg.io/c --cache-to type=registry,ref=reg.io/c,mode=max --provenance=false --tag reg.io/shop:1 "
        "--iidfile S/id --output type=docker,unpack=false,rewrite-timestamp=true --extra .",
        "push reg.io/shop:1"]),
    ("buildkit", "buildctl", [
        "build --frontend dockerfile.v0 --local context=. --local dockerfile=. --opt filename=Dockerfile --opt target=app --opt build-arg:A=1 "
        "--opt build-arg:SOURCE_DATE_EPOCH=7 --secret id=s,src=S/secret.1 --import-cache type=registry,ref=reg.io/c "
        "--export-cache type=registry,ref=reg.io/c,mode=max --extra",
        "build --frontend dockerfile.v0 --local context=. --local dockerfile=. --opt filename=Dockerfile --opt target=app --opt build-arg:A=1 "
        "--opt build-arg:SOURCE_DATE_EPOCH=7 --secret id=s,src=S/secret.1 --import-cache type=registry,ref=reg.io/c "
        "--export-cache type=registry,ref=reg.io/c,mode=max "
        "--output type=image,name=reg.io/shop:1,push=true,oci-mediatypes=true,registry.insecure=true,rewrite-timestamp=true --extra"]),
    ("kaniko", "executor", [
        "--context=dir://W --dockerfile=W/Dockerfile --target app --build-arg A=1 --cache=true --cache-repo=reg.io/c --reproducible "
        "--skip-tls-verify --digest-file=S/digest --destination reg.io/shop:1 --extra"]),
])
def test_how_each_is_called(shop, tools, builder, program, expected):
    fake(tools, program, BUILDAH if program != "docker" else DOCKER)
    what = {"target": "app", "build_args": {"A": 1}, "cache_from": "reg.io/c", "cache_to": "reg.io/c", "source_date_epoch": 7,
            "tags": ["reg.io/shop:1"], "push": True, "builder": builder, "args": "--extra", "labels": {
                f"org.opencontainers.image.{name}": "-" for name in ("created", "revision", "source", "version")}}
    if builder != "docker":
        what["tls_verify"] = False
    if builder != "kaniko":
        what["secrets"] = {"s": {"variable": "SECRET"}}
    shop.write("Dockerfile", "FROM scratch AS app\nUSER 1\n")
    r = shop.run(pipeline(**what), "--variable", "SECRET=x")
    shown = []
    for call in calls(tools):
        words = [w for i, w in enumerate(call[1:], 1) if "image." not in w and not (w in ("--label", "--opt") and "image." in call[i + 1])]
        scratch = next((w.split("/.pipe/")[1].split(".stage")[0] for w in words if ".stage" in w), None)
        line = " ".join(words)
        if scratch:
            line = line.replace(f"{shop.path}/.pipe/{scratch}.stage", "S")
        shown.append(line.replace(str(shop.path), "W"))
    assert shown == expected, r.text


@pytest.mark.parametrize("builder, program, what, words", [
    ("kaniko", "executor", {"secrets": {"s": {"file": "README"}}}, "kaniko has no secrets that are seen only while it builds"),
    ("kaniko", "executor", {"platforms": ["linux/amd64", "linux/arm64"], "push": True}, "kaniko builds for one platform at a time"),
    ("buildkit", "buildctl", {}, "buildkit keeps no images on this machine"),
])
def test_what_a_builder_cannot_do(shop, tools, builder, program, what, words):
    fake(tools, program)
    r = shop.run(pipeline(tags=["reg.io/shop:1"], builder=builder, **what))
    assert r.status != 0 and words in r.text, r.text
    assert calls(tools) == []


# What docker is: the words that its probes look for.
CLASSIC = 'case "$1" in buildx) echo no buildx >&2; exit 1;; esac; [ "$DOCKER_BUILDKIT" = 1 ] && { echo no BuildKit >&2; exit 1; }; '
OWN_BUILDKIT = 'case "$1" in buildx) echo no buildx >&2; exit 1;; esac; '
OLD_BUILDX = 'case "$1 $2" in "buildx inspect") echo "Driver: remote"; echo "BuildKit version: v0.12.5";; esac; '
CLASSIC_STORE = 'case "$1 $2" in "buildx inspect") echo "Driver: docker"; echo "BuildKit version: v0.26.2";; esac; '


@pytest.mark.parametrize("script, what, words", [
    (CLASSIC, {"secrets": {"s": {"file": "README"}}}, "docker with its classic builder has no secrets"),
    (CLASSIC, {"platforms": ["linux/arm64"]}, "docker with its classic builder builds for this machine's platform only"),
    (OWN_BUILDKIT, {"cache_to": "reg.io/c", "cache_from": "reg.io/c"}, "docker with a BuildKit of its own puts no layers into a repository"),
    (OWN_BUILDKIT, {"source_date_epoch": 5}, "docker with a BuildKit of its own leaves the times of the build in the image"),
    (OWN_BUILDKIT, {"archive": "out/shop.tar", "source_date_epoch": 5}, "docker with a BuildKit of its own leaves the times"),
    (OLD_BUILDX, {"source_date_epoch": 5}, "asked were: docker with buildx"),
    (CLASSIC_STORE, {"source_date_epoch": 5}, "asked were: docker with buildx"),
])
def test_a_docker_that_cannot_is_not_taken(shop, tools, script, what, words):
    """A digest that changes, or a cache that stays empty, without a word would be worse than a red job."""
    fake(tools, "docker", script)
    r = shop.run(pipeline(tags=["reg.io/shop:1"], builder="docker", **what))
    assert r.status == 1 and words in reason(r), r.text
    assert not [c for c in calls(tools) if "build" in c[1:3] and "--help" not in c]


@pytest.mark.parametrize("script, how", [(CLASSIC, "0"), (OWN_BUILDKIT, "1")])
def test_a_docker_without_buildx(shop, tools, script, how):
    fake(tools, "docker", script + f'case $1 in build) [ "$DOCKER_BUILDKIT" = {how} ] || exit 9; for a; do [ "$was" = --iidfile ] && echo sha256:1d >"$a"; was=$a; done;; esac')
    r = shop.run(pipeline(tags=["reg.io/shop:1"], builder="docker", cache_from=["reg.io/c"], args=["--extra"], ca_file="README", tls_verify=False))
    assert r.status == 0, r.text
    build = next(c for c in calls(tools) if c[1] == "build" and "--help" not in c)
    assert build[-2:] == ["--extra", "."] and build[build.index("--cache-from") + 1] == "reg.io/c"
    assert any("docker is told by its daemon" in line for line in r.lines("container")), r.text


@pytest.mark.parametrize("what, words", [
    ({"tags": ["reg.io/Shop:1"]}, "has a capital letter"),
    ({"tags": ["reg.io/shop"]}, 'write "reg.io/shop:latest" where that is meant'),
    ({"tags": ["1.0"]}, 'needs the name of an image'),
    ({"tags": ["reg.io/shop:a b"]}, "is no tag"),
    ({"tags": ["semver"], "name": "reg.io/shop", "push": True}, "none of the tags applies to this pipeline"),
    ({"tags": ["reg.io/shop:1"], "context": "../elsewhere"}, "leads out of the workspace"),
    ({"tags": ["reg.io/shop:1"], "context": "nowhere"}, "there is no directory nowhere"),
    ({"tags": ["reg.io/shop:1"], "source_date_epoch": -5}, "seconds from 1970"),
    ({"tags": ["reg.io/shop:1"], "secrets": {"s": {"variable": "$NOT_SO"}}}, "without a $"),
    ({"tags": ["reg.io/shop:1"], "secrets": {"s": {"variable": "NOT_SET_ANYWHERE"}}}, "which is not set"),
    ({"tags": ["reg.io/shop:1"], "secrets": {"s": {"file": "nowhere"}}}, "which is not there"),
    ({"tags": ["reg.io/shop:1"], "sbom": "spdx"}, "trivy"),
])
def test_parameters_that_are_wrong(shop, tools, what, words):
    fake(tools, "buildah", BUILDAH)
    r = shop.run(pipeline(builder="buildah", **what))
    assert r.status != 0 and words in r.text, r.text
    assert calls(tools) == []


def test_sbom(shop, tools):
    fake(tools, "buildah", BUILDAH + '\nfor a; do last=$a; done; case $last in oci:*) d=${last#oci:}; mkdir -p $d/blobs/sha256; '
         'printf \'{"manifests":[{"digest":"sha256:%064d"}]}\' 7 >$d/index.json; '
         'printf \'{"config":{"size":3},"layers":[{"size":40}]}\' >$d/blobs/sha256/$(printf %064d 7);; esac')
    fake(tools, "syft", 'printf \'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"zlib","version":"1.3"}]}\' '
         '>"${4#*=}"')
    r = shop.run(pipeline(tags=["localhost/shop:1"], builder="buildah", sbom="cyclonedx"))
    assert r.status == 0, r.text
    assert calls(tools)[-1][:2] == ["syft", "scan"] and calls(tools)[-1][2].startswith("oci-dir:")
    assert "1 component" in r.text and "1 image" in r.text
    assert json.loads(shop.read("sbom.cdx.json"))["components"][0]["name"] == "zlib"
