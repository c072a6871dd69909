"""The built `pipe` driven together with the real tools that build.sh has put into the cache; without one of them its tests are skipped."""
import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
INTEGRATION = HERE.parent / "integration"
sys.path.insert(0, str(INTEGRATION))  # for what the tests there share
_spec = importlib.util.spec_from_file_location("integration_conftest", INTEGRATION / "conftest.py")
integration = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(integration)

project = integration.project
plain_project = integration.plain_project
ROOT = integration.ROOT


def built(name):
    """Where a tool is, or will be."""
    return pathlib.Path(subprocess.run([str(HERE / "build.sh"), "--print", name], check=True, capture_output=True, text=True).stdout.strip())


def needs(*names):
    """Skips where one of them has not been built; `with_tools` puts them on the project's PATH."""
    missing = [n for n in names if not os.access(built(n), os.X_OK)]
    return pytest.mark.skipif(bool(missing), reason=f"not built (tests/tools/build.sh {' '.join(missing)}): {', '.join(missing)}")


def with_tools(p, *names):
    p.env["PATH"] = os.pathsep.join([*(str(built(n).parent) for n in names), p.env["PATH"]])
    return p


def tool(name, *args, cwd=None, env=None, check=True):
    r = subprocess.run([str(built(name)), *map(str, args)], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    assert not check or r.returncode == 0, r.stdout + r.stderr
    return r.stdout.strip()


def reason(result, job):
    """Why a job failed."""
    return next(e.get("reason", "") for e in result.events if e["event"] == "job_finished" and e["job"] == job)


def findings(p):
    return p.pipe("findings", "--format", "json").json["findings"]


class Registry:
    """Debian's docker-registry on a free port of this machine, without TLS."""

    def __init__(self, directory):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.log = open(directory / "registry.log", "wb")
        config = directory / "registry.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {directory}/data}}, delete: {{enabled: true}}}}\n"
                          f"http: {{addr: '{self.address}'}}\n")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=self.log, stderr=self.log)

    def wait(self):
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            assert self.process.poll() is None, "docker-registry ended"
            time.sleep(0.05)
        raise AssertionError("docker-registry does not answer")

    def push_image(self, name, directory, content):
        """An image of one layer with one file: NAME@sha256:..."""
        directory.mkdir(exist_ok=True)
        (directory / "content").write_text(content)
        layer = directory / "layer.tar"
        subprocess.run(["tar", "-cf", str(layer), "-C", str(directory), "content"], check=True)
        return tool("crane", "append", "--insecure", "--new_layer", layer, "--new_tag", f"{self.address}/{name}").splitlines()[-1]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


needs_registry = pytest.mark.skipif(not shutil.which("docker-registry"), reason="not installed: docker-registry")


@pytest.fixture
def registry(tmp_path):
    directory = tmp_path / "registry"
    directory.mkdir()
    r = Registry(directory)
    try:
        yield r.wait()
    finally:
        r.stop()
