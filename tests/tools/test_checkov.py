"""uses: policy with the real Checkov."""
import pytest
from conftest import findings, needs, reason, with_tools

pytestmark = needs("checkov")

POD = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - {name: c, image: "nginx:1", securityContext: {privileged: PRIVILEGED}}
"""
JOB = """check:
  uses: policy
  with:
    tool: checkov
    only: [CKV_K8S_16]
"""


def pod(privileged):
    return POD.replace("PRIVILEGED", privileged)


def test_good_and_bad_manifests(project):
    with_tools(project, "checkov").write("deploy/web.yaml", pod("false"))
    r = project.run(JOB + "    manifests: [deploy/*.yaml]\n")
    assert r.jobs == {"check": "success"}, r.text
    project.write("deploy/web.yaml", pod("true"))
    r = project.run(JOB + "    manifests: [deploy]\n")
    assert r.jobs == {"check": "failed"}
    assert "deploy/web.yaml:1: high: Container should not be privileged [CKV_K8S_16]" in reason(r, "check"), reason(r, "check")
    [f] = findings(project)
    assert (f["kind"], f["tool"], f["rule"], f["path"]) == ("misconfiguration", "Checkov", "CKV_K8S_16", "deploy/web.yaml")


def test_nothing_to_judge_and_an_argument_that_it_does_not_know(project):
    with_tools(project, "checkov").write("deploy/readme.yaml", "# nothing\n")
    r = project.run(JOB + "    manifests: [deploy]\n")
    assert r.jobs == {"check": "failed"}, r.text
    assert reason(r, "check") == "there was nothing for checkov to judge"
    r = project.run(JOB + "    manifests: [deploy]\n    args: [--nonsense]\n")
    assert r.jobs == {"check": "failed"}
    assert "checkov failed with exit code 2, and no finding explains it" in reason(r, "check"), reason(r, "check")


@needs("helm")
@pytest.mark.parametrize("state", [None, "outside"])
def test_a_rendered_chart_is_judged_under_the_names_of_its_files(project, tmp_path, state):
    with_tools(project, "checkov", "helm").write("deploy/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.2.3\n")
    project.write("deploy/shop/templates/web.yaml", pod("{{ .Values.privileged }}"))
    if state:
        project.env["PIPE_STATE_DIR"] = str(tmp_path / state)
    r = project.run(JOB + "    chart: deploy/shop\n    set: {privileged: true}\n")
    assert r.jobs == {"check": "failed"}, r.text
    assert findings(project)[0]["path"] == "deploy/shop/templates/web.yaml"
