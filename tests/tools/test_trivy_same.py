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


# ---- what distributions install ----

# Each: the name of a source package, the packages made of it, epoch, version, release, architecture, label of a module.
RPMS = [
    ("openssl", ["openssl-libs"], "1", "3.0.7", "16.el9_2", "x86_64", ""),
    ("bash", [], "", "5.1.8", "6.el9_1", "x86_64", ""),
    ("tzdata", [], "", "2023c", "1.el9", "noarch", ""),
    ("nodejs", ["npm-mod"], "1", "16.20.1", "1.module_el9.2.0+19229+71b35e99", "x86_64", "nodejs:16:9020020230619:rhel9"),
    ("unlabelled", [], "", "1.0", "1.module+el9.2.0+1+abc", "x86_64", ""),
    ("openssl-fips", [], "10", "3.0.7", "16.el9_fips", "x86_64", ""),
    ("tilde", [], "", "1.0~rc1", "1", "x86_64", ""),
    ("php", [], "", "8.0.1", "1.el9.remi", "x86_64", ""),
    ("gpg-pubkey", [], "", "8483c65d", "5ccc5b19", "x86_64", ""),
]
# Each: ID and VERSION_ID of os-release, a file that says it again, the bucket, where rpm's database is.
RPM_ROOTS = {
    "rocky": ("rocky", "9.2", "etc/redhat-release", "Rocky Linux release 9.2 (Blue Onyx)", "rocky 9", "var/lib/rpm"),
    "alma": ("almalinux", "9.2", "etc/redhat-release", "AlmaLinux release 9.2 (Turquoise Kodkod)", "alma 9", "var/lib/rpm"),
    "redhat": ("rhel", "9.2", "etc/redhat-release", "Red Hat Enterprise Linux release 9.2 (Plow)", "Red Hat", "var/lib/rpm"),
    "centos": ("centos", "9", "etc/centos-release", "CentOS Stream release 9", "Red Hat", "var/lib/rpm"),
    "oracle": ("ol", "9.2", "etc/oracle-release", "Oracle Linux Server release 9.2", "Oracle Linux 9", "var/lib/rpm"),
    "amazon": ("amzn", "2023", "etc/system-release", "Amazon Linux release 2023 (Amazon Linux)", "amazon linux 2023", "var/lib/rpm"),
    "amazon-2": ("amzn", "2", "etc/system-release", "Amazon Linux release 2 (Karoo)", "amazon linux 2", "var/lib/rpm"),
    "leap": ("opensuse-leap", "15.5", None, None, "openSUSE Leap 15.5", "usr/lib/sysimage/rpm"),
    "tumbleweed": ("opensuse-tumbleweed", "20240101", None, None, "openSUSE Tumbleweed", "usr/lib/sysimage/rpm"),
    "sles": ("sles", "15.5", None, None, "SUSE Linux Enterprise 15.5", "usr/lib/sysimage/rpm"),
    "photon": ("photon", "4.0", None, None, "Photon OS 4.0", "var/lib/rpm"),
    "azurelinux": ("azurelinux", "3.0.20240101", None, None, "Azure Linux 3.0", "var/lib/rpm"),
    "fedora": ("fedora", "38", "etc/fedora-release", "Fedora release 38 (Thirty Eight)", "fedora 38", "usr/lib/sysimage/rpm"),
}
APKS = [  # name, source, version, architecture
    ("libcrypto3", "openssl", "3.1.4-r0", "x86_64"), ("libssl3", "openssl", "3.1.4-r0", "x86_64"), ("busybox", "busybox", "1.36.1-r2", "x86_64"),
    ("ssl_client", "busybox", "1.36.1-r2", "x86_64"), ("ca-certificates-bundle", "ca-certificates", "20230506-r0", "x86_64"),
    ("git", "git", "2.40.1_git20230506-r0", "x86_64"), ("alpha", "alpha", "1.0_alpha2-r1", "x86_64"), ("letter", "letter", "1.2.3b-r4", "x86_64"),
]
APK_ROOTS = {"alpine": ("alpine", "3.18.4", "alpine 3.18"), "wolfi": ("wolfi", "20230201", "wolfi"), "chainguard": ("chainguard", "20230214", "chainguard")}


