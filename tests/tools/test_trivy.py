"""The same targets through the real Trivy and the built-in scanner: the same findings, the same verdicts, and neither calls clean what it
could not scan."""
import json
import os
import shutil
import subprocess

import pytest

import trivydb
from conftest import findings, needs, reason, with_tools

pytestmark = needs("trivy")

GHSA, DEBIAN = "npm::GitHub Security Advisory npm", "debian 12"
ADVISORIES = {
    "data-source": {GHSA: {"ID": "ghsa", "Name": "GHSA npm", "URL": "https://example.org"}, DEBIAN: {"ID": "debian", "Name": "Debian", "URL": "https://example.org"}},
    GHSA: {"lodash": {"CVE-2019-10744": {"PatchedVersions": ["4.17.12"], "VulnerableVersions": ["< 4.17.12"]},
                      "CVE-2020-8203": {"PatchedVersions": ["4.17.19"], "VulnerableVersions": [">=3.7.0, <4.17.19"]}}},
    DEBIAN: {"openssl": {"CVE-2024-0001": {"FixedVersion": "3.0.11-1~deb12u9"}, "CVE-2024-0002": {"Severity": 3, "Status": 2}}},
    "vulnerability": {cve: {"Title": f"about {cve}", "Severity": severity, "VendorSeverity": {"nvd": level}}
                      for cve, severity, level in (("CVE-2019-10744", "CRITICAL", 4), ("CVE-2020-8203", "HIGH", 3), ("CVE-2024-0001", "MEDIUM", 2), ("CVE-2024-0002", "HIGH", 3))},
}
LOCK = {"name": "shop", "lockfileVersion": 3, "packages": {"": {"dependencies": {"lodash": "4.17.4"}}, "node_modules/lodash": {"version": "4.17.4"}}}
STATUS = "Package: libssl3\nStatus: install ok installed\nSource: openssl\nArchitecture: amd64\nVersion: 3.0.11-1~deb12u2\nMaintainer: x\nDescription: x\n\n"
TOKEN = "ghp_" + "Zk3mQ9xW7vB2nL5tR8yH1cF4" + "jD6sG0pKaEuT"


@pytest.fixture
def shop(project):
    trivydb.write(project.path / "cache" / "db", ADVISORIES)
    project.write("app/package-lock.json", json.dumps(LOCK, indent=1))
    project.write("app/deploy.sh", f"TOKEN={TOKEN}\n")
    return with_tools(project, "trivy")


def pipeline(**parameters):
    out = ""
    for scanner in ("trivy", "builtin"):
        rows = "".join(f"    {k}: {json.dumps(v)}\n" for k, v in parameters.items())
        out += f"{scanner}:\n  uses: scan\n  with:\n    scanner: {scanner}\n    db: cache/db\n" + ("    max_age: 9999 days\n" if scanner == "builtin" else "") + rows
    return out


def found(project):
    """By job: what both found is told once of the whole run."""
    return {job: {(f["kind"], f["rule"], f["package"], f["installed"], f["fixed"], f["severity"])
                  for f in project.pipe("findings", "--job", job, "--format", "json").json["findings"]} for job in ("trivy", "builtin")}


@pytest.mark.parametrize("target", ["repository", "filesystem"])
def test_a_project(shop, target):
    r = shop.run(pipeline(target=target, path="app"))
    assert r.jobs == {"trivy": "failed", "builtin": "failed"}, r.text
    both = found(shop)
    assert both["trivy"] == both["builtin"], both
    assert {f[1] for f in both["builtin"]} == {"CVE-2019-10744", "CVE-2020-8203", "github-pat"}
    assert reason(r, "trivy") == reason(r, "builtin")


@pytest.mark.parametrize("bound,status", [("critical", "success"), ("high", "failed"), ("none", "success")])
def test_an_image(shop, bound, status):
    if not shutil.which("buildah") or os.geteuid():
        pytest.skip("needs buildah, as root")
    args = ["--root", str(shop.path.parent / "graph"), "--runroot", str(shop.path.parent / "run"), "--storage-driver", "vfs"]
    shop.write("ctx/etc/os-release", 'ID=debian\nVERSION_ID="12"\n')
    shop.write("ctx/etc/debian_version", "12.5\n")
    shop.write("ctx/var/lib/dpkg/status", STATUS)
    shop.write("ctx/Dockerfile", "FROM scratch\nCOPY etc /etc\nCOPY var /var\n")
    subprocess.run(["buildah", *args, "bud", "--isolation", "chroot", "-q", "-t", "shop:1", str(shop.path / "ctx")], check=True, capture_output=True)
    subprocess.run(["buildah", *args, "push", "-q", "shop:1", f"docker-archive:{shop.path}/shop.tar:shop:1"], check=True, capture_output=True)
    r = shop.run(pipeline(image="shop.tar", fail_on=bound, checks=["vulnerabilities"]))
    assert r.jobs == {"trivy": status, "builtin": status}, r.text
    both = found(shop)
    assert both["trivy"] == both["builtin"] and {f[1] for f in both["builtin"]} == {"CVE-2024-0001", "CVE-2024-0002"}, both


def test_what_is_passed_over(shop):
    shop.write(".trivyignore", "CVE-2019-10744\nCVE-2020-8203\n")
    r = shop.run(pipeline(path="app", checks=["vulnerabilities"]))
    assert r.jobs == {"trivy": "success", "builtin": "success"}, r.text


def test_configuration_is_trivys(shop):
    shop.write("conf/Dockerfile", "FROM debian:latest\nRUN apt-get update\n")
    r = shop.run("conf: {uses: scan, with: {target: config, path: conf, fail_on: high}}\n")
    assert r.jobs == {"conf": "failed"}, r.text
    assert any(f["kind"] == "misconfiguration" and f["rule"] == "DS002" for f in findings(shop)), findings(shop)


@pytest.mark.parametrize("parameters", [{"path": "nowhere"}, {"image": "nowhere.tar"}, {"path": "app", "db": "nowhere"}])
def test_what_cannot_be_scanned_is_red_with_both(shop, parameters):
    text = pipeline(**{k: v for k, v in parameters.items() if k != "db"}, fail_on="none")
    r = shop.run(text.replace("cache/db", parameters.get("db", "cache/db")), timeout=120)
    assert r.jobs == {"trivy": "failed", "builtin": "failed"}, r.text
    for job in r.jobs:
        assert "could not be scanned" in reason(r, job), reason(r, job)


def test_the_command_shows_both_alike(shop):
    for scanner in ("trivy", "builtin"):
        r = shop.pipe("scan", "--scanner", scanner, "--db", "cache/db", "--max-age", "0", "app")
        assert r.status == 1 and "CVE-2019-10744" in r.out and "github-pat" in r.out, r.text
        assert TOKEN not in r.out
        assert shop.pipe("scan", "--scanner", scanner, "--db", "cache/db", "--max-age", "0", "--fail-on", "none", "app").status == 0
    r = shop.pipe("scan", "--scanner", "trivy", "--db", "nowhere", "app", timeout=120)
    assert r.status == 3, r.text
