"""Every keyword has its effect in a run, or a sentence says that it has none."""
import time

import pytest


def test_runner_variables_are_expanded_everywhere(project):
    yaml = """
variables: {X: "run-$CI_PIPELINE_ID-$CI_JOB_ID", D: "$CI_PROJECT_DIR/sub"}
j: {script: ['echo $X', 'echo $D', 'echo $PIPE_PROJECT_DIR $PIPE_RUN $PIPE_PIPELINE_ID $PIPE_JOB', 'test $PWD/sub = $D', 'test -n "$CI_JOB_STARTED_AT"']}
"""
    for number, how in enumerate(([], ["--isolate"]), 1):
        r = project.run(yaml, *how)
        assert r.status == 0, r.text
        lines = r.lines("j")
        assert lines[0] == f"run-{number}-{number}000000"
        assert lines[2] == f"{lines[1].removesuffix('/sub')} {number} {number} j"
        assert (lines[1] == f"{project.path}/sub") == (not how)


def test_environment_has_its_variables_and_a_url_of_reports(project):
    r = project.run("""
stages: [make, deploy]
make: {stage: make, script: ['echo HOST=shop.example > d.env'], artifacts: {reports: {dotenv: d.env}}}
up:
  stage: deploy
  script: ['echo $CI_ENVIRONMENT_NAME $CI_ENVIRONMENT_SLUG $CI_ENVIRONMENT_ACTION $CI_ENVIRONMENT_TIER', 'echo $CI_ENVIRONMENT_URL']
  environment: {name: review/$CI_COMMIT_REF_SLUG, url: "https://$HOST/a", on_stop: down, deployment_tier: staging}
down:
  stage: deploy
  when: manual
  script: ['echo $CI_ENVIRONMENT_NAME $CI_ENVIRONMENT_ACTION']
  environment: {name: review/$CI_COMMIT_REF_SLUG, action: stop}
""", "--manual", "down")
    assert r.lines("up")[0].startswith("review/main review-main-") and r.lines("up")[0].endswith(" start staging")
    assert r.lines("up")[1] == "https://shop.example/a"
    assert r.lines("down") == ["review/main stop"]


def test_pre_get_sources_script_leaves_nothing_behind_in_the_shell(project):
    r = project.run("j: {hooks: {pre_get_sources_script: [echo pre, cd /, export Q=1, f() (echo f)]}, before_script: ['echo \"$PWD [$Q]\"'], script: [f]}\n")
    assert r.lines("j")[:2] == ["pre", f"{project.path} []"] and r.jobs == {"j": "failed"}
    r = project.run("j: {hooks: {pre_get_sources_script: [exit 5]}, script: [echo not here]}\n")
    assert r.lines("j") == [] and [e["exit_code"] for e in r.events if e["event"] == "job_finished"] == [5]


def test_a_confirmation_that_is_not_asked_is_said(project):
    yaml = "m: {when: manual, manual_confirmation: Really deploy?, script: ['true']}\n"
    r = project.run(yaml, "--manual", "m")
    assert any("Really deploy?" in e["text"] for e in r.events if e["event"] == "warning")
    assert project.run(yaml).jobs == {"m": "manual"}


def test_shells(project):
    r = project.run("""
default: {shell: sh}
bash: {shell: bash, script: ['echo ${BASH_VERSION:+bash}']}
sh: {script: ['echo "${BASH_VERSION:-sh}"']}
python:
  shell: [python3, -u]
  before_script: [import os]
  script: ['print("py", os.environ["CI_JOB_NAME"])', raise SystemExit(4)]
  after_script: ['print("after")']
""")
    assert r.lines("bash") == ["bash"] and r.lines("sh") == ["sh"]
    assert r.lines("python") == ["py python", "after"]
    assert {e["job"]: e["exit_code"] for e in r.events if e["event"] == "job_finished"} == {"bash": 0, "sh": 0, "python": 4}
    assert not list((project.path / ".pipe").rglob("*script"))


def test_coverage_is_found_also_when_the_job_fails(project):
    project.run("ok: {coverage: '/cov: (\\d+)/', script: ['echo cov: 41; echo cov: 42.5']}\nbad: {coverage: '/cov: (\\d+)/', script: ['echo cov: 7; exit 1']}\n")
    assert {j["name"]: j["coverage"] for j in project.pipe("show", "--format", "json").json["jobs"]} == {"ok": 42, "bad": 7}


