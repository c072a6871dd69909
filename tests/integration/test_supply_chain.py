"""The example service through examples/pipelines/supply-chain.yml: green as it is, and the right job red when something is wrong."""
import os
import shutil
import subprocess

import pytest

from test_service import change, reason, red, service  # noqa: F401 (a fixture)

MISSING = [tool for tool in ("buildah", "make", "cc") if not shutil.which(tool)]
if os.geteuid() != 0:
    MISSING.append("root (rootless builds need user namespaces)")
if not shutil.which("pkg-config") or subprocess.run(["pkg-config", "--exists", "libevent", "sqlite3"]).returncode:
    MISSING.append("libevent or sqlite3 (development files)")
pytestmark = pytest.mark.skipif(bool(MISSING), reason="the supply chain needs " + ", ".join(MISSING))
needs_helm = pytest.mark.skipif(not shutil.which("helm"), reason="not installed: helm")


def run(project, tmp_path, *args):
    env = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs",
           "CONTAINERS_STORAGE_CONF": str(project.write("../storage.conf", f"""
[storage]
driver = "vfs"
graphroot = "{tmp_path}/graph"
runroot = "{tmp_path}/run"
"""))}
    return project.pipe("run", "--format", "json", "--file", "examples/pipelines/supply-chain.yml", *args, env=env, timeout=180)


def test_all_of_it_is_green(service, tmp_path):
    r = run(service, tmp_path)
    assert r.status == 0, r.text
    assert r.jobs == {job: "success" for job in ("compile", "container", "scan", "source", "quality")}
    assert (service.path / "build" / "links.oci.tar").stat().st_size > 500000


def test_an_image_that_runs_as_root(service, tmp_path):
    change(service, "Dockerfile", "USER 10001:10001\n", "")
    r = run(service, tmp_path)
    assert red(r) == {"container"}, r.text
    assert "root" in reason(r, "container")


def test_an_image_from_latest(service, tmp_path):
    change(service, "Dockerfile", "FROM scratch", "FROM debian:latest")
    r = run(service, tmp_path)
    assert red(r) == {"container"}, r.text
    assert "latest" in reason(r, "container")


def test_a_secret_in_the_context(service, tmp_path):
    service.write("examples/service/deploy.env", "GITHUB_TOKEN=" + "ghp_" + "Zk3mQ9xW7vB2nL5tR8yH1cF4" + "jD6sG0pKaEuT" + "\n")
    change(service, ".dockerignore", "*\n", "tests\n")
    r = run(service, tmp_path)
    assert {"container", "source"} <= red(r), r.text
    assert "deploy.env" in reason(r, "container")


@needs_helm
def test_an_invalid_chart(service, tmp_path):
    change(service, "chart/templates/service.yaml", "kind: Service", "kind: {{ .Values.nothing.at.all }}")
    r = run(service, tmp_path, "--variable", "CHART=yes")
    assert red(r) == {"chart"}, r.text
    assert "nothing" in reason(r, "chart")
