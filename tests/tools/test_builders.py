"""uses: image with the real docker, BuildKit and Kaniko: what each builds, pushes and refuses.  The daemons run in namespaces of their own
(their children and their mounts end with them), with all that they keep below the test's directory; Kaniko, which takes over the file system
that it runs in, runs in one made for it.  Only root can do that; what is missing is said."""
import contextlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import time

import pytest

import test_image as image
from conftest import built, integration, needs, needs_registry, reason, with_tools

BUSYBOX = image.BUSYBOX
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="daemons that build images need root"),
              pytest.mark.skipif(not BUSYBOX, reason="not installed: busybox-static"), needs_registry,
              pytest.mark.skipif(not shutil.which("htpasswd"), reason="not installed: apache2-utils (htpasswd)"),
              pytest.mark.skipif(subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode != 0,
                                 reason="no namespaces here")]

SECRET = "hunter2-of-nobody"
# Kaniko keeps what lies where something is mounted, as /usr is there: the files of the image lie elsewhere.
DOCKERFILE = """FROM scratch AS build
COPY busybox /app/busybox
COPY busybox /bin/sh
ARG GREETING=none
RUN echo "$GREETING" >/app/greeting

FROM scratch AS final
COPY --from=build /app /app
COPY --from=build /app/greeting /greeting
USER 65534

FROM build AS never
RUN exit 7
"""
WITH_SECRET = "RUN --mount=type=secret,id=token /app/busybox grep -q of-nobody /run/secrets/token\n"


# ---- daemons ----

