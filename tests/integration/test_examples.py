"""The pipelines in examples/: each satisfies the schema that editors get, is valid without a warning, and runs as its comments say."""
import json
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

EXAMPLES = ROOT / "examples" / "pipelines"
FILES = sorted(EXAMPLES.glob("*.yml"))


@pytest.fixture
def examples(project):
    """A repository that holds the examples, as a reader of this one has it."""
    shutil.copytree(EXAMPLES, project.path / "examples" / "pipelines")
    project.write(".gitignore", "build/\n.pipe/\n")
    project.commit("examples")
    return project


def run(project, name, *args, **more):
    return project.pipe("run", "--format", "json", "--file", f"examples/pipelines/{name}.yml", *args, **more)


@pytest.mark.parametrize("file", FILES + [ROOT / ".gitlab-ci.yml"], ids=lambda f: f.stem)
def test_no_diagnostic(file, project):
    target = "examples/pipelines" if file.parent == EXAMPLES else "."
    shutil.copytree(EXAMPLES, project.path / "examples" / "pipelines")
    if target == ".":
        shutil.copy(file, project.path)
    r = project.pipe("lint", "--format", "json", "--file", f"{target}/{file.name}")
    assert r.status == 0, r.text
    assert json.loads(r.out)["diagnostics"] == []


def test_schema(project):
    schema = project.write("schema.json", project.pipe("schema").out)
    files = [*FILES, *EXAMPLES.glob("*/*.yml"), ROOT / ".gitlab-ci.yml"]
    r = subprocess.run([sys.executable, ROOT / "tests" / "schema.py", schema, *files], capture_output=True, text=True, check=False)
    assert r.returncode == 0, r.stdout + r.stderr
    broken = project.write("broken.yml", "job:\n  script: [true]\n  retry: {max: many}\n")
    r = subprocess.run([sys.executable, ROOT / "tests" / "schema.py", schema, broken], capture_output=True, text=True, check=False)
    assert r.returncode == 1


def test_demo(examples):
    if not shutil.which("gcov"):
        pytest.skip("no gcov here")
    r = run(examples, "demo")
    assert r.status == 0, r.text
    assert r.jobs["deploy"] == "manual"
    assert {s for job, s in r.jobs.items() if job != "deploy"} == {"success"}
    assert any(line.startswith("packing version 1.0.") for line in r.lines("tarball"))
    assert examples.git("status", "--porcelain") == ""
    coverage = {j["name"]: j["coverage"] for j in examples.pipe("show", "--format", "json").json["jobs"]}
    assert coverage["unit"] > 90


def test_matrix(examples):
    r = run(examples, "matrix")
    assert r.status == 0, r.text
    assert len(r.jobs) == 11 and set(r.jobs.values()) == {"success"}
    assert sorted(sum((r.lines(f"shard {n}/4") for n in range(1, 5)), [])) == sorted(f"case {n}" for n in range(1, 13))
    assert len([line for line in r.lines("report") if "mode, job" in line]) == 4
    assert examples.git("status", "--porcelain") == ""


@pytest.mark.parametrize("args, jobs", [
    ([], {"unit"}),
    (["--as", "merge_request"], {"unit", "review"}),
    (["--as", "schedule"], {"unit", "nightly"}),
    (["--as", "tag:v1.2"], {"unit", "deploy"}),
    (["--variable", "DEPTH=thorough"], {"unit", "nightly"}),
])
def test_rules(examples, args, jobs):
    r = run(examples, "rules", *args)
    assert r.status == 0, r.text
    assert set(r.jobs) - {"documentation"} == jobs
    if "tag:v1.2" in args:
        assert r.jobs["deploy"] == "manual"
        r = run(examples, "rules", *args, "--variable", "DEPLOY=yes")
        assert r.lines("deploy") == ["deploying v1.2 to production"]


