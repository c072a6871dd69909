"""Looking without running: lint, plan, graph, explain, schema, help; and what the command line says when it is wrong itself."""
import os
import json
import re
import subprocess
import sys
import xml.etree.ElementTree

import pytest
from conftest import ROOT

BASE = ".base:\n  image: debian:12\n  before_script: [./configure]\n  retry: 1\n"
PIPELINE = """\
include: ci/base.yml
stages: [build, test]
build:
  extends: .base
  stage: build
  script: make
test:
  stage: test
  script: make check
  needs: [build]
  rules:
    - if: $CI_COMMIT_TAG
      when: never
    - if: $CI_COMMIT_BRANCH == "main"
      allow_failure: true
release:
  stage: test
  script: make release
  rules:
    - if: $CI_COMMIT_TAG
publish:
  stage: test
  script: make publish
  when: manual
"""
BROKEN = "build:\n  scrip: make\n  image: $NOWHERE\ntest:\n  script: make\n  needs: [biuld]\n"
HOSTILE = 'evil "><script>alert(1)</script>&\'`{|}\\n]--\u2028é\u001b[31m%'
COMMANDS = ["run", "lint", "plan", "graph", "schema", "explain", "history", "show", "logs", "artifacts", "retry", "cancel", "gc"]
ESCAPE = re.compile(r"\x1b\[")


@pytest.fixture
def written(project):
    project.write("ci/base.yml", BASE)
    project.write(".gitlab-ci.yml", PIPELINE)
    return project


# ---- lint ----

def test_lint_of_what_is_right(written):
    r = written.pipe("lint")
    assert (r.status, r.out, r.err) == (0, "the pipeline is valid: 4 jobs in 2 stages\n", "")
    assert written.pipe("lint", "--quiet").text == ""


def test_lint_as_json(project):
    project.write("pipe.yml", BROKEN)
    r = project.pipe("lint", "--format", "json")
    assert r.status == 2
    assert r.err == ""
    document = r.json
    assert document["errors"] == 2
    first = document["diagnostics"][0]
    assert first == {"severity": "error", "code": "unknown-keyword", "file": "pipe.yml", "line": 2, "column": 3, "length": 5,
                     "message": 'a job has no keyword "scrip"', "hint": 'did you mean "script"?', "related": []}
    assert [(d["code"], d["line"]) for d in document["diagnostics"]] == [("unknown-keyword", 2), ("needs-unknown", 6)]


def test_lint_as_json_of_what_is_right(written):
    r = written.pipe("lint", "--format", "json")
    assert r.status == 0
    assert r.json == {"diagnostics": [], "errors": 0, "warnings": 0}


def test_lint_as_json_says_where_it_was_included(project):
    project.write("ci/base.yml", "build: {script: make, retry: 9}\n")
    project.write("pipe.yml", "include: ci/base.yml\n")
    d = project.pipe("lint", "--format", "json").json["diagnostics"][0]
    assert (d["file"], d["line"], d["column"]) == ("ci/base.yml", 1, 30)
    assert d["related"] == [{"file": "pipe.yml", "line": 1, "column": 10, "message": "included from here"}]


def test_lint_as_sarif(project):
    project.write("pipe.yml", BROKEN)
    r = project.pipe("lint", "--format", "sarif")
    assert r.status == 2
    document = r.json
    assert document["version"] == "2.1.0"
    run = document["runs"][0]
    assert run["tool"]["driver"]["name"] == "pipe"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules)) == 2
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "pipe.yml"
        assert place["region"]["startLine"] >= 1 and place["region"]["startColumn"] >= 1
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 2


def test_warnings_do_not_refuse(project):
    project.write("pipe.yml", "build: {script: make, cache: {key: x}}\n")
    r = project.pipe("lint")
    assert r.status == 0
    assert "warning: this cache holds nothing" in r.err
    assert r.out == "the pipeline is valid: 1 job in 1 stage, 1 warning\n"


def test_strict_refuses_what_is_not_honoured(project):
    project.write("pipe.yml", "build: {script: make, image: 'gcc:14'}\n")
    assert project.pipe("lint").status == 0
    r = project.pipe("lint", "--strict")
    assert r.status == 2
    assert 'pipe.yml:1:23: error: the local executor does not honour "image"' in r.err


def test_no_pipeline_file(project):
    r = project.pipe("lint")
    assert r.status == 2
    assert "pipe.yml, .pipe.yml, pipeline.yml, pipeline.lua and .gitlab-ci.yml" in r.err


