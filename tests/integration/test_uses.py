"""Typed stages as the language sees them: lint, plan, explain, the schema and the reference."""
import json
import re
import subprocess
import sys

import pytest
from conftest import ROOT

TYPED = """\
stages: [build, test]
.unit:
  uses: test
  with:
    command: make check
    reports: [build/*.xml]
compile:
  stage: build
  uses: build
  before_script: [./autogen.sh]
  after_script: [rm -rf tmp]
  with:
    tool: make
    outputs: [build/app]
unit:
  extends: .unit
  stage: test
  with:
    shards: 3
"""


def types(project):
    return [t["if"]["properties"]["uses"]["const"] for t in project.pipe("schema").json["$defs"]["job"]["allOf"]]


# ---- lint and plan ----

def test_typed_jobs_are_valid(project):
    project.write("pipe.yml", TYPED)
    r = project.pipe("lint")
    assert (r.status, r.out, r.err) == (0, "the pipeline is valid: 4 jobs in 2 stages\n", "")


def test_the_plan_names_types_and_instances(project):
    project.write("pipe.yml", TYPED + "old: {script: make}\n")
    jobs = {j["name"]: j for j in project.pipe("plan", "--format", "json").json["jobs"]}
    assert sorted(jobs) == ["compile", "old", "unit 1/3", "unit 2/3", "unit 3/3"]
    assert jobs["compile"]["uses"] == "build"
    assert jobs["unit 2/3"]["uses"] == "test"
    assert (jobs["unit 2/3"]["node_index"], jobs["unit 2/3"]["node_total"]) == (2, 3)
    assert "uses" not in jobs["old"]


def test_included_and_interpolated(project):
    project.write("ci/unit.yml", "spec:\n  inputs:\n    kind: {default: test}\n    shards: {type: number, default: 2}\n---\n"
                  "unit:\n  uses: $[[ inputs.kind ]]\n  with:\n    shards: $[[ inputs.shards ]]\n    command: make check\n")
    project.write("pipe.yml", "include: ci/unit.yml\n")
    jobs = project.pipe("plan", "--format", "json").json["jobs"]
    assert [(j["name"], j["uses"]) for j in jobs] == [("unit 1/2", "test"), ("unit 2/2", "test")]
    project.write("pipe.yml", "include: {local: ci/unit.yml, inputs: {kind: tset}}\n")
    r = project.pipe("lint")
    assert r.status == 2
    assert "ci/unit.yml:7:9: error: there is no type of stage \"tset\"" in r.text
    assert 'did you mean "test"?' in r.text


def test_references_and_anchors(project):
    project.write("pipe.yml", ".outputs: {with: {outputs: [a, b]}}\n.make: &make {tool: make}\n"
                  "one: {uses: build, with: {outputs: !reference [.outputs, with, outputs]}}\ntwo: {uses: build, with: *make}\n"
                  "three: {uses: build, with: {<<: *make, target: all}}\n")
    r = project.pipe("lint")
    assert (r.status, r.err) == (0, "")
    assert re.search(r"outputs:.*\n +- a\b", project.pipe("explain", "one").out)


def test_strict_has_nothing_against_it(project):
    project.write("pipe.yml", TYPED)
    assert project.pipe("lint", "--strict").status == 0


# ---- explain ----

def test_explain_lists_the_types(project):
    out = project.pipe("explain", "uses").out
    assert out.startswith("uses\n")
    for name in types(project):
        assert re.search(rf"^    {name} +\S", out, re.M)


def test_explain_each_type_and_parameter(project):
    definitions = project.pipe("schema").json["$defs"]
    for name in types(project):
        page = project.pipe("explain", name).out
        assert page.startswith(f"uses: {name}\n") or f"\nuses: {name}\n" in page
        assert project.pipe("explain", f"uses:{name}").out in page
        form = next(f for f in definitions[f"with-{name}"]["anyOf"] if "properties" in f)
        for parameter, value in form["properties"].items():
            assert re.search(rf"^    {parameter} +\S", page, re.M)
            one = project.pipe("explain", f"uses:{name}:{parameter}")
            assert one.status == 0
            assert one.out.startswith(f"uses: {name}, with: {parameter}\n  {value['description']}\n")
            assert one.out in project.pipe("explain", f"{name}:{parameter}").out  # behind the keyword of that name, where there is one


def test_a_job_with_the_name_of_a_type(project):
    yaml = pytest.importorskip("yaml")
    project.write("pipe.yml", "build: {script: make}\n")
    out = project.pipe("explain", "build").out
    assert yaml.safe_load(out) == {"build": {"script": "make"}}
    assert "\n# uses: build\n" in out
    assert "uses: build" not in project.pipe("explain", "--job", "build").out
    project.write("pipe.yml", "build: {scrip: make}\n")
    r = project.pipe("explain", "build")
    assert r.status == 0 and r.out.startswith("uses: build\n") and r.err == ""


def test_explain_what_is_no_type(project):
    for subject in ("uses:biuld", "build:", "build:nosuch", "test:services:nosuch"):
        r = project.pipe("explain", subject)
        assert r.status == 2 and r.out == ""
        assert f'there is no keyword and no type of stage "{subject}"' in r.err


# ---- the reference and the schema ----

def test_the_reference_has_all_types_and_parameters(project):
    page = project.pipe("explain", "--stages").out
    definitions = project.pipe("schema").json["$defs"]
    for name in types(project):
        section = page.split(f"\n## `{name}`\n", 1)[1].split("\n## ", 1)[0]
        assert "```yaml\n" in section
        form = next(f for f in definitions[f"with-{name}"]["anyOf"] if "properties" in f)
        for parameter in form["properties"]:
            assert f"\n| `{parameter}` | " in section


def refused(tmp_path, schema, files):
    """Those that do not satisfy the schema."""
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    r = subprocess.run([sys.executable, ROOT / "tests" / "schema.py", tmp_path / "schema.json", *files], capture_output=True, text=True,
                       check=False)
    assert r.stderr == ""
    return {line.split(": ", 1)[0] for line in r.stdout.splitlines()}


RIGHT = [
    TYPED,
    "a: {uses: build}\n", "a: {uses: build, with: null}\n",
    "a: {uses: build, with: {outputs: !reference [.x, y], tool: make}}\n",
    "a: {uses: '$[[ inputs.kind ]]', with: {whatever: 1}}\n",
    "a: {with: {of: a template}}\n",
]
WRONG = [
    "a: {uses: biuld}\n", "a: {uses: build, with: {comand: make}}\n", "a: {uses: build, with: make}\n",
    "a: {uses: build, with: {tool: mak}}\n", "a: {uses: test, with: {shards: 0}}\n",
    "a: {uses: test, with: {services: [{comand: x}]}}\n", "a: {uses: smoke, with: {outputs: [x]}}\n",
    "a: {uses: test, with: {tool: make}}\nb: {uses: build, with: {shards: 2}}\n",
]


@pytest.mark.parametrize("draft", ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"])
def test_the_schema_checks_with_by_uses(project, tmp_path, draft):
    pytest.importorskip("jsonschema")
    pytest.importorskip("yaml")
    schema = project.pipe("schema").json
    schema["$schema"] = draft
    files = {str(project.write(f"{i}.yml", text)): text for i, text in enumerate(RIGHT + WRONG)}
    bad = refused(tmp_path, schema, files)
    assert {text for file, text in files.items() if file in bad} == set(WRONG)
    for file, text in files.items():
        assert text in RIGHT or project.pipe("lint", "--file", file).status == 2, text
