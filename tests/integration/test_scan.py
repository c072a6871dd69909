"""`pipe scan` and `uses: scan` with the built-in scanner: what it finds, what it passes over, and what it refuses to call clean."""
import json
import os
import subprocess
import textwrap
import time

import pytest

import trivydb
from test_stage_engine import finished

LODASH = {
    "id": "GHSA-jf85-cpcp-j695", "modified": "2026-01-01T00:00:00Z", "aliases": ["CVE-2019-10744"],
    "summary": "Prototype pollution", "database_specific": {"severity": "CRITICAL"},
    "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
                  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.12"}]}]}],
}
MARKED = {
    "id": "GHSA-xxxx-0001-yyyy", "modified": "2026-01-01T00:00:00Z", "summary": "Takes long",
    "database_specific": {"severity": "LOW"},
    "affected": [{"package": {"ecosystem": "npm", "name": "marked"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}],
}
# Split, so that no scanner finds one in this file.
TOKEN = "ghp_" + "Zk3mQ9xW7vB2nL5tR8yH1cF4" + "jD6sG0pKaEuT"


def lock(**packages):
    return json.dumps({"name": "shop", "lockfileVersion": 3, "packages": {
        "": {"name": "shop", "dependencies": {n: v for n, v in packages.items()}},
        **{f"node_modules/{n}": {"version": v} for n, v in packages.items()}}}, indent=1)


@pytest.fixture
def shop(project):
    """A project with one vulnerable package, and records that say so."""
    for record in (LODASH, MARKED):
        project.write(f"advisories/{record['id']}.json", json.dumps(record))
    project.write("app/package-lock.json", lock(lodash="4.17.4", left="1.0.0"))
    return project


def scan(project, *args, **more):
    return project.pipe("scan", "--db", "advisories", "--max-age", "0", *args, **more)


def ids(r):
    found = json.loads(r.out)
    return sorted(v["VulnerabilityID"] for t in found.get("Results") or [] for v in t.get("Vulnerabilities") or [])


# ---- the command ----

def test_a_vulnerable_lock_file(shop):
    r = scan(shop, "app")
    assert r.status == 1, r.text
    assert "CVE-2019-10744" in r.out and "4.17.12" in r.out and "CRITICAL" in r.out and "package-lock.json" in r.out
    r = scan(shop, "app", "--format", "json")
    assert r.status == 1 and ids(r) == ["CVE-2019-10744"]
    v = json.loads(r.out)["Results"][0]["Vulnerabilities"][0]
    assert (v["PkgName"], v["InstalledVersion"], v["FixedVersion"], v["Severity"]) == ("lodash", "4.17.4", "4.17.12", "CRITICAL")
    sarif = json.loads(scan(shop, "app", "--format", "sarif").out)
    assert sarif["version"] == "2.1.0" and [x["ruleId"] for x in sarif["runs"][0]["results"]] == ["CVE-2019-10744"]


def test_a_clean_one_is_clean_and_says_what_was_looked_at(shop):
    shop.write("app/package-lock.json", lock(lodash="4.17.21"))
    r = scan(shop, "app")
    assert r.status == 0, r.text
    assert "1 file" in r.out and "1 package" in r.out


@pytest.mark.parametrize("args,status", [
    (["--fail-on", "critical"], 1), (["--fail-on", "none"], 0), (["--severity", "low,medium"], 0), (["--severity", "critical"], 1),
    (["--severity", "dire"], 2), (["--only-secrets"], 0), (["--only-vulnerabilities"], 1), (["--only-secrets", "--only-vulnerabilities"], 2),
    (["--skip", "package-lock.json"], 0), (["--type", "image"], 3), (["--scanner", "none"], 2),
])
def test_exit_status(shop, args, status):
    r = scan(shop, "app", *args)
    assert r.status == status, r.text


def test_what_no_version_mends(shop):
    shop.write("app/package-lock.json", lock(marked="1.2.3"))
    assert scan(shop, "app").status == 1
    assert scan(shop, "app", "--ignore-unfixed").status == 0


def test_development_packages_do_not_count_unless_asked(shop):
    tree = json.loads(lock(lodash="4.17.4"))
    tree["packages"]["node_modules/lodash"]["dev"] = True
    tree["packages"][""] = {"devDependencies": {"lodash": "4.17.4"}}
    shop.write("app/package-lock.json", json.dumps(tree))
    assert scan(shop, "app").status == 0
    assert scan(shop, "app", "--dev").status == 1


def test_secrets_are_found_and_never_shown(shop):
    shop.write("conf/deploy.sh", f"#!/bin/sh\nTOKEN={TOKEN}\n")
    for args in ([], ["--format", "json"], ["--format", "sarif"]):
        r = scan(shop, "conf", *args)
        assert r.status == 1, r.text
        assert "github-pat" in r.out and "deploy.sh" in r.out
        assert TOKEN not in r.out + r.err and TOKEN[4:20] not in r.out + r.err


def test_what_is_passed_over_stays_visible(shop):
    shop.write(".trivyignore", "# known\nCVE-2019-10744 exp:2099-01-01\nCVE-1999-0001\n")
    r = scan(shop, "app", "--suppressed")
    assert r.status == 0, r.text
    assert "CVE-2019-10744" in r.out
    assert "CVE-1999-0001" in r.out + r.err  # matches nothing
    found = json.loads(scan(shop, "app", "--format", "json").out)
    assert "CVE-2019-10744" in json.dumps([t.get("ExperimentalModifiedFindings") for t in found["Results"]])
    shop.write(".trivyignore", "CVE-2019-10744 exp:2020-01-01\n")
    r = scan(shop, "app")
    assert r.status == 1 and "expired" in (r.out + r.err).lower(), r.text


# ---- what is never called clean ----

def test_no_advisories_are_no_clean_bill(shop, tmp_path):
    r = shop.pipe("scan", "app", env={**os.environ, "PIPE_ADVISORIES": str(tmp_path / "none")})
    assert r.status == 3, r.text
    assert "pipe advisories update" in r.err
    (tmp_path / "empty").mkdir()
    r = shop.pipe("scan", "app", "--db", str(tmp_path / "empty"))
    assert r.status == 3, r.text
    r = shop.pipe("scan", "app", "--db", "nowhere")
    assert r.status == 3 and "nowhere" in r.err


@pytest.mark.parametrize("name,content", [("trivy.db", b""), ("trivy.db", b"x" * 70000), ("osv.db", b"SQLite format 3\0" + b"y" * 5000)])
def test_a_damaged_database_is_refused(shop, name, content):
    (shop.path / "db").mkdir()
    (shop.path / "db" / name).write_bytes(content)
    r = shop.pipe("scan", "app", "--db", f"db/{name}", "--max-age", "0")
    assert r.status == 3, r.text
    assert name in r.err


def test_old_advisories_are_refused_unless_allowed(shop):
    old = time.time() - 30 * 86400
    for f in (shop.path / "advisories").iterdir():
        os.utime(f, (old, old))
    r = shop.pipe("scan", "app", "--db", "advisories")
    assert r.status == 3 and " old, and at most 7d" in r.err and "--max-age" in r.err, r.text
    assert shop.pipe("scan", "app", "--db", "advisories", "--max-age", "999d").status == 1


@pytest.mark.parametrize("text", ['{"name": "x", "lockfileVersion": 3, "packages": {"": {}, "node_modules/lodash": {"version": "4.1', "{]", "\0\0"])
def test_a_broken_lock_file_is_no_clean_bill(shop, text):
    shop.write("app/package-lock.json", text)
    r = scan(shop, "app")
    assert r.status == 3, r.text
    assert "package-lock.json" in r.err and "--skip" in r.err
    assert scan(shop, "app", "--skip", "package-lock.json").status == 0


def test_packages_without_advisories_are_named(shop):
    shop.write("app/Cargo.lock", 'version = 3\n\n[[package]]\nname = "libc"\nversion = "0.2.1"\nsource = "registry+x"\nchecksum = "0"\n')
    r = scan(shop, "app")
    assert "cargo" in r.out and ("no advisories" in r.out or "cannot be compared" in r.out), r.text


def test_targets_that_are_not_there(shop):
    for target in ("nowhere/at/all", "./nowhere", "/nowhere"):
        r = scan(shop, target, "--type", "filesystem")
        assert r.status == 3 and "nowhere" in r.err, r.text
    shop.write("x.zip", "PK\3\4nothing")
    r = scan(shop, "x.zip")
    assert r.status == 3, r.text


def test_an_sbom(shop):
    shop.write("bom.json", json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [
        {"type": "library", "name": "lodash", "version": "4.17.4", "purl": "pkg:npm/lodash@4.17.4"},
        {"type": "library", "name": "thing", "version": "1"}]}))
    r = scan(shop, "bom.json")
    assert r.status == 1 and "CVE-2019-10744" in r.out, r.text
    assert "no package URL" in r.out
    shop.write("bom.json", "{}")
    assert scan(shop, "bom.json").status == 3