def test_files_are_looked_for_in_their_order(project):
    for name in ("gitlab-ci", "pipeline", "pipe"):
        path = {"gitlab-ci": ".gitlab-ci.yml", "pipeline": "pipeline.yml", "pipe": ".pipe.yml"}[name]
        project.write(path, f"{name}: {{script: x}}\n")
        assert [j["name"] for j in project.pipe("plan", "--format", "json").json["jobs"]] == [name]
    assert [j["name"] for j in project.pipe("plan", "--format", "json", "--file", ".gitlab-ci.yml").json["jobs"]] == ["gitlab-ci"]


# ---- plan ----

def test_plan_as_text(written):
    r = written.pipe("plan")
    assert r.status == 0
    assert re.search(r"^test +test +on_success, may fail +build +rule 2 matched: .* \(\.gitlab-ci\.yml:14\)$", r.out, re.M)
    left_out = r.out[r.out.index("LEFT OUT"):]
    assert re.search(r"^test +release +no rule matched \(\.gitlab-ci\.yml:\d+\)$", left_out, re.M)
    assert not ESCAPE.search(r.out)


def test_plan_as_json(written):
    document = written.pipe("plan", "--format", "json").json
    jobs = {j["name"]: j for j in document["jobs"]}
    assert list(jobs) == ["build", "test", "release", "publish"]
    assert document["stages"] == [".pre", "build", "test", ".post"]
    test = jobs["test"]
    assert (test["stage"], test["when"], test["allow_failure"], test["needs"], test["included"]) == \
        ("test", "on_success", True, ["build"], True)
    assert test["rule"] == {"file": ".gitlab-ci.yml", "line": 14}
    assert jobs["build"]["needs"] is None and jobs["build"]["rule"] is None
    assert not jobs["release"]["included"]
    assert (jobs["publish"]["when"], jobs["publish"]["allow_failure"]) == ("manual", True)


def test_plan_of_another_kind_of_pipeline(written):
    jobs = {j["name"]: j["included"] for j in written.pipe("plan", "--as", "tag:v1", "--format", "json").json["jobs"]}
    assert jobs == {"build": True, "test": False, "release": True, "publish": True}


def test_plan_of_one_job(written):
    def selected(*args):
        return [j["name"] for j in written.pipe("plan", *args, "--format", "json").json["jobs"] if j["selected"]]
    assert selected("test") == ["build", "test"]
    assert selected("test", "--no-needs") == ["test"]
    assert selected("test", "--only-needs") == ["build"]
    assert selected("--stage", "build") == ["build"]


def test_plan_of_a_job_that_does_not_exist(written):
    r = written.pipe("plan", "tset")
    assert r.status == 2
    assert 'there is no job "tset"' in r.err and 'did you mean "test"?' in r.err
    assert written.pipe("plan", "--stage", "biuld").status == 2


def test_plan_of_a_broken_file(project):
    project.write("pipe.yml", BROKEN)
    r = project.pipe("plan")
    assert (r.status, r.out) == (2, "")
    assert "pipe.yml:2:3: error:" in r.err


def test_workflow_that_makes_no_pipeline(project):
    project.write("pipe.yml", "workflow:\n  rules:\n    - if: $CI_COMMIT_TAG\nbuild: {script: make}\n")
    document = project.pipe("plan", "--format", "json").json
    assert document["pipeline"]["runs"] is False
    assert [j["included"] for j in document["jobs"]] == [False]


# ---- graph ----

@pytest.fixture
def hostile(project):
    project.write("pipe.yml", f"stages: ['st<a>\"ge', b]\nbuild: {{script: x, stage: 'st<a>\"ge'}}\n"
                  f"{json.dumps(HOSTILE)}: {{script: x, stage: b, needs: [build]}}\n"
                  f"\"end\": {{script: x, stage: b, needs: [{json.dumps(HOSTILE)}]}}\n")
    return project


@pytest.mark.parametrize("form", ["ascii", "dot", "mermaid", "svg"])
def test_graph_holds_no_control_characters(hostile, form):
    r = hostile.pipe("graph", "--format", form, "--color", "never")
    assert r.status == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", r.out)


def test_graph_as_text(written):
    out = written.pipe("graph").out
    assert "build" in out and "test" in out and "publish" in out
    assert max(len(line) for line in out.splitlines()) <= 200


def test_graph_as_dot(hostile):
    out = hostile.pipe("graph", "--format", "dot").out
    assert out.startswith("digraph")
    labels = re.findall(r'label="((?:[^"\\]|\\.)*)"', out)
    assert any(label.startswith('evil \\"><script>') and "\\\\n" in label for label in labels)
    assert len(re.findall(r"^\s*n\d+ -> n\d+;$", out, re.M)) == 2
    # outside of its texts there is nothing but the language of dot
    assert re.fullmatch(r"[\w\s{}\[\];=,>.\-\"]*", re.sub(r'"(?:[^"\\]|\\.)*"', '""', out))