def test_retry_and_timeout_by_cause(project):
    r = project.run("""
slow: {timeout: 1 second, retry: {max: 1, when: job_execution_timeout}, script: [echo try, sleep 30]}
other: {timeout: 1 second, retry: {max: 2, when: [script_failure]}, script: [echo try, sleep 30]}
codes: {retry: {max: 2, exit_codes: [7, 8]}, script: [echo try, exit 8]}
not_codes: {retry: {max: 2, exit_codes: [7]}, script: [echo try, exit 8]}
""", "--jobs", "4")
    assert {j: len(r.lines(j)) for j in r.jobs} == {"slow": 2, "other": 1, "codes": 3, "not_codes": 1}


def test_allow_failure_by_exit_code_and_rule(project):
    r = project.run("""
in: {allow_failure: {exit_codes: [3, 4]}, script: [exit 4]}
out: {allow_failure: {exit_codes: 3}, script: [exit 4]}
rule: {rules: [{if: $CI, allow_failure: true}], script: [exit 1]}
""")
    assert r.status == 1 and r.jobs == {"in": "warning", "out": "failed", "rule": "warning"}


def test_matrix_and_parallel(project):
    r = project.run("""
m: {parallel: {matrix: [{CC: [gcc, clang], M: debug}, {CC: tcc, M: [a, b]}]}, script: ['echo $CC $M $CI_NODE_INDEX/$CI_NODE_TOTAL']}
n: {parallel: 2, script: ['echo $CI_NODE_INDEX/$CI_NODE_TOTAL']}
one: {needs: [{job: m, parallel: {matrix: [{CC: gcc, M: debug}]}}], script: ['true']}
""", "--jobs", "4")
    assert sorted(r.jobs) == ["m: [clang, debug]", "m: [gcc, debug]", "m: [tcc, a]", "m: [tcc, b]", "n 1/2", "n 2/2", "one"]
    assert r.lines("m: [tcc, a]") == ["tcc a 3/4"] and r.lines("n 2/2") == ["2/2"]


def test_a_failure_that_cancels_everything(project):
    project.write("child.yml", "c: {script: [sleep 30]}\n")
    started = time.time()
    r = project.run("""
workflow: {auto_cancel: {on_job_failure: all}}
bad: {script: [sleep 0.3, exit 1]}
slow: {script: [sleep 30]}
t: {trigger: {include: child.yml, strategy: depend}}
later: {stage: deploy, script: ['true']}
""", "--jobs", "4")
    assert time.time() - started < 15
    assert r.status == 1, "failed, and not cancelled by somebody"
    assert r.jobs == {"bad": "failed", "slow": "cancelled", "t": "cancelled", "t -> c": "cancelled", "later": "cancelled"}
    assert [e["status"] for e in r.events if e["event"] == "run_finished"] == ["failed"]
    assert [x["status"] for x in project.pipe("history", "--format", "json").json["runs"]] == ["cancelled", "failed"]


CHILD = """
spec: {inputs: {who: {default: nobody}}}
---
variables: {G: child}
c: {script: ['echo "$[[ inputs.who ]] $G [$J] [$P] $CI_PIPELINE_SOURCE"']}
"""


def test_child_pipelines_inputs_and_forwarding(project):
    project.write("child.yml", CHILD)
    project.write("two.yml", "c2: {script: [echo two]}\n")
    r = project.run("""
variables: {G: "parent-$CI_COMMIT_BRANCH"}
inputs: {variables: {J: job}, trigger: {include: [{local: child.yml, inputs: {who: me}}], strategy: depend}}
bare: {variables: {J: job}, trigger: {include: child.yml, strategy: depend, forward: {yaml_variables: false, pipeline_variables: true}}}
several: {trigger: {include: [{local: child.yml}, {local: two.yml}], strategy: depend}}
""".replace("inputs: {v", "given: {v"), "-v", "P=cli")
    assert r.status == 0, r.text
    assert r.lines("given -> c") == ["me parent-main [job] [] parent_pipeline"]
    assert r.lines("bare -> c") == ["nobody child [] [cli] parent_pipeline"]
    assert r.lines("several -> c2") == ["two"] and r.lines("several -> c")


def test_variables_of_workflow_rules_go_down_to_children(project):
    """They are global ones: a trigger job hands them on, unless inherit:variables or forward keeps them."""
    project.write("child.yml", "variables: {WF: child}\nc: {script: ['echo [$WF] [$KEPT]']}\n")
    r = project.run("""
workflow: {rules: [{when: always, variables: {WF: "wf-$CI_COMMIT_BRANCH", KEPT: kept}}]}
all: {trigger: {include: child.yml, strategy: depend}}
some: {trigger: {include: child.yml, strategy: depend}, inherit: {variables: [KEPT]}}
none: {trigger: {include: child.yml, strategy: depend, forward: {yaml_variables: false}}}
own: {trigger: {include: child.yml, strategy: depend}, variables: {WF: own}}
""")
    assert r.status == 0, r.text
    assert r.lines("all -> c") == ["[wf-main] [kept]"]
    assert r.lines("some -> c") == ["[child] [kept]"]
    assert r.lines("none -> c") == ["[child] []"]
    assert r.lines("own -> c") == ["[own] [kept]"]