def test_ten_thousand_packages_take_no_long(shop):
    packages = {f"p{i}": f"1.{i}.0" for i in range(10000)}
    shop.write("app/package-lock.json", lock(lodash="4.17.4", **packages))
    r = scan(shop, "app", "--format", "json", timeout=60)
    assert r.status == 1 and ids(r) == ["CVE-2019-10744"]


# ---- the stage ----

def stage(**parameters):
    rows = "".join(f"\n            {k}: {json.dumps(v)}" for k, v in parameters.items())
    return textwrap.dedent(f"""
        scan:
          uses: scan
          with:
            scanner: builtin
            db: advisories
            max_age: 1000 days{rows}
    """)


def test_a_scan_that_is_killed_leaves_nothing_that_counts(shop):
    """At ten moments: the killed run is lost, no report of it is taken for whole, and the next one finds everything."""
    shop.write("app/package-lock.json", lock(lodash="4.17.4", **{f"left{i}": "1.0.0" for i in range(3000)}))
    shop.write("pipe.yml", stage(sarif="scan.json"))
    whole = shop.pipe("run", "--format", "json")
    assert whole.status == 1 and "CVE-2019-10744" in shop.read("scan.json"), whole.text
    for i in range(10):
        (shop.path / "scan.json").unlink(missing_ok=True)
        p = shop.start("run")
        time.sleep(0.004 * (i + 1))
        p.kill()
        p.communicate()
        left = shop.path / "scan.json"
        assert not left.exists() or "CVE-2019-10744" in json.dumps(json.loads(left.read_text())), f"half a report after {i}"
    again = shop.pipe("run", "--format", "json")
    assert again.status == 1 and again.jobs == whole.jobs, again.text
    assert "CVE-2019-10744" in shop.read("scan.json")
    runs = shop.pipe("history", "--format", "json", "--limit", "50").out
    assert '"running"' not in runs, runs
    assert not [f for f in (shop.path / ".pipe/runs").rglob("*.stage")], "a killed scan's files are left"


