"""uses: policy with the real kubeconform: manifests as they lie there, of a chart, of a kustomization."""
import textwrap

from conftest import findings, needs, reason, with_tools

pytestmark = needs("kubeconform")

SCHEMA = """{"type": "object", "additionalProperties": false, "required": ["apiVersion", "kind", "metadata", "spec"],
  "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
    "spec": {"type": "object", "additionalProperties": false, "required": ["selector"],
      "properties": {"replicas": {"type": "integer"}, "selector": {"type": "object"}, "template": {"type": "object"}}}}}"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
"""
JOB = """check:
  uses: policy
  with:
    tool: kubeconform
    schema_location: ["schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json"]
"""


def prepared(project, *tools):
    with_tools(project, "kubeconform", *tools)
    project.write("schemas/deployment-apps-v1.json", SCHEMA)
    return project


def job(**more):
    return JOB + "".join(f"    {k}: {v}\n" for k, v in more.items())


def test_good_manifests_pass(project):
    prepared(project).write("deploy/web.yaml", DEPLOYMENT)
    r = project.run(job(manifests="[deploy/*.yaml]"))
    assert r.jobs == {"check": "success"}, r.text
    assert findings(project) == []


def test_what_does_not_fit_the_schema_is_a_finding_with_its_file(project):
    prepared(project).write("deploy/web.yaml", DEPLOYMENT.replace("replicas: 2", "replicas: two"))
    r = project.run(job(manifests="[deploy]"))
    assert r.status == 1 and r.jobs == {"check": "failed"}
    assert "deploy/web.yaml" in reason(r, "check") and "/spec/replicas" in reason(r, "check")
    [f] = findings(project)
    assert (f["kind"], f["severity"], f["tool"], f["rule"], f["path"]) == ("misconfiguration", "high", "kubeconform", "schema", "deploy/web.yaml")
    assert "Deployment web: /spec/replicas: " in f["message"]


def test_findings_below_the_bound_do_not_fail(project):
    prepared(project).write("deploy/web.yaml", DEPLOYMENT.replace("replicas: 2", "replicas: two"))
    r = project.run(job(manifests="[deploy]", fail_on="critical"))
    assert r.jobs == {"check": "success"}
    assert len(findings(project)) == 1


def test_strict_finds_fields_that_nobody_knows(project):
    prepared(project).write("deploy/web.yaml", DEPLOYMENT + "  replica: 3\n")
    r = project.run(job(manifests="[deploy]", strict="true"))
    assert r.jobs == {"check": "failed"}
    assert "replica" in reason(r, "check")


def test_a_kind_without_a_schema_is_not_judged_and_that_is_said(project):
    prepared(project).write("deploy/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n")
    r = project.run(job(manifests="[deploy]", fail_on="none"))
    assert r.jobs == {"check": "failed"}
    assert "kubeconform could not judge 1 resource: deploy/pod.yaml" in reason(r, "check")
    r = project.run(job(manifests="[deploy]", ignore_missing_schemas="true"))
    assert r.jobs == {"check": "success"}


def test_nothing_to_judge_is_no_clean_bill(project):
    prepared(project).write("deploy/web.yaml", "# nothing\n")
    r = project.run(job(manifests="[deploy]"))
    assert r.jobs == {"check": "failed"}
    assert reason(r, "check") == "there was nothing for kubeconform to judge"
    r = project.run(job(manifests="[deploy/*.yml]"))
    assert r.jobs == {"check": "failed"}
    assert 'no file matches "deploy/*.yml"' in reason(r, "check")


def test_what_is_no_yaml_is_a_finding(project):
    prepared(project).write("deploy/web.yaml", "a: [b\n")
    r = project.run(job(manifests="[deploy]"))
    assert r.jobs == {"check": "failed"}
    assert [f["rule"] for f in findings(project)] == ["unreadable"]


def test_an_argument_that_it_does_not_know_is_no_finding(project):
    prepared(project).write("deploy/web.yaml", DEPLOYMENT)
    r = project.run(job(manifests="[deploy]", args="[-nonsense]"))
    assert r.jobs == {"check": "failed"}
    assert "kubeconform failed with exit code 1, and no finding explains it" in reason(r, "check")
    assert any("flag provided but not defined: -nonsense" in line for line in r.lines("check"))


def chart(project, replicas):
    project.write("deploy/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.2.3\n")
    project.write("deploy/shop/values.yaml", f"replicas: {replicas}\n")
    project.write("deploy/shop/templates/web.yaml", DEPLOYMENT.replace("replicas: 2", "replicas: {{ .Values.replicas }}"))


@needs("helm")
def test_a_rendered_chart_is_judged_under_the_names_of_its_files(project):
    chart(prepared(project, "helm"), "two")
    r = project.run(job(chart="deploy/shop"))
    assert r.jobs == {"check": "failed"}, r.text
    assert findings(project)[0]["path"] == "deploy/shop/templates/web.yaml"
    r = project.run(job(chart="deploy/shop", set="{replicas: 3}"))
    assert r.jobs == {"check": "success"}, r.text


@needs("helm")
def test_a_chart_that_cannot_be_rendered_fails_before_it_is_judged(project):
    chart(prepared(project, "helm"), 2)
    project.write("deploy/shop/templates/web.yaml", "{{ .Values.a.b.c }}\n")
    r = project.run(job(chart="deploy/shop"))
    assert r.jobs == {"check": "failed"}
    assert "helm template" in reason(r, "check")
    assert findings(project) == []


@needs("kustomize")
def test_a_kustomization_is_built_and_judged(project):
    prepared(project, "kustomize").write("base/web.yaml", DEPLOYMENT)
    project.write("base/kustomization.yaml", "resources: [web.yaml]\n")
    project.write("staging/kustomization.yaml", textwrap.dedent("""\
        resources: [../base]
        patches: [{target: {kind: Deployment}, patch: '[{"op": "replace", "path": "/spec/replicas", "value": "many"}]'}]
        """))
    assert project.run(job(kustomization="base")).jobs == {"check": "success"}
    r = project.run(job(kustomization="staging"))
    assert r.jobs == {"check": "failed"}
    assert "Deployment web: /spec/replicas" in reason(r, "check")
    assert "/" not in findings(project)[0]["path"]
