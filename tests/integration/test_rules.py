"""Which jobs are in the pipeline: rules in a real repository, kinds of pipeline, and what the command line selects."""
import subprocess

import pytest

CHANGES = """
direct: {rules: [{changes: ["src/*.c"]}], script: ['true']}
docs: {rules: [{changes: ["docs/**/*"]}], script: ['true']}
moved_to: {rules: [{changes: [lib/b.c]}], script: ['true']}
moved_from: {rules: [{changes: [src/a.c]}], script: ['true']}
both: {rules: [{changes: ["{src,lib}/**/*"], exists: [README]}], script: ['true']}
against: {rules: [{changes: {paths: ["docs/*"], compare_to: mark}}], script: ['true']}
flat: {rules: [{changes: [docs]}], script: ['true']}
header: {rules: [{exists: ["**/*.h"]}], script: ['true']}
dir: {rules: [{exists: [src]}], script: ['true']}
"""


@pytest.fixture
def cloned(project):
    """A project with an origin that has its first commit."""
    project.write("src/a.c", "int a;\n" * 30)
    project.write("docs/x.md", "text\n")
    project.write(".gitlab-ci.yml", CHANGES)
    project.commit("base")
    project.git("tag", "mark")
    origin = project.path.parent / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(project.path), str(origin)], check=True)
    project.git("remote", "add", "origin", f"file://{origin}")
    project.git("fetch", "-q", "origin")
    project.git("remote", "set-head", "origin", "main")
    return project


def chosen(project, *args):
    r = project.pipe("plan", "--format", "json", *args)
    assert r.status == 0, r.text
    return {j["name"] for j in r.json["jobs"] if j["when"] != "never"}


def test_nothing_has_changed(cloned):
    assert chosen(cloned) == {"dir"}


def test_edits_count_untracked_files_do_not(cloned):
    cloned.write("docs/x.md", "edited\n")
    cloned.write("src/new.c", "untracked\n")
    assert chosen(cloned) == {"docs", "against", "dir"}
    cloned.git("add", "src/new.c")
    assert chosen(cloned) == {"docs", "against", "direct", "both", "dir"}


def test_a_branch_ahead_of_origin_with_a_renamed_file(cloned):
    cloned.git("checkout", "-q", "-b", "feature")
    (cloned.path / "lib").mkdir()
    cloned.git("mv", "src/a.c", "lib/b.c")
    cloned.commit("moved")
    cloned.write("other", "1")
    cloned.commit("another")
    assert chosen(cloned) == {"direct", "moved_to", "moved_from", "both"}


def test_what_origin_got_meanwhile_is_no_change_of_ours(cloned):
    other = cloned.path.parent / "other"
    subprocess.run(["git", "clone", "-q", str(cloned.path.parent / "origin.git"), str(other)], check=True)
    (other / "src" / "theirs.c").write_text("x\n")
    for args in (["add", "-A"], ["-c", "user.name=o", "-c", "user.email=o@example.com", "commit", "-qm", "theirs"], ["push", "-q"]):
        subprocess.run(["git", *args], cwd=other, check=True, capture_output=True)
    cloned.git("checkout", "-q", "-b", "feature")
    cloned.write("docs/x.md", "ours\n")
    cloned.commit("ours")
    cloned.git("fetch", "-q", "origin")
    assert chosen(cloned) == {"docs", "against", "dir"}


def test_compare_to(cloned):
    cloned.write("docs/x.md", "v2\n")
    cloned.commit("docs")
    assert "against" in chosen(cloned)
    cloned.git("tag", "-f", "mark")
    assert "against" not in chosen(cloned) and "docs" in chosen(cloned)


def test_kinds_of_pipeline_and_changes(cloned):
    everything = {"direct", "docs", "moved_to", "moved_from", "both", "flat", "dir"}
    assert chosen(cloned, "--as", "schedule") == everything, "compare_to still compares"
    assert chosen(cloned, "--assume-changed") == everything | {"against"}
    cloned.git("checkout", "-q", "-b", "release")
    cloned.write("docs/x.md", "release\n")
    cloned.commit("release")
    cloned.git("checkout", "-q", "-b", "feature")
    cloned.write("src/a.c", "int b;\n")
    cloned.commit("feature")
    assert chosen(cloned, "--as", "merge_request:release") == {"direct", "moved_from", "both", "against", "dir"}


def test_without_a_base_everything_has_changed(project):
    project.write(".gitlab-ci.yml", "j: {rules: [{changes: [nothing]}], script: ['true']}\n")
    assert chosen(project) == {"j"}


