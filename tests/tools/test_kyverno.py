"""uses: policy with the real Kyverno CLI: a good case, and those that must be red."""
from conftest import findings, needs, reason, with_tools

pytestmark = needs("kyverno")

POLICY = """apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-team
  annotations: {policies.kyverno.io/severity: high}
spec:
  validationFailureAction: Enforce
  rules:
    - name: team-label
      match: {any: [{resources: {kinds: [Deployment]}}]}
      validate:
        message: "the label team is required"
        pattern: {metadata: {labels: {team: "?*"}}}
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1"}]}
"""
JOB = """check:
  uses: policy
  with:
    tool: kyverno
    manifests: [deploy/*.yaml]
    policies: [policies]
"""


def prepared(project, labels="{app: web, team: shop}"):
    with_tools(project, "kyverno")
    project.write("policies/team.yaml", POLICY)
    project.write("deploy/web.yaml", DEPLOYMENT.replace("  labels: {app: web}\n", f"  labels: {labels}\n", 1))
    return project


def test_manifests_that_keep_the_policies_pass(project):
    r = prepared(project).run(JOB)
    assert r.jobs == {"check": "success"}, r.text
    assert findings(project) == []


def test_one_that_breaks_a_policy_is_a_finding(project):
    r = prepared(project, "{app: web}").run(JOB)
    assert r.status == 1 and r.jobs == {"check": "failed"}, r.text
    assert "the label team is required" in reason(r, "check")
    [f] = findings(project)
    assert (f["kind"], f["severity"], f["tool"]) == ("misconfiguration", "high", "kyverno")
    assert "require-team" in f["rule"] and "team-label" in f["rule"], f


def test_findings_below_the_bound_do_not_fail(project):
    r = prepared(project, "{app: web}").run(JOB + "    fail_on: critical\n")
    assert r.jobs == {"check": "success"}, r.text
    assert len(findings(project)) == 1


def test_policies_that_are_no_yaml_are_no_clean_bill(project):
    prepared(project).write("policies/team.yaml", "kind: [\n")
    r = project.run(JOB)
    assert r.jobs == {"check": "failed"}, r.text


def test_policies_that_judge_nothing_are_no_clean_bill(project):
    prepared(project).write("policies/team.yaml", POLICY.replace("kinds: [Deployment]", "kinds: [Pod]").replace("team-label", "pods"))
    project.write("deploy/web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    r = project.run(JOB)
    assert r.jobs == {"check": "failed"}, r.text