def test_rules_look_at_files(examples):
    assert "documentation" not in run(examples, "rules").jobs
    examples.write("docs/index.md", "# Index\n")
    assert run(examples, "rules").jobs["documentation"] == "success"


def test_cache(examples):
    assert run(examples, "cache").lines("fetch") == ["downloading"]
    assert run(examples, "cache").lines("fetch") == ["the cache had it"]
    examples.write("examples/pipelines/cache/modules.lock", "library 2.0\n")
    assert run(examples, "cache").lines("fetch") == ["downloading"]


def test_child(examples):
    r = run(examples, "child")
    assert r.status == 0, r.text
    assert r.lines("fixed -> greet") == ["hello from the parent"]
    assert r.lines("generated -> part two")[0].startswith("two, made 20")
    assert r.jobs["fixed"] == r.jobs["generated"] == r.jobs["done"] == "success"


def test_deploy(examples):
    r = run(examples, "deploy", "--secret", "TOKEN=s3cr3t-token")
    assert r.status == 0, r.text
    assert r.jobs == {"build": "success", "staging": "success", "rollback": "skipped", "production": "manual"}
    assert r.lines("staging") == ["logging in with '[MASKED]'", "rolling out registry.example.com/shop:1.1"]
    assert "s3cr3t" not in r.text
    r = run(examples, "deploy", "--manual", "production")
    assert r.lines("production") == ["rolling out registry.example.com/shop:1.2 for everybody"]


def test_deploy_rolls_back(examples):
    r = run(examples, "deploy", "--variable", "BROKEN=1")
    assert r.status == 1
    assert r.jobs == {"build": "success", "staging": "failed", "rollback": "success", "production": "manual"}
    assert r.lines("rollback") == ["back to what was there before registry.example.com/shop:1.1"]


def test_retry(examples):
    r = run(examples, "retry")
    assert r.status == 0, r.text
    assert r.jobs == {"flaky": "success", "optional": "warning", "cleanup": "success"}
    assert [e["job"] for e in r.events if e["event"] == "job_retry"] == ["flaky"]
    assert r.lines("cleanup")[-1] == "the job ended as success"
    assert examples.git("status", "--porcelain") == ""


def test_isolate(examples):
    r = run(examples, "isolate", "--isolate", "-j2")
    assert r.status == 0, r.text
    assert set(r.jobs.values()) == {"success"}
    assert not (examples.path / "colour").exists()


def test_shells(examples):
    r = run(examples, "shells")
    assert r.status == 0, r.text
    assert r.lines("python") == ["one file of Python in python"]


def test_reuse(examples):
    r = run(examples, "reuse")
    assert r.status == 0, r.text
    assert r.lines("service") == ['level 3 for ["c","lua"]']
    assert r.lines("base") == ["strict 1"]
    assert r.lines("deeper") == ["setting up", "and a little more", "strict 2"]
    explained = examples.pipe("explain", "--file", "examples/pipelines/reuse.yml", "--job", "service").out
    assert "examples/pipelines/reuse/component.yml" in explained


def test_lua(examples):
    """Debian's Lua, in one of its three modes (the whole takes half a minute): the second run says what it expects to take."""
    if not shutil.which("apt-get"):
        pytest.skip("no apt-get here: no Debian source package")
    jobs = [f"test: [debug, {test}]" for test in ("strings", "collector", "closures")]
    first = run(examples, "lua", *jobs, timeout=300)
    if first.jobs["source"] != "success" and "cannot be had" in " ".join(first.lines("source")):
        pytest.skip("no Debian source package to be had here")
    assert first.status == 0, first.text
    assert [first.jobs[j] for j in jobs] == ["success"] * 3 and len(first.jobs) == 9
    assert first.lines(jobs[0]) == ["strings: ok"] * 2
    again = run(examples, "lua", jobs[0], timeout=300)
    assert again.status == 0 and "the cache has the source" in again.lines("source")
    assert first.events[0]["expected_ms"] is None and again.events[0]["expected_ms"] > 0