def test_graph_as_mermaid(hostile):
    out = hostile.pipe("graph", "--format", "mermaid").out
    assert out.startswith("flowchart")
    for label in re.findall(r'n\d+\("(.*)"\)$', out, re.M):
        assert not re.search(r'["<>`]', label)
    assert len(re.findall(r"n\d+ --> n\d+", out)) == 2


def test_graph_as_svg(hostile):
    root = xml.etree.ElementTree.fromstring(hostile.pipe("graph", "--format", "svg").out)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert any("<script>alert(1)</script>" in (e.text or "") for e in root.iter())


def test_graph_of_many_jobs(project):
    project.write("pipe.yml", "".join(f"j{i}: {{script: x, stage: build}}\nk{i}: {{script: x, needs: [j{i}]}}\n" for i in range(500)))
    for form in ("ascii", "dot", "mermaid", "svg"):
        r = project.pipe("graph", "--format", form)
        assert r.status == 0 and "k499" in r.out


# ---- explain ----

def test_explain_a_job(written):
    r = written.pipe("explain", "build")
    assert r.status == 0
    places = dict(re.findall(r"^  ([a-z_]+):.*# (.*)$", r.out, re.M))
    assert places["image"] == "ci/base.yml:2"
    assert places["before_script"] == "ci/base.yml:3"
    assert places["retry"] == "ci/base.yml:4"
    assert places["script"] == ".gitlab-ci.yml:6"
    assert "debian:12" in r.out


def test_what_explain_prints_is_yaml(written):
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load(written.pipe("explain", "build").out)["build"]
    assert job["image"] == "debian:12" and job["script"] == "make" and job["before_script"] == ["./configure"]


def test_explain_a_job_of_defaults(project):
    project.write("pipe.yml", "default:\n  timeout: 5 minutes\nbuild:\n  script: make\n")
    out = project.pipe("explain", "build").out
    assert re.search(r"^  timeout: 5 minutes +# pipe\.yml:2$", out, re.M)


@pytest.mark.parametrize("keyword, words", [
    ("retry", ["a number from 0 to 2", "Default", "Example"]),
    ("artifacts:paths", ["below artifacts", "a list of text"]),
    ("workflow:rules", ["below workflow"]),
    ("rules:if", ["below rules"]),
])
def test_explain_a_keyword(project, keyword, words):
    r = project.pipe("explain", keyword)
    assert r.status == 0
    assert r.out.startswith(keyword)
    for word in words:
        assert word in r.out


def test_explain_what_does_not_exist(written):
    r = written.pipe("explain", "bild")
    assert r.status == 2
    assert 'did you mean "build"?' in r.err
    r = written.pipe("explain", "artifcats:paths")
    assert r.status == 2
    assert written.pipe("explain").status == 2


# ---- schema ----

def validate(tmp_path, schema, *files):
    """What tests/schema.py says."""
    pytest.importorskip("jsonschema")
    pytest.importorskip("yaml")
    (tmp_path / "schema.json").write_text(schema)
    r = subprocess.run([sys.executable, str(ROOT / "tests" / "schema.py"), str(tmp_path / "schema.json"), *map(str, files)],
                       capture_output=True, text=True, check=False)
    return r.returncode, r.stdout + r.stderr


def test_examples_satisfy_the_schema(project, tmp_path):
    examples = sorted((ROOT / "examples" / "pipelines").glob("*.yml")) + [ROOT / ".gitlab-ci.yml"]
    assert validate(tmp_path, project.pipe("schema").out, *examples) == (0, "")


@pytest.mark.parametrize("text", [
    "build: {scrip: make}\n", "build: {script: make, when: allways}\n", "build: {script: make, retry: 9}\n",
    "build: {script: make, artifacts: {path: [x]}}\n", "stages: build\nbuild: {script: make}\n",
    "build: {script: make, needs: build}\n", "build: {script: make, cache: {policy: both}}\n",
    "default: {stage: x}\nbuild: {script: make}\n", "workflow: {rules: [{when: manual}]}\nbuild: {script: make}\n",
    "build: {script: {a: b}}\n", "build: {script: make, parallel: {matrix: {A: [b]}}}\n",
    "build: {script: make, rules: [{iff: $A}]}\n", "include: [{lokal: x.yml}]\nbuild: {script: make}\n",
])
def test_wrong_files_do_not_satisfy_the_schema(project, tmp_path, text):
    project.write("pipe.yml", text)
    assert project.pipe("lint").status == 2
    assert validate(tmp_path, project.pipe("schema").out, project.path / "pipe.yml")[0] == 1