class Daemon:
    """A process with namespaces of its own for mounts and processes: none of its children outlives it, and it not this one."""

    def __init__(self, path, args, socket, env=None):
        path.mkdir(parents=True, exist_ok=True)
        self.log = path / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "--pid", "--fork",
                                             "--kill-child", "--mount-proc", *map(str, args)], stdout=log, stderr=log, env={**os.environ, **(env or {})})
        self.address = f"unix://{socket}"
        for _ in range(600):
            if socket.exists() or self.process.poll() is not None:
                break
            time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A registry with TLS and a login, for all tests here; each takes a repository of its own."""
    with image.a_registry(tmp_path_factory.mktemp("store") / "registry", True) as r:
        yield r


@contextlib.contextmanager
def dockerd(path, program, *args, env=None):
    socket = path / "docker.sock"
    d = Daemon(path, [program, "--data-root", path / "data", "--exec-root", path / "exec", "--pidfile", path / "pid", "--host", f"unix://{socket}",
                      "--iptables=false", "--ip6tables=false", "--bridge=none", *args], socket, env)
    try:
        for _ in range(100):
            if subprocess.run(["docker", "--host", d.address, "version"], capture_output=True, check=False).returncode == 0:
                break
            assert d.process.poll() is None, d.log.read_text()
            time.sleep(0.1)
        else:
            raise AssertionError(d.log.read_text())
        yield d.address
    finally:
        d.stop()


def docker_major():
    r = subprocess.run(["docker", "--version"], capture_output=True, text=True, check=False) if shutil.which("docker") else None
    return int(r.stdout.split()[2].split(".")[0]) if r and r.returncode == 0 else 0


def missing(*programs):
    gone = [p for p in programs if not (os.access(p, os.X_OK) if str(p).startswith("/") else shutil.which(p))]
    return pytest.mark.skipif(bool(gone), reason="not there: " + ", ".join(map(str, gone)))


class World:
    """What a builder is: the environment of `pipe`, what it can, and how `pipe` is called in it."""

    def __init__(self, name, env=None, secrets=True, epoch=True, archive=True, cache=True, args=("--network=none",), run=None, says=""):
        self.name, self.env, self.secrets, self.epoch, self.archive, self.cache = name, env or {}, secrets, epoch, archive, cache
        self.args, self.runner, self.says = list(args), run, says


def plugin(directory):
    """A docker configuration in which buildx is found; the logins are put beside it."""
    (directory / "cli-plugins").mkdir(parents=True)
    (directory / "cli-plugins" / "docker-buildx").symlink_to(built("docker-buildx"))
    return directory


@contextlib.contextmanager
def debian_docker(path, store):
    with dockerd(path, "/usr/sbin/dockerd", env={"SSL_CERT_FILE": str(store.ca)}) as host:
        own = os.access("/usr/bin/docker", os.X_OK)
        tools = path / "client"
        tools.mkdir()
        (tools / "docker").symlink_to("/usr/bin/docker" if own else shutil.which("docker"))
        yield World("docker", {"DOCKER_HOST": host, "PATH": f"{tools}:{os.environ['PATH']}"}, epoch=False, archive=False, cache=False,
                    says="docker with a BuildKit of its own works")


@contextlib.contextmanager
def classic_docker(path, store):
    with dockerd(path, "/usr/sbin/dockerd", env={"SSL_CERT_FILE": str(store.ca)}) as host:
        yield World("docker", {"DOCKER_HOST": host}, secrets=False, epoch=False, archive=False, cache=False, says="docker with its classic builder works")


@contextlib.contextmanager
def new_docker(path, store):
    with dockerd(path, built("dockerd"), env={"SSL_CERT_FILE": str(store.ca)}) as host:
        yield World("docker", {"DOCKER_HOST": host, "CONFIG": str(plugin(path / "config"))}, says="docker with buildx works")


@contextlib.contextmanager
def new_docker_classic_store(path, store):
    with dockerd(path, built("dockerd"), "--feature", "containerd-snapshotter=false", env={"SSL_CERT_FILE": str(store.ca)}) as host:
        yield World("docker", {"DOCKER_HOST": host, "CONFIG": str(plugin(path / "config"))}, epoch=False, cache=False, says="docker with buildx works")


@contextlib.contextmanager
def buildkitd(path, store):
    path.mkdir(parents=True, exist_ok=True)
    socket = path / "buildkitd.sock"
    (path / "buildkitd.toml").write_text(
        f'root = "{path}/root"\n[grpc]\naddress = ["unix://{socket}"]\n[worker.oci]\nenabled = true\n[worker.containerd]\nenabled = false\n'
        f'[registry."{store.name}"]\nca = ["{store.ca}"]\nhttp = false\n')  # it takes a registry of loopback for one without TLS
    d = Daemon(path, [built("buildkitd"), "--config", path / "buildkitd.toml"], socket)
    try:
        assert socket.exists(), d.log.read_text()
        yield d.address
    finally:
        d.stop()


@contextlib.contextmanager
def buildkit(path, store):
    with buildkitd(path, store) as host:
        yield World("buildkit", {"BUILDKIT_HOST": host, "PATH": f"{built('buildctl').parent}:{os.environ['PATH']}"}, args=())


@contextlib.contextmanager
def buildx_remote(path, store):
    """docker buildx with a builder that is not docker itself."""
    with dockerd(path / "docker", "/usr/sbin/dockerd", env={"SSL_CERT_FILE": str(store.ca)}) as docker, buildkitd(path / "buildkit", store) as host:
        config = plugin(path / "config")
        env = {"DOCKER_HOST": docker, "CONFIG": str(config)}
        subprocess.run(["docker", "buildx", "create", "--name", "far", "--driver", "remote", "--use", host], check=True, capture_output=True,
                       env={**os.environ, **env, "DOCKER_CONFIG": str(config)})
        yield World("docker", env, args=(), says="docker with buildx works")


KANIKO_ROOT = r"""set -e
root=$1 tree=$2 build=$3 executor=$4; shift 4
mount -t tmpfs tmpfs "$root"
for d in usr etc; do mkdir "$root/$d"; mount --bind "/$d" "$root/$d"; mount -o remount,bind,ro "$root/$d"; done
for d in bin sbin lib lib64; do test -d "/$d" || continue; mkdir "$root/$d"; mount --bind "/$d/" "$root/$d"; mount -o remount,bind,ro "$root/$d"; done
mkdir -p "$root/proc" "$root/dev" "$root/kaniko" "$root/tmp" "$root$tree" "$root$build"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$build" "$root$build"
mount --bind "$tree" "$root$tree"
cp "$executor" "$root/kaniko/executor"
exec chroot "$root" "$@"
"""


@contextlib.contextmanager
def kaniko(path, store):
    path.mkdir(parents=True, exist_ok=True)
    root = path / "root"
    root.mkdir()

    def run(project, *args):
        """`pipe` beside Kaniko, in a file system that is gone when it ends."""
        tree = project.path.parent
        command = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-c", KANIKO_ROOT, "sh", str(root), str(tree),
                   str(integration.BUILD), str(built("kaniko")), str(integration.BUILD / "pipe"), "-C", str(project.path), *args]
        r = subprocess.run(command, env={**project.env, "PATH": "/usr/sbin:/usr/bin", "TMPDIR": str(tree)}, stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=120, check=False)
        return integration.Result(r.returncode, r.stdout, r.stderr)
    yield World("kaniko", secrets=False, args=["--force"], run=run)


WORLDS = [
    pytest.param(debian_docker, id="docker", marks=missing("/usr/sbin/dockerd", "/usr/bin/docker", "runc")),
    pytest.param(classic_docker, id="docker-classic", marks=[missing("/usr/sbin/dockerd", "runc"),
                 pytest.mark.skipif(docker_major() < 23, reason="no docker client of 23 or later, whose BuildKit is buildx, is installed")]),
    pytest.param(new_docker, id="docker-29", marks=[needs("dockerd", "docker-buildx"), missing("docker", "containerd", "runc")]),
    pytest.param(new_docker_classic_store, id="docker-29-classic-store", marks=[needs("dockerd", "docker-buildx"), missing("docker", "containerd", "runc")]),
    pytest.param(buildx_remote, id="buildx-remote", marks=[needs("docker-buildx", "buildkitd"), missing("/usr/sbin/dockerd", "docker", "runc")]),
    pytest.param(buildkit, id="buildkit", marks=[needs("buildctl", "buildkitd"), missing("runc")]),
    pytest.param(kaniko, id="kaniko", marks=needs("kaniko")),
]


@pytest.fixture(scope="module", params=WORLDS)
def world(request, tmp_path_factory, store):
    with request.param(tmp_path_factory.mktemp("builder"), store) as w:
        yield w


# ---- a project ----

class Shop:
    def __init__(self, project, world, store, repository):
        self.project, self.world, self.store = project, world, store
        self.repository = repository
        self.name = f"{store.name}/{repository}"
        project.env.update({k: v for k, v in world.env.items() if k != "CONFIG"})
        project.env.pop("DOCKER_CONFIG", None)
        self.logins = {}
        for password in ("correct", "wrong"):
            directory = project.path.parent / f"login-{password}"
            if "CONFIG" in world.env:
                shutil.copytree(world.env["CONFIG"], directory, symlinks=True)
            self.logins[password] = str(store.login(directory, password))
        shutil.copy(store.ca, project.path.parent / "ca.pem")
        self.dockerfile(DOCKERFILE)
        project.write(".dockerignore", ".git\n.pipe\nhome\nout\n")
        project.write(".gitignore", ".pipe/\nout/\n")
        shutil.copy(BUSYBOX, project.path / "busybox")
        project.commit("shop")

    def dockerfile(self, text):
        """Kaniko runs what is built among the files of the machine it is on, which has a shell."""
        self.project.write("Dockerfile", text.replace("COPY busybox /bin/sh\n", "") if self.world.name == "kaniko" else text)

    def run(self, *args, password="correct", **parameters):
        with_ = {"name": self.name, "tags": ["1.0.1", "1.0"], "push": True, "builder": self.world.name, "target": "final", "args": self.world.args,
                 "build_args": {"GREETING": "hello, world"}, "labels": {"team": "a b,c=d"}, "docker_config": self.logins[password],
                 "ca_file": str(self.project.path.parent / "ca.pem"), **parameters}
        yaml = json.dumps({"stages": ["build", "test"],
                           "container": {"stage": "build", "uses": "image", "with": {k: v for k, v in with_.items() if v is not None}},
                           "after": {"stage": "test", "script": ["echo \"$IMAGE_DIGEST $IMAGE\""]}})
        if not self.world.runner:
            return self.project.run(yaml, *args, timeout=120)
        self.project.write(".gitlab-ci.yml", yaml)
        return self.world.runner(self.project, "run", "--format", "json", *args)

    def config(self, tag):
        manifest = json.loads(self.store.get(f"{self.repository}/manifests/{tag}"))
        return json.loads(self.store.get(f"{self.repository}/blobs/{manifest['config']['digest']}"))

    def files(self, tag):
        """Names in the layers, and all their bytes."""
        manifest = json.loads(self.store.get(f"{self.repository}/manifests/{tag}"))
        names, content = set(), b""
        for layer in manifest["layers"]:
            data = self.store.get(f"{self.repository}/blobs/{layer['digest']}")
            data = subprocess.run(["gzip", "-dc"], input=data, capture_output=True, check=True).stdout if data[:2] == b"\x1f\x8b" else data
            content += data
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                names |= {m.name.lstrip("./") for m in tar}
        return names, content


@pytest.fixture
def shop(project, world, store, request):
    return Shop(project, world, store, "acme/" + "".join(c if c.isalnum() else "-" for c in request.node.name).strip("-").lower())


def retouched(shop):
    """The same source with other times, as a fresh checkout has them: after the commit.  (Earlier ones are left as they are by BuildKit.)"""
    time.sleep(1.1)
    os.utime(shop.project.path / "busybox")


# ---- built and pushed ----

def test_push(shop):
    r = shop.run()
    assert r.status == 0, r.text
    assert shop.world.says in "\n".join(r.lines("container")), r.text
    assert shop.store.tags(shop.repository) == ["1.0", "1.0.1"]
    assert shop.store.digest(shop.repository, "1.0") == shop.store.digest(shop.repository, "1.0.1")
    config = shop.config("1.0")["config"]
    assert config["User"] == "65534"
    assert config["Labels"]["team"] == "a b,c=d"
    assert config["Labels"]["org.opencontainers.image.revision"] == shop.project.git("rev-parse", "HEAD").strip()
    names, content = shop.files("1.0")
    assert "greeting" in names and "app/busybox" in names and b"hello, world\n" in content
    assert not [n for n in names if n.startswith(("usr/", "bin/sh", ".git/", ".pipe/"))], names
    assert "correct" not in r.text


def test_what_is_handed_on_is_what_is_in_the_registry(shop):
    r = shop.run(tags=["2.0"])
    assert r.status == 0, r.text
    digest = shop.store.digest(shop.repository, "2.0")
    assert r.lines("after") == [f"{digest} {shop.name}@{digest}"]


def test_secrets_of_a_build_end_in_no_layer(shop):
    shop.dockerfile(DOCKERFILE.replace("\nFROM scratch AS final", WITH_SECRET + "\nFROM scratch AS final"))
    r = shop.run("--secret", "API_TOKEN=" + SECRET, secrets={"token": {"variable": "API_TOKEN"}}, tags=["1.0"])
    if not shop.world.secrets:
        assert r.status != 0 and "has no secrets that are seen only while it builds" in r.text, r.text
        assert shop.store.tags(shop.repository) == []
        return
    assert r.status == 0, r.text
    assert SECRET.encode() not in shop.files("1.0")[1] and SECRET not in json.dumps(shop.config("1.0")) and SECRET not in r.text


def test_two_builds_have_one_digest(shop):
    """Also where the builder's cache has the same content with other times, of an earlier commit."""
    shop.run(tags=["0.9"])
    time.sleep(1.1)
    shop.project.commit("later")
    digests = []
    for _ in range(2):
        retouched(shop)
        r = shop.run(source_date_epoch="commit", tags=["1.0"], archive="out/shop.tar" if shop.world.archive else None)
        if not shop.world.epoch:
            assert r.status != 0 and "source_date_epoch" in r.text, r.text
            assert shop.store.tags(shop.repository) == ["0.9"]
            return
        assert r.status == 0, r.text
        digests.append((shop.store.digest(shop.repository, "1.0"), (shop.project.path / "out/shop.tar").read_bytes()))
        forget(shop)
    assert digests[0] == digests[1]


