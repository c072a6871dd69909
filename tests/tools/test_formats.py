"""What is written, held against the formats' own definitions: SARIF 2.1.0 against its schema, provenance against the fields of SLSA v1."""
import json
import os
import pathlib
import re

import pytest

import trivydb

# Not kept here: npm's @microsoft/sarif-multitool-linux carries it.
SCHEMA = pathlib.Path(os.environ.get("PIPE_SARIF_SCHEMA") or pathlib.Path(os.environ.get("PIPE_TOOLS") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "pipe-tools") / "sarif-2.1.0" / "sarif-2.1.0.json")
GHSA = "npm::GitHub Security Advisory npm"
TOKEN = "ghp_" + "Zk3mQ9xW7vB2nL5tR8yH1cF4" + "jD6sG0pKaEuT"
LOCK = {"name": "shop", "lockfileVersion": 3, "packages": {"": {}, "node_modules/lodash": {"version": "4.17.4"}, "node_modules/@a/b": {"version": "1.0.0"}}}


@pytest.fixture
def validate():
    jsonschema = pytest.importorskip("jsonschema", reason="not installed: python3-jsonschema")
    if not SCHEMA.exists():
        pytest.skip(f"not there: {SCHEMA} (sarif-2.1.0.json of npm's @microsoft/sarif-multitool-linux, or PIPE_SARIF_SCHEMA)")
    schema = json.loads(SCHEMA.read_text())
    kind = jsonschema.validators.validator_for(schema)
    checker = kind(schema, format_checker=kind.FORMAT_CHECKER)
    assert list(checker.iter_errors({"version": "2.1.0"})), "a schema that takes everything"
    return lambda document: [(list(e.path), e.message) for e in checker.iter_errors(document)]


@pytest.mark.parametrize("ignored", [False, True])
def test_sarif(project, validate, tmp_path, ignored):
    db = {GHSA: {"lodash": {"CVE-2019-10744": {"PatchedVersions": ["4.17.12"], "VulnerableVersions": ["< 4.17.12"]}, "GHSA-abcd-abcd-abcd": {"VulnerableVersions": ["<5"]}},
                 "@a/b": {"CVE-2024-00001": {"VulnerableVersions": [">=0"]}}},
          "data-source": {GHSA: {"ID": "ghsa", "Name": "GHSA", "URL": "https://example.org"}},
          "vulnerability": {"CVE-2019-10744": {"Title": "a <b>title</b>", "Description": "lines\nand \u00fc, `code`", "Severity": "CRITICAL", "References": ["no address", "https://example.org/a"],
                                               "CVSS": {"nvd": {"V3Score": 9.1, "V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H"}}}}}
    trivydb.write(tmp_path / "db", db)
    for name in ("package-lock.json", "a dir \u00fc%/package-lock.json"):
        project.write(f"app/{name}", json.dumps(LOCK, indent=1))
    project.write("app/deploy.sh", f"TOKEN={TOKEN}\n")
    project.write("ignore", "CVE-2019-10744\n")
    more = ["--ignorefile", "ignore", "--suppressed"] if ignored else []
    r = project.pipe("scan", "--type", "filesystem", "--db", str(tmp_path / "db"), "--max-age", "0", "--format", "sarif", "--output", "out.sarif", *more, "app")
    assert r.status == 1, r.text
    document = json.loads(project.read("out.sarif"))
    results = document["runs"][0]["results"]
    assert {f["ruleId"] for f in results} == {"CVE-2019-10744", "GHSA-abcd-abcd-abcd", "CVE-2024-00001", "github-pat"}
    assert any("suppressions" in f for f in results) == ignored
    assert {f["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for f in results} >= {"a%20dir%20%C3%BC%25/package-lock.json", "deploy.sh"}
    for f in results:
        assert document["runs"][0]["tool"]["driver"]["rules"][f["ruleIndex"]]["id"] == f["ruleId"]
    assert validate(document) == []


def test_sarif_of_nothing(project, validate):
    project.write("app/README", "nothing\n")
    r = project.pipe("scan", "--only-secrets", "--format", "sarif", "--output", "out.sarif", "app")
    assert r.status == 0, r.text
    assert validate(json.loads(project.read("out.sarif"))) == []


# https://slsa.dev/spec/v1.0/provenance and https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
RESOURCE = {"name": str, "uri": str, "digest": dict, "content": str, "downloadLocation": str, "mediaType": str, "annotations": dict}
PREDICATE = {
    "buildDefinition": {"buildType": str, "externalParameters": dict, "internalParameters": dict, "resolvedDependencies": [RESOURCE]},
    "runDetails": {"builder": {"id": str, "builderDependencies": [RESOURCE], "version": dict},
                   "metadata": {"invocationId": str, "startedOn": TIME, "finishedOn": TIME}, "byproducts": [RESOURCE]},
}
NEEDED = {"buildDefinition", "runDetails", "buildType", "externalParameters", "builder", "id"}


def wrong(value, shape, at=""):
    """What does not fit: fields that are not known, are missing, or are of another kind."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{at}: no object"]
        found = [f"{at}.{k}: not known" for k in value if k not in shape] + [f"{at}.{k}: missing" for k in shape if k in NEEDED and k not in value]
        return found + [w for k in value if k in shape for w in wrong(value[k], shape[k], f"{at}.{k}")]
    if isinstance(shape, list):
        return [w for i, v in enumerate(value) for w in wrong(v, shape[0], f"{at}[{i}]")] if isinstance(value, list) else [f"{at}: no list"]
    if isinstance(shape, re.Pattern):
        return [] if isinstance(value, str) and shape.fullmatch(value) else [f"{at}: {value!r}"]
    return [] if isinstance(value, shape) else [f"{at}: {value!r} is no {shape.__name__}"]


def test_provenance(project, tmp_path):
    """What Cosign is given to attest (a program in its place: test_cosign.py has the real one)."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "cosign").write_text("#!/bin/sh\necho GitVersion: v2.6.0\n")
    (tools / "cosign").chmod(0o755)
    project.env["PATH"] = f"{tools}:{project.env['PATH']}"
    project.write("keys/ours.key", "a key\n")
    project.commit("keys")
    r = project.run(f"provenance: {{uses: attest, with: {{image: 'registry.example.com/shop@sha256:{'1' * 64}', key: keys/ours.key, output: out/provenance.json}}}}\n",
                    "--variable", "RELEASE=7")
    assert r.jobs == {"provenance": "success"}, r.text
    predicate = json.loads(project.read("out/provenance.json"))
    assert wrong(predicate, PREDICATE) == []
    assert predicate["buildDefinition"]["externalParameters"]["variables"] == {"RELEASE": "7"}
    assert predicate["buildDefinition"]["resolvedDependencies"][0]["digest"] == {"gitCommit": project.git("rev-parse", "HEAD").strip()}
    assert predicate["runDetails"]["metadata"]["startedOn"] <= predicate["runDetails"]["metadata"]["finishedOn"]
    broken = {**predicate, "x": 1, "runDetails": {"builder": {}, "metadata": {"startedOn": "today"}}}
    assert wrong(broken, PREDICATE) == [".x: not known", ".runDetails.builder.id: missing", ".runDetails.metadata.startedOn: 'today'"]