def test_child_pipelines_from_artifacts(project):
    project.write("tmpl.yml", CHILD)
    project.write("two.yml", "c2: {script: [echo two]}\n")
    yaml = """
stages: [a, b]
gen: {stage: a, script: [mkdir out, cp tmpl.yml out/gen.yml], artifacts: {paths: [out/gen.yml]}}
one: {stage: b, trigger: {include: [{artifact: out/gen.yml, job: gen, inputs: {who: art}}], strategy: depend}}
mixed: {stage: b, trigger: {include: [{artifact: out/gen.yml, job: gen, inputs: {who: mix}}, {local: two.yml}], strategy: depend}}
none: {stage: b, allow_failure: true, trigger: {include: [{artifact: out/none.yml, job: gen}], strategy: depend}}
away: {stage: b, allow_failure: true, trigger: {include: [{artifact: ../../../../README, job: gen}], strategy: depend}}
"""
    r = project.run(yaml, "--isolate")
    assert r.status == 0, r.text
    assert r.lines("one -> c") == ["art child [] [] parent_pipeline"]
    assert r.lines("mixed -> c") == ["mix child [] [] parent_pipeline"] and r.lines("mixed -> c2") == ["two"]
    assert r.jobs["none"] == r.jobs["away"] == "warning"


def test_children_have_children_and_no_more(project):
    project.write("one.yml", "d: {trigger: {include: two.yml, strategy: depend}}\n")
    project.write("two.yml", "e: {script: [echo deep]}\n")
    r = project.run("t: {trigger: {include: one.yml, strategy: depend}}\n")
    assert r.status == 0 and r.lines("t -> d -> e") == ["deep"]
    project.write("two.yml", "e: {trigger: {include: three.yml, strategy: depend}}\n")
    project.write("three.yml", "f: {script: [echo too deep]}\n")
    r = project.run(None)
    assert r.status == 1 and any("grandchildren" in (e["reason"] or "") for e in r.events if e["event"] == "job_finished")
    project.write("one.yml", "t: {trigger: {include: one.yml, strategy: depend}}\n")
    assert project.run(None).status == 1, "a file that starts itself comes to an end"


def test_a_child_that_cannot_be_made_says_where(project):
    project.write("bad.yml", "b:\n  scrip: [x]\n")
    r = project.run("t: {trigger: {include: bad.yml, strategy: depend}}\nm: {trigger: {include: missing.yml}}\n")
    ends = {e["job"]: e for e in r.events if e["event"] == "job_finished"}
    assert "bad.yml:2:3" in ends["t"]["reason"] and ends["t"]["failure"] == "downstream_pipeline_creation_failed"
    assert "missing.yml" in ends["m"]["reason"] and r.status == 1


def test_dotenv_rules(project):
    r = project.run("""
stages: [a, b]
make: {stage: a, script: ['printf "# comment\\nQ=\\"quoted 1\\"\\nE=\\nD=$HOME\\nA=from report\\n" > d.env'], artifacts: {reports: {dotenv: d.env}}}
lost: {stage: a, script: ['echo L=1 > l.env', exit 1], allow_failure: true, artifacts: {reports: {dotenv: l.env}}}
take: {stage: b, variables: {A: job}, script: ['echo "$Q|$E|$A|$L"']}
""", "-v", "C=1")
    assert r.lines("take") == ["quoted 1||from report|"]
    yaml = "make: {stage: build, script: [echo A=report > d.env], artifacts: {reports: {dotenv: d.env}}}\ntake: {script: ['echo $A']}\n"
    assert project.run(yaml, "-v", "A=command line").lines("take") == ["command line"]


MEANINGLESS = {
    "identity": "google_cloud", "pages": "true", "publish": "x", "inputs": "{x: {default: y}}", "dast_configuration": "{site_profile: x}",
    "environment": "{name: x, auto_stop_in: 1 day}", "artifacts": "{paths: [README], access: none}", "cache": "{paths: [README], unprotect: true}",
}
LATER = {
    "image": "alpine", "services": "[redis]", "id_tokens": "{T: {aud: x}}", "secrets": "{S: {vault: a/b/c@d}}", "release": "{tag_name: x, description: y}",
    "environment": "{name: x, kubernetes: {agent: a}}",
}