@pytest.fixture(scope="module")
def rpms(tmp_path_factory):
    top = tmp_path_factory.mktemp("rpmbuild")
    for source, more, epoch, version, release, arch, module in RPMS:
        lines = [f"Name: {source}", f"Version: {version}", f"Release: {release}", "Summary: s", "License: MIT", *[f"Epoch: {epoch}"] * bool(epoch),
                 *["BuildArch: noarch"] * (arch == "noarch"), *[f"ModularityLabel: {module}"] * bool(module), "%description", "d", "%files"]
        for name in more:
            lines += [f"%package -n {name}", "Summary: s", f"%description -n {name}", "d", f"%files -n {name}"]
        spec = top / f"{source}.spec"
        spec.write_text("\n".join(lines) + "\n")
        r = subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}", "--define", "debug_package %{nil}", "--target", arch, spec],
                           capture_output=True, text=True, check=False, timeout=60)
        assert r.returncode == 0, r.stderr
    return sorted(map(str, (top / "RPMS").rglob("*.rpm")))


def versions_near(epoch, version, release):
    """Versions that an advisory may name: later, the same, earlier, with other epochs and none."""
    own = f"{epoch}:" if epoch else ""
    return [f"{own}{version}-{release}.1", f"{own}{version}-{release}", f"{own}{version}-0.1", f"99:{version}-{release}", f"{version}-{release}",
            f"{own}{version}~beta-9", f"0:{version}-{release}.1", f"{own}{version}.1-1", f"{version}-{release}_fips", "0"]


def rpm_advisories(bucket):
    db, number = {"data-source": {bucket: {"ID": "x", "Name": "x", "URL": "https://example.org"}}, "vulnerability": {}, bucket: {}}, 0

    def vulnerability():
        nonlocal number
        number += 1
        vendors = {"nvd": 1 + number % 4, **({"redhat": 1 + (number + 1) % 4} if number % 3 else {})}
        db["vulnerability"][f"CVE-2024-{number:05d}"] = {"Title": "a title", "Severity": "HIGH", "VendorSeverity": vendors}
        return f"CVE-2024-{number:05d}"

    if bucket == "Red Hat":
        db["Red Hat CPE"] = {"repository": {"rhel-9-for-x86_64-baseos-rpms": [0], "rhel-9-for-x86_64-appstream-rpms": [1]}, "nvr": {},
                             "cpe": {"0": "cpe:/o:redhat:enterprise_linux:9::baseos", "1": "cpe:/a:redhat:enterprise_linux:9::appstream"}}
    for source, more, epoch, version, release, _, module in RPMS:
        for name in [source, *more]:
            rows_ = db[bucket][name] = {}
            if module:
                rows_ = db[bucket][":".join(module.split(":")[:2]) + "::" + name] = {}
            for fixed in versions_near(epoch, version, release):
                for arches, affected in ([], [0]), (["x86_64"], [1]), (["aarch64"], [0]), (["x86_64", "aarch64"], [7]):
                    cve = vulnerability()
                    if bucket == "Red Hat":
                        advisory = "RHSA-2024:" + cve[-5:] if affected[0] else ""
                        rows_[advisory or cve] = {"Entries": [{"FixedVersion": fixed, "Affected": affected, "Arches": arches,
                                                               "Cves": [{"ID": cve if advisory else "", "Severity": 1 + number % 4}]}]}
                    elif arches and bucket in ("rocky 9", "Oracle Linux 9"):
                        rows_[cve] = {"FixedVersion": fixed, "Entries": [{"FixedVersion": fixed, "Arches": arches}]}
                    else:
                        rows_[cve] = {"FixedVersion": fixed}
            for status in range(8) if bucket == "Red Hat" else ():
                rows_[vulnerability()] = {"Entries": [{"Affected": [0], "Status": status, "Cves": [{"Severity": 2}]}]}
            if bucket != "Red Hat":
                rows_[vulnerability()] = {}
    return db