def test_schema_is_json(project):
    document = project.pipe("schema").json
    assert document["$schema"].startswith("http")
    assert "script" in json.dumps(document)


# ---- help and mistakes on the command line ----

@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(plain_project, command):
    r = plain_project.pipe(command, "--help")
    assert r.status == 0 and r.err == ""
    assert re.search(rf"^example.*:\n(  .*\n)*  pipe {command}", r.out, re.M)
    assert plain_project.pipe("help", command).out == r.out


def test_help_lists_all_commands(plain_project):
    for args in ((), ("help",), ("--help",)):
        r = plain_project.pipe(*args)
        assert r.status in (0, 2)
        for command in COMMANDS:
            assert re.search(rf"^ +{command}\b", r.text, re.M), (args, command)


@pytest.mark.parametrize("args, words", [
    (["lnt"], 'unknown command "lnt"; did you mean "lint"?'),
    (["frobnicate"], 'unknown command "frobnicate"'),
    (["lint", "--fromat", "json"], 'unknown option "--fromat"; did you mean "--format"?'),
    (["lint", "--format", "xml"], "text, json or sarif"),
    (["lint", "--format"], "--format"),
    (["lint", "x"], '"x"'),
    (["plan", "-x"], "-x"),
    (["lint", "--variable", "novalue"], "novalue"),
    (["lint", "--quiet=yes"], "--quiet"),
    (["run", "--jobs", "many"], "many"),
    (["lint", "--color", "blue"], "auto, always or never"),
])
def test_mistakes_on_the_command_line(written, args, words):
    r = written.pipe(*args)
    assert r.status == 2
    assert r.out == ""
    assert words in r.err
    assert "help" in r.err


def test_another_directory(written):
    sub = written.path / "sub"
    sub.mkdir()
    assert written.pipe("-C", str(sub), "lint").status == 0
    assert written.pipe("-C", "/nonexistent", "lint").status in (2, 3)


# ---- colours ----

def test_colours(project):
    project.write("pipe.yml", BROKEN)
    assert not ESCAPE.search(project.pipe("lint").text)
    always = project.pipe("lint", "--color", "always").text
    assert ESCAPE.search(always)
    assert re.sub(r"\x1b\[[0-9;]*m", "", always) == project.pipe("lint", "--color", "never").text
    assert not ESCAPE.search(project.pipe("lint", env={"NO_COLOR": "1"}).text)
    assert ESCAPE.search(project.pipe("lint", "--color", "always", env={"NO_COLOR": "1"}).text)


def test_hostile_names_reach_no_terminal(hostile):
    for args in (["plan"], ["graph"], ["plan", "nosuch"], ["explain", HOSTILE], ["lint", "--stage", HOSTILE]):
        r = hostile.pipe(*args)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", r.text), args


def test_the_file_may_be_named_by_any_way_to_it(project, tmp_path):
    project.write("ci/own.yml", "a: {script: [x]}\n")
    project.write("deep/er/x", "")
    (tmp_path / "link").symlink_to(project.path)
    for directory, name in [("deep/er", "../../ci/own.yml"), ("deep", "./../ci/own.yml"), ("ci", "own.yml"), ("deep", "ci/own.yml"),
                            (".", str(tmp_path / "link/ci/own.yml")), (".", str(project.path / "ci/own.yml")), (".", "/ci/own.yml")]:
        r = project.pipe("-C", directory, "plan", "--format", "json", "-f", name)
        assert r.status == 0 and [j["name"] for j in r.json["jobs"]] == ["a"], (directory, name, r.text)


def test_a_file_of_another_project_is_refused_with_the_way_out(project, tmp_path):
    (tmp_path / "other.yml").write_text("a: {script: [x]}\n")
    for name in (str(tmp_path / "other.yml"), os.path.relpath(tmp_path / "other.yml", project.path)):
        r = project.pipe("lint", "-f", name)
        assert r.status == 2 and f"{name} is not in the project" in r.text and "pipe -C DIR" in r.text
    assert "is empty" in project.pipe("lint", "-f", "").text


def test_explain_knows_what_was_meant(project):
    project.write(".gitlab-ci.yml", "a: {script: [x]}\n")
    assert 'did you mean "artifacts"?' in project.pipe("explain", "artifcts").text
    assert "did you mean" not in project.pipe("explain", "zzzzzz").text