@pytest.mark.parametrize("kind, expected", [
    ([], {"SOURCE": "push", "BRANCH": "feature", "REF": "feature"}),
    (["--as", "push"], {"SOURCE": "push", "BRANCH": "feature", "REF": "feature"}),
    (["--as", "merge_request"], {"SOURCE": "merge_request_event", "REF": "feature", "MR_TARGET": "main", "MR_SOURCE": "feature"}),
    (["--as", "merge_request:rel"], {"SOURCE": "merge_request_event", "REF": "feature", "MR_TARGET": "rel", "MR_SOURCE": "feature"}),
    (["--as", "tag"], {"SOURCE": "push", "REF": "v1", "TAG": "v1"}),
    (["--as", "tag:v9"], {"SOURCE": "push", "REF": "v9", "TAG": "v9"}),
    (["--as", "schedule"], {"SOURCE": "schedule", "BRANCH": "feature", "REF": "feature"}),
    (["--as", "web"], {"SOURCE": "web", "BRANCH": "feature", "REF": "feature"}),
])
def test_predefined_variables_of_each_kind(project, kind, expected):
    project.git("checkout", "-q", "-b", "feature")
    project.git("tag", "v1")
    names = {"SOURCE": "CI_PIPELINE_SOURCE", "BRANCH": "CI_COMMIT_BRANCH", "REF": "CI_COMMIT_REF_NAME", "TAG": "CI_COMMIT_TAG",
             "MR_TARGET": "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "MR_SOURCE": "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"}
    show = "; ".join(f'test -z \\"${{{v}+x}}\\" || echo \\"{k}=${v}\\"' for k, v in names.items())
    r = project.run('j: {rules: [{when: always}], script: ["%s"]}\n' % show, *kind)
    assert dict(line.split("=", 1) for line in r.lines("j")) == expected


def test_an_unknown_kind_is_refused(project):
    project.write(".gitlab-ci.yml", "j: {script: ['true']}\n")
    for kind in ("nonsense", "push:x", "tag:", ""):
        assert project.pipe("plan", "--as", kind).status == 2


def test_only_and_except(project):
    yaml = """
main: {only: [main], script: ['true']}
tags: {only: [tags], script: ['true']}
requests: {only: [merge_requests], script: ['true']}
pattern: {only: [/^m.*n$/], script: ['true']}
not_main: {except: [main], script: ['true']}
expression: {only: {variables: [$X == "1"]}, script: ['true']}
"""
    project.write(".gitlab-ci.yml", yaml)
    assert chosen(project) == {"main", "pattern"}
    assert chosen(project, "--as", "tag:v1") == {"tags", "not_main"}
    assert chosen(project, "--as", "merge_request") == {"requests"}
    assert chosen(project, "-v", "X=1") == {"main", "pattern", "expression"}


SELECT = """
stages: [a, b, c]
a1: {stage: a, script: ['true']}
a2: {stage: a, script: ['true']}
b1: {stage: b, needs: [a1], script: ['true']}
b2: {stage: b, script: ['true'], when: manual}
m: {stage: b, needs: [], parallel: {matrix: [{X: ["1", "2"]}]}, script: ['true']}
c1: {stage: c, script: ['true']}
"""


@pytest.mark.parametrize("args, jobs", [
    (["b1"], {"a1", "b1"}),
    (["b1", "--no-needs"], {"b1"}),
    (["b1", "--only-needs"], {"a1"}),
    (["m"], {"m: [1]", "m: [2]"}),
    (["m: [2]"], {"m: [2]"}),
    (["b2"], {"a1", "a2", "b2"}),
    (["b2", "--no-needs"], {"b2"}),
    (["--stage", "a"], {"a1", "a2"}),
    (["--stage", "c"], {"c1"}),
    (["--manual", "b2"], {"a1", "a2", "b1", "b2", "m: [1]", "m: [2]", "c1"}),
])
def test_selection(project, args, jobs):
    r = project.run(SELECT, *args)
    assert r.status == 0, r.text
    assert {j for j, status in r.jobs.items() if status == "success"} == jobs


def test_selecting_what_is_not_there(project):
    project.write(".gitlab-ci.yml", SELECT)
    for args in (["b3"], ["--stage", "d"], ["--manual", "zz"], ["--", "--stage"]):
        r = project.run(None, *args)
        assert r.status == 2 and r.err.strip(), args


def test_dry_run_runs_nothing(project):
    project.write(".gitlab-ci.yml", "j: {script: [echo > made]}\n")
    r = project.pipe("run", "--dry-run")
    assert r.status == 0 and "j" in r.out
    assert not (project.path / "made").exists() and project.pipe("history", "--format", "json").json["runs"] == []


def test_the_plan_says_which_rule_decided(project):
    project.write(".gitlab-ci.yml", "in:\n  rules:\n    - if: $X\n    - if: $CI_COMMIT_BRANCH\n  script: ['true']\nout:\n  rules:\n    - if: $X\n  script: ['true']\n")
    jobs = {line.split()[1]: line for line in project.pipe("plan").out.splitlines() if ".gitlab-ci.yml:" in line}
    assert ".gitlab-ci.yml:4" in jobs["in"] and "rule 2" in jobs["in"]
    assert "no rule matched" in jobs["out"]