@pytest.mark.parametrize("key", MEANINGLESS)
def test_what_means_nothing_here_is_said(project, key):
    r = project.run(f"j:\n  script: ['true']\n  {key}: {MEANINGLESS[key]}\n")
    assert r.status == 0, r.text
    said = [e for e in r.events if e["event"] == "diagnostic" and e["severity"] == "warning"]
    assert any("has no meaning outside GitLab" in e["message"] and e["line"] == 3 for e in said), r.text


@pytest.mark.parametrize("key", LATER)
def test_what_this_executor_does_not_honour_is_said_and_refused_when_strict(project, key):
    yaml = f"j:\n  script: ['true']\n  {key}: {LATER[key]}\n"
    r = project.run(yaml)
    assert r.status == 0 and any("does not honour" in e["text"] and key in e["text"] for e in r.events if e["event"] == "warning"), r.text
    assert project.run(yaml, "--strict").status == 2


def test_workflow_rules_name_and_variables(project):
    yaml = """
workflow:
  name: Build of $CI_COMMIT_BRANCH $V
  rules:
    - {if: $NONE == "1", when: never}
    - {if: $CI_COMMIT_BRANCH, variables: {V: ruled}}
variables: {V: global}
j: {script: ['echo $V $CI_PIPELINE_NAME']}
"""
    assert project.run(yaml).lines("j") == ["ruled Build of main ruled"]
    assert project.pipe("history", "--format", "json").json["runs"][0]["name"] == "Build of main ruled"
    r = project.run(yaml, "-v", "NONE=1")
    assert r.status == 0 and not r.jobs and "workflow" in r.text


def test_inherit_and_default(project):
    r = project.run("""
default: {before_script: [echo default], after_script: [echo after]}
variables: {A: "1", B: "2"}
all: {script: ['echo $A$B']}
none: {inherit: {default: false, variables: false}, script: ['echo [$A$B]']}
some: {inherit: {default: [after_script], variables: [B]}, script: ['echo [$A$B]']}
own: {before_script: [], script: ['true']}
""")
    assert r.lines("all") == ["default", "12", "after"]
    assert r.lines("none") == ["[]"]
    assert r.lines("some") == ["[2]", "after"]
    assert r.lines("own") == ["after"]


def test_delayed_is_told_with_its_reason(project):
    r = project.run("d: {when: delayed, start_in: 1 second, script: ['true']}\n")
    queued = [e for e in r.events if e["event"] == "job_queued"]
    assert queued and "1 s" in queued[0]["reason"] and r.jobs == {"d": "success"}


def test_a_child_is_of_its_parents_kind(project):
    project.write("child.yml", "c: {rules: [{when: always}], script: ['echo \"$CI_PIPELINE_SOURCE [$CI_COMMIT_TAG] [$CI_COMMIT_BRANCH] [$CI_MERGE_REQUEST_IID]\"']}\n")
    yaml = "t: {rules: [{when: always}], trigger: {include: child.yml, strategy: depend}}\n"
    assert project.run(yaml).lines("t -> c") == ["parent_pipeline [] [main] []"]
    assert project.run(yaml, "--as", "tag:v1").lines("t -> c") == ["parent_pipeline [v1] [] []"]
    assert project.run(yaml, "--as", "merge_request").lines("t -> c") == ["parent_pipeline [] [] [1]"]


def test_a_file_for_a_child_may_be_named_by_variables(project):
    project.write("child-main.yml", "c: {script: [echo $WHO]}\n")
    r = project.run("t: {variables: {WHO: 'on $CI_COMMIT_BRANCH'}, trigger: {include: child-$CI_COMMIT_BRANCH.yml, strategy: depend}}\n")
    assert r.lines("t -> c") == ["on main"], r.text
    assert project.pipe("history", "--format", "json").json["runs"][0]["file"] == "child-main.yml"


def test_steps_of_run(project):
    """Each step's script has a shell and variables of its own; the first that fails ends the job."""
    r = project.run("""
a:
  before_script: [echo before]
  run:
    - name: one
      script: 'X=1; cd /; echo "one $GREETING"'
      env: {GREETING: "it's \\"me\\" $HOME"}
    - name: two
      script: ['echo "two [$X] [$GREETING]"', 'test "$PWD" = "$CI_PROJECT_DIR"']
    - {name: three, script: 'false; echo not here'}
    - {name: four, script: echo nor here}
f: {run: [{name: f, step: ./function}, {name: g, script: echo not here}]}
e: {run: [{name: e, script: 'echo ${{ env.X }}'}]}
""")
    assert r.lines("a") == ["before", 'one it\'s "me" $HOME', "two [] []"], r.text
    assert r.lines("f") == ['the step "f" is a function, which takes GitLab\'s step runner']
    assert r.lines("e") == ['the step "e" has an expression, ${{ }}, which takes GitLab\'s step runner']
    assert r.jobs == {"a": "failed", "f": "failed", "e": "failed"}