def forget(shop):
    """Without its cache, a builder builds again."""
    env = {**os.environ, **shop.project.env, **({"DOCKER_CONFIG": shop.logins["correct"]} if "CONFIG" in shop.world.env else {})}
    command = {"docker": ["docker", "buildx", "prune", "-af"], "buildkit": [str(built("buildctl")), "prune", "--all"]}.get(shop.world.name)
    if command:
        subprocess.run(command, env=env, check=True, capture_output=True)


def test_archive(shop):
    r = shop.run(push=False, archive="out/shop.tar", tags=["1.0"])
    if not shop.world.archive:
        assert r.status != 0 and "OCI layout" in r.text, r.text
        assert not (shop.project.path / "out").exists()
        return
    assert r.status == 0, r.text
    names, content = image.layers(shop.project.path / "out/shop.tar")
    assert {"oci-layout", "index.json"} <= set(names) and b"hello, world\n" in content
    assert shop.store.tags(shop.repository) == []
    scan = shop.project.pipe("scan", "--scanner", "builtin", "--checks", "secrets", "out/shop.tar")
    assert scan.status in (0, 2), scan.text


def test_cache(shop):
    cache = f"{shop.name}/cache"
    if not shop.world.cache:
        r = shop.run(cache_to=cache, cache_from=cache)
        assert r.status != 0 and ("cache" in r.text), r.text
        return
    r = shop.run(cache_to=cache, cache_from=cache, tags=["1.0"])
    assert r.status == 0, r.text
    assert shop.store.tags(f"{shop.repository}/cache")
    forget(shop)
    r = shop.run(cache_to=cache, cache_from=cache, tags=["1.1"])
    assert r.status == 0, r.text
    log = "\n".join(r.lines("container"))
    assert "CACHED" in log or "Using caching version of cmd: RUN" in log, log


