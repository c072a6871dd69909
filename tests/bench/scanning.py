"""What the rows about scanning are measured on: made here, the same each time."""
import glob
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import trivydb  # noqa: E402

PACKAGES, ADVISORIES, FILES = 400, 50000, 8000
DEBIAN, NPM = "debian 12", "npm::GitHub Security Advisory npm"


def trivy():
    """The real one: on the PATH, or built by `make test-tools`."""
    cache = os.environ.get("PIPE_TOOLS") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pipe-tools")
    built = sorted(glob.glob(f"{cache}/trivy-*/trivy"))
    return shutil.which("trivy") or (built[-1] if built else None)


def database(directory):
    """CACHE/db as Trivy wants it: 50,000 advisories, a tenth of them about packages that are there."""
    r = random.Random(1)
    tree = {DEBIAN: {}, NPM: {}, "vulnerability": {}, "data-source": {
        DEBIAN: {"ID": "debian", "Name": "Debian", "URL": "https://example.org"}, NPM: {"ID": "ghsa", "Name": "GHSA", "URL": "https://example.org"}}}
    for i in range(ADVISORIES):
        cve, there = f"CVE-{2015 + i % 11}-{10000 + i}", r.random() < 0.1
        if i % 2:
            name = f"pkg{r.randrange(PACKAGES)}" if there else f"other{r.randrange(9000)}"
            tree[DEBIAN].setdefault(name, {})[cve] = {"FixedVersion": f"1.{r.randrange(20)}-1"}
        else:
            name = f"lib{r.randrange(50000)}" if there else f"none{r.randrange(9000)}"
            high = f"{r.randrange(5)}.{r.randrange(20)}.0"
            tree[NPM].setdefault(name, {})[cve] = {"PatchedVersions": [high], "VulnerableVersions": [f"< {high}"]}
        tree["vulnerability"][cve] = {"Title": f"thing {i}", "Description": "What happens, and why.", "Severity": "HIGH", "VendorSeverity": {"nvd": 3}}
    trivydb.write(directory, tree)


def sized(directory, megabytes):
    """A database of that size, of advisories about one package and texts of 4 KB about vulnerabilities."""
    directory.mkdir(parents=True)
    text = json.dumps({"Title": "a thing", "Description": "What happens, and why. " * 175, "Severity": "HIGH"}).encode()
    with open(directory / "trivy.db", "wb") as file:
        w = trivydb.Writer(file)
        named = [(f"CVE-2020-{100000 + i}".encode(), text, 0) for i in range(megabytes * 250)]
        about = {"lib1": {"CVE-2020-100001": {"PatchedVersions": ["9.0.0"], "VulnerableVersions": ["< 9.0.0"]}}}
        w.finish({NPM: w.tree(w.items(about, 2)), "vulnerability": w.tree(named),
                  "data-source": w.tree(w.items({NPM: {"ID": "ghsa", "Name": "GHSA", "URL": "https://example.org"}}, 1))})
    (directory / "metadata.json").write_text(trivydb.metadata())


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))


def image(path):
    """A docker archive with one layer of some 200 MB: a Debian of 400 packages."""
    r = random.Random(2)
    layer = path.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        add(tar, "etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n')
        add(tar, "etc/debian_version", b"12.5\n")
        add(tar, "var/lib/dpkg/status", "".join(
            f"Package: pkg{i}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.{i % 20}-1\nMaintainer: nobody\n"
            f"Description: a package\n of this benchmark\n\n" for i in range(PACKAGES)).encode())
        noise = r.randbytes(1 << 20)
        for i in range(FILES):
            at = r.randrange(len(noise) - 50000)
            add(tar, f"usr/share/d{i % 200}/f{i}.dat", noise[at:at + r.randrange(50000)])
    digest = hashlib.sha256(layer.read_bytes()).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}, "config": {}}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    with tarfile.open(path, "w") as tar:
        tar.add(layer, f"{digest}/layer.tar")
        add(tar, name, config)
        add(tar, "manifest.json", json.dumps([{"Config": name, "RepoTags": ["bench:1"], "Layers": [f"{digest}/layer.tar"]}]).encode())
    layer.unlink()


def locks(directory):
    """100 lock files with 50,000 packages."""
    for i in range(100):
        packages = {f"node_modules/lib{n}": {"version": f"{n % 5}.{n % 20}.0"} for n in range(i * 500, i * 500 + 500)}
        d = directory / f"p{i}"
        d.mkdir(parents=True)
        (d / "package-lock.json").write_text(json.dumps({"name": "x", "lockfileVersion": 3, "packages": {"": {}, **packages}}, indent=1))


def findings(report):
    return {(v["VulnerabilityID"], v["PkgName"], v["InstalledVersion"], v.get("FixedVersion"), v["Severity"])
            for result in json.loads(report.read_text()).get("Results") or [] for v in result.get("Vulnerabilities") or []}