def test_the_stage_judges_what_it_found(shop):
    r = shop.run(stage(path="app"))
    assert r.status == 1, r.text
    assert "CVE-2019-10744" in finished(r, "scan")["reason"] and "lodash" in finished(r, "scan")["reason"]
    found = shop.pipe("findings", "--format", "json").json["findings"]
    assert [(f["rule"], f["package"], f["installed"], f["fixed"], f["severity"], f["kind"]) for f in found] == \
        [("CVE-2019-10744", "lodash", "4.17.4", "4.17.12", "critical", "vulnerability")]
    assert "CVE-2019-10744" in shop.pipe("logs", "1", "scan").out


@pytest.mark.parametrize("parameters", [{"fail_on": "none"}, {"max": 1}, {"checks": ["secrets"]}, {"skip": ["app/**"]}])
def test_the_stage_lets_pass_what_it_is_told_to(shop, parameters):
    r = shop.run(stage(**parameters))
    assert r.status == 0, r.text


def test_a_scan_that_could_not_be_is_red(shop):
    shop.write("app/package-lock.json", "{")
    r = shop.run(stage(path="app", fail_on="none"))
    assert r.status == 1 and "could not be scanned" in finished(r, "scan")["reason"], r.text
    r = shop.run(stage(path="app").replace("db: advisories", "db: nowhere"))
    assert r.status == 1 and "nowhere" in finished(r, "scan")["reason"], r.text


def test_the_gate_reads_what_the_stage_found(shop):
    r = shop.run("stages: [scan, gate]\n" + stage(path="app", fail_on="none").replace("\nscan:", "\nscan:\n  stage: scan") +
                 "quality: {stage: gate, uses: gate, with: {findings: [{kind: vulnerability, severity: critical}], secrets: 0}}\n")
    assert r.jobs["scan"] == "success" and r.jobs["quality"] == "failed", r.text