# ---- failures ----

def test_a_dockerfile_that_fails(shop):
    r = shop.run(target="never")
    assert r.status == 1
    assert f"{shop.world.name} could not build" in reason(r, "container"), r.text
    assert any("exit code: 7" in line or "exit status 7" in line or "non-zero code: 7" in line for line in r.lines("container")), r.text
    assert shop.store.tags(shop.repository) == []


def test_a_dockerfile_that_is_none(shop):
    shop.project.write("Dockerfile", "FROM scratch\nKOPY busybox /\nUSER 1\n")
    r = shop.run(target=None)
    assert r.status != 0 and any("KOPY" in line or "kopy" in line for line in r.lines("container")), r.text
    assert shop.store.tags(shop.repository) == []


def test_a_wrong_password(shop):
    r = shop.run(password="wrong")
    assert r.status == 1
    words = ("401", "unauthorized", "UNAUTHORIZED", "authentication required", "no basic auth", "denied")
    assert any(word in line for line in r.lines("container") for word in words), r.text
    assert shop.store.tags(shop.repository) == []


def test_a_registry_that_is_down(shop):
    shop.store.stop()
    try:
        r = shop.run(tags=["1.0"])
        assert r.status == 1
        assert any("refused" in line for line in r.lines("container")), r.text
    finally:
        shop.store.start()
    r = shop.run(tags=["1.0"])
    assert r.status == 0, r.text
    assert shop.store.tags(shop.repository) == ["1.0"]
