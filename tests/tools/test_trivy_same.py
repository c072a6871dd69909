"""The built-in scanner beside the real Trivy, with advisories of every package that Trivy sees: the same findings, each difference with a
reason that is written down here."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import trivydb
from conftest import ROOT, built, needs, with_tools

pytestmark = needs("trivy")

PACKAGES = ROOT / "tests" / "scanner" / "packages"

# Of each type of a result: the prefix of its buckets, and a source of advisories.
BUCKETS = {
    "npm": ("npm", "GitHub Security Advisory npm", {"npm", "yarn", "pnpm", "bun", "node-pkg"}),
    "pip": ("pip", "GitHub Security Advisory pip", {"pip", "pipenv", "poetry", "uv", "python-pkg"}),
    "go": ("go", "The Go Vulnerability Database", {"gomod", "gobinary"}),
    "cargo": ("cargo", "GitHub Security Advisory Rust", {"cargo", "rustbinary"}),
    "composer": ("composer", "GitHub Security Advisory Composer", {"composer", "composer-vendor"}),
    "rubygems": ("rubygems", "GitHub Security Advisory RubyGems", {"bundler", "gemspec"}),
    "nuget": ("nuget", "GitHub Security Advisory NuGet", {"nuget", "packages-props", "dotnet-core"}),
    "maven": ("maven", "GitHub Security Advisory Maven", {"pom", "gradle", "sbt"}),
    "erlang": ("erlang", "GitHub Security Advisory Erlang", {"hex"}),
    "pub": ("pub", "GitHub Security Advisory Pub", {"pub"}),
    "swift": ("swift", "GitHub Security Advisory Swift", {"swift"}),
    "cocoapods": ("cocoapods", "GitHub Security Advisory CocoaPods", {"cocoapods"}),
    "conan": ("conan", "ConanCenter", {"conan"}),
}

# Why they differ.  Always: Trivy takes a pattern of Cargo workspace members ("crates/*") for the name of one, and misses the members.
ALWAYS = {"cargo-pattern/Cargo.lock"}
# And with packages of development: Trivy leaves out Pipenv's `develop`, and of Cargo what only tests need.
DEVELOPMENT = ALWAYS | {"pipenv/Pipfile.lock", "cargo/Cargo.lock"}


def scan(kind, target, cache, *args):
    command = [str(built("trivy")), kind, "--cache-dir", cache, "--skip-db-update", "--skip-java-db-update", "--offline-scan", "--skip-version-check",
               "--disable-telemetry", "--quiet", "--scanners", "vuln", "--format", "json", *args, target]
    r = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def advisories(report):
    """Three of each package: of all its versions, of those before it, of it alone."""
    db, number = {"data-source": {}, "vulnerability": {}}, 0
    for result in report["Results"]:
        prefix, source, _ = next(b for b in BUCKETS.values() if result["Type"] in b[2])
        bucket = db.setdefault(f"{prefix}::{source}", {})
        db["data-source"][f"{prefix}::{source}"] = {"ID": "ghsa", "Name": source, "URL": "https://example.org"}
        for package in result.get("Packages", []):
            name, version = package.get("Name"), package.get("Version", "")
            if not name:
                continue
            name = re.sub(r"[-_.]+", "-", name).lower() if prefix == "pip" else name.lower() if prefix == "nuget" else name
            for row in ({"VulnerableVersions": [">=0"], "PatchedVersions": ["9999.0.0"]}, {"VulnerableVersions": [f">=0, <{version}"], "PatchedVersions": [version]},
                        {"VulnerableVersions": [f"={version}"]}):
                number += 1
                bucket.setdefault(name, {})[f"CVE-2024-{number:05d}"] = row
                db["vulnerability"][f"CVE-2024-{number:05d}"] = {"Title": "a title", "Severity": "HIGH", "VendorSeverity": {"ghsa": 1 + number % 4}}
    return db


def rows(report):
    """By target, what tells one finding from another."""
    found = {}
    for result in report.get("Results", []):
        for v in result.get("Vulnerabilities", []):
            found.setdefault(result["Target"], set()).add((result["Type"], v["VulnerabilityID"], v["PkgName"], v["InstalledVersion"], v.get("FixedVersion", ""),
                                                            v["Severity"], v.get("Status"), v["PkgIdentifier"].get("PURL"), v.get("PkgPath", "")))
    return found


def table(theirs, ours):
    """What is missing and what is extra, by target; only where there is some."""
    out = {}
    for target in sorted(theirs.keys() | ours.keys()):
        missing, extra = theirs.get(target, set()) - ours.get(target, set()), ours.get(target, set()) - theirs.get(target, set())
        if missing or extra:
            out[target] = {"missing": sorted(missing, key=str), "extra": sorted(extra, key=str)}
    return out


@pytest.mark.parametrize("development", [False, True])
def test_lock_files(project, tmp_path, development):
    with_tools(project, "trivy")
    tree = tmp_path / "packages"
    shutil.copytree(PACKAGES, tree, ignore=lambda d, names: [n for n in names if n.startswith("installed") or n.endswith(".expected")])
    cache = tmp_path / "cache"
    trivydb.write(cache / "db", {"npm::GitHub Security Advisory npm": {"none": {"CVE-2024-00001": {}}}, "vulnerability": {}})
    whole = scan("fs", tree, cache, "--list-all-pkgs", "--include-dev-deps")
    shutil.rmtree(cache)
    trivydb.write(cache / "db", advisories(whole))
    theirs = rows(scan("fs", tree, cache, *["--include-dev-deps"] * development))
    r = project.pipe("scan", "--type", "filesystem", "--db", str(cache / "db"), "--max-age", "0", "--only-vulnerabilities", "--format", "json", "--quiet",
                     *["--dev"] * development, str(tree))
    assert r.status == 1, r.text
    ours = rows(r.json)
    assert sum(map(len, theirs.values())) > 800 and len({t for rows_ in theirs.values() for (t, *_) in rows_}) >= 18, {k: len(v) for k, v in theirs.items()}
    left = {k: v for k, v in table(theirs, ours).items() if k not in (DEVELOPMENT if development else ALWAYS) or v["missing"]}
    assert left == {}, json.dumps(left, indent=1)