@pytest.mark.parametrize("with_,words", [
    ("{image: x, path: y}", "cannot stand together"), ("{target: filesystem, image: x}", "goes with"),
    ("{target: config, scanner: builtin}", "reads no configuration")])
def test_parameters_that_cannot_stand_together(shop, with_, words):
    shop.write("pipe.yml", f"scan: {{uses: scan, with: {with_}}}\n")
    r = shop.pipe("lint")
    assert r.status == 2 and words in r.text, r.text


def test_a_report_in_sarif_is_kept(shop):
    r = shop.run(stage(path="app", fail_on="none", sarif="out/scan.sarif").replace("out/", ""))
    assert r.status == 0, r.text
    assert json.loads(shop.read("scan.sarif"))["version"] == "2.1.0"


# ---- images ----

def have(tool):
    return subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True).returncode == 0


@pytest.mark.skipif(not have("buildah") or os.geteuid() != 0, reason="needs buildah, as root")
def test_an_image_by_what_is_installed_in_its_last_layer(shop, tmp_path):
    env = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
    args = ["--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run")]
    shop.write("ctx/lodash.json", json.dumps({"name": "lodash", "version": "4.17.4"}))
    shop.write("ctx/other.json", json.dumps({"name": "marked", "version": "1.0.0"}))
    shop.write("ctx/Dockerfile", "FROM scratch\nCOPY lodash.json /app/node_modules/lodash/package.json\n"
                                 "COPY other.json /app/node_modules/marked/package.json\n")
    subprocess.run(["buildah", *args, "bud", "--layers", "-q", "-t", "shop:1", str(shop.path / "ctx")], check=True, env=env, capture_output=True)
    for archive in ("oci-archive", "docker-archive"):
        tar = shop.path / f"{archive}.tar"
        subprocess.run(["buildah", *args, "push", "-q", "shop:1", f"{archive}:{tar}:shop:1"], check=True, env=env, capture_output=True)
        r = scan(shop, tar.name, "--format", "json")
        assert r.status == 1, r.text
        assert ids(r) == ["CVE-2019-10744", "GHSA-xxxx-0001-yyyy"]
        tar.write_bytes(tar.read_bytes()[:-4000])
        broken = scan(shop, tar.name)
        assert broken.status == 3 or ids(scan(shop, tar.name, "--format", "json")) == ids(r), broken.text


# ---- Trivy's database ----

def test_what_an_advisory_says_outlives_its_database(shop):
    (shop.path / "db").mkdir()
    trivydb.write(shop.path / "db", {
        "data-source": {"npm::GitHub Security Advisory npm": {"ID": "ghsa", "Name": "GitHub Security Advisory npm", "URL": "https://example.org/ghsa"}},
        "npm::GitHub Security Advisory npm": {"lodash": {"CVE-2019-10744": {"PatchedVersions": ["4.17.12"], "VulnerableVersions": ["<4.17.12"]}}},
        "vulnerability": {"CVE-2019-10744": {"Title": "Prototype pollution", "Severity": "CRITICAL", "VendorSeverity": {"ghsa": 4},
                                             "References": ["https://example.org/1"]}}})
    r = shop.pipe("scan", "app", "--db", "db", "--max-age", "0", "--format", "json")
    assert r.status == 1, r.text
    v = json.loads(r.out)["Results"][0]["Vulnerabilities"][0]
    assert v["DataSource"] == {"ID": "ghsa", "Name": "GitHub Security Advisory npm", "URL": "https://example.org/ghsa"}
    assert (v["Severity"], v["SeveritySource"], v["FixedVersion"], v["Title"], v["References"]) == \
        ("CRITICAL", "ghsa", "4.17.12", "Prototype pollution", ["https://example.org/1"])


def test_what_was_typed_is_looked_at_before_the_advisories(shop):
    none = ("--db", "nowhere")
    r = shop.pipe("scan", "app", "--severity", "hgh", *none)
    assert r.status == 2 and '"hgh"' in r.err and "nowhere" not in r.err
    r = shop.pipe("scan", "app.tar", *none)
    assert r.status == 3 and "there is no app.tar" in r.err and "nowhere" not in r.err
    shop.env["https_proxy"] = "http://127.0.0.1:1"  # nobody is asked
    r = shop.pipe("scan", "nope", "--db", "advisories", "--max-age", "0")
    assert r.status == 3 and "there is no file or directory nope; as an image of a registry: " in r.err