def both(project, root, cache, db):
    """Findings of a root file system: Trivy's, and ours."""
    trivydb.write(cache / "db", db)
    theirs = rows(scan("rootfs", root, cache))
    r = project.pipe("scan", "--type", "rootfs", "--db", str(cache / "db"), "--max-age", "0", "--only-vulnerabilities", "--format", "json", "--quiet", str(root))
    assert r.status in (0, 1), r.text
    # The name of a target is that of the directory, and told otherwise.
    return ({"": set().union(*found.values())} if found else {} for found in (theirs, rows(r.json)))


def a_root(path, identity, version):
    (path / "etc").mkdir(parents=True)
    (path / "etc/os-release").write_text(f'NAME="{identity}"\nID="{identity}"\nVERSION_ID="{version}"\nPRETTY_NAME="{identity} {version}"\n')
    return path


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="not installed: rpm")
@pytest.mark.skipif(os.geteuid() != 0, reason="rpm --root needs root")
@pytest.mark.parametrize("name", RPM_ROOTS)
def test_rpm(project, tmp_path, rpms, name):
    """A root file system into which rpm itself installed packages."""
    identity, version, again, words, bucket, where = RPM_ROOTS[name]
    root = a_root(tmp_path / "root", identity, version)
    if again:
        (root / again).write_text(words + "\n")
    (root / where).mkdir(parents=True)
    r = subprocess.run(["rpm", "--root", root, "--define", f"_dbpath /{where}", "--nodeps", "--noscripts", "--nosignature", "--ignorearch", "-i", *rpms],
                       capture_output=True, text=True, check=False, timeout=60)
    assert r.returncode == 0 and (root / where / "rpmdb.sqlite").exists(), r.stderr
    theirs, ours = both(project, root, tmp_path / "cache", rpm_advisories(bucket))
    assert (name == "fedora") == (not theirs), "Trivy knows no advisories of Fedora"
    assert table(theirs, ours) == {}


@pytest.mark.parametrize("name", APK_ROOTS)
def test_apk(project, tmp_path, name):
    """The database as apk-tools writes it: https://wiki.alpinelinux.org/wiki/Apk_spec"""
    identity, version, bucket = APK_ROOTS[name]
    root = a_root(tmp_path / "root", identity, version)
    if name == "alpine":
        (root / "etc/alpine-release").write_text(version + "\n")
    database = root / "lib/apk/db/installed"
    database.parent.mkdir(parents=True)
    database.write_text("".join(f"C:Q1{'A' * 27}=\nP:{package}\nV:{v}\nA:{arch}\nS:100\nI:200\nT:a package\nU:https://example.org\nL:MIT\no:{source}\nm:A <a@example.org>\n"
                                f"t:1700000000\nc:{'0' * 40}\nD:so:libc.musl-x86_64.so.1\np:so:lib{package}.so=1\nF:usr\nF:usr/lib\nR:lib{package}.so\na:0:0:755\nZ:Q1{'B' * 27}=\n\n"
                                for package, source, v, arch in APKS))
    db, number = {"data-source": {bucket: {"ID": "alpine", "Name": "x", "URL": "https://example.org"}}, "vulnerability": {}, bucket: {}}, 0
    for source, v in sorted({(s, v) for _, s, v, _ in APKS} | {(p, v) for p, _, v, _ in APKS}):
        number_of_build = int(v.rsplit("-r", 1)[1])
        plain = re.match(r"[0-9.]+", v)[0].rstrip(".")
        for fixed in (v, v.rsplit("-r", 1)[0] + f"-r{number_of_build + 1}", plain + "-r0", plain + "_rc1-r0", plain + "_p1-r0", plain + ".1-r0", "0", "", "nonsense!"):
            for affected in ("", v, plain + ".9-r0")[:None if name == "alpine" else 1]:  # nobody else has the first version that is affected
                number += 1
                db[bucket].setdefault(source, {})[f"CVE-2024-{number:05d}"] = {"FixedVersion": fixed, "AffectedVersion": affected} if affected else {"FixedVersion": fixed}
                db["vulnerability"][f"CVE-2024-{number:05d}"] = {"Title": "a title", "Severity": "LOW", "VendorSeverity": {"nvd": 1 + number % 4}}
    theirs, ours = both(project, root, tmp_path / "cache", db)
    assert len(theirs[""]) > 20
    assert table(theirs, ours) == {}
