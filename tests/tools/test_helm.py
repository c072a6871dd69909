"""uses: helm with the real Helm, as far as no cluster is needed."""
import json
import shutil
import tarfile
import textwrap

import yaml
from conftest import HERE, findings, needs, needs_registry, reason, with_tools

pytestmark = needs("helm")

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}-web"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "{{ .Values.image.repository }}@{{ .Values.image.digest }}"}]}
"""


def chart(project, version="1.2.3", web=WEB):
    with_tools(project, "helm")
    project.write("deploy/shop/Chart.yaml", f"apiVersion: v2\nname: shop\nversion: {version}\nicon: https://example.com/i.png\n")
    project.write("deploy/shop/values.yaml", "replicas: 1\nimage: {repository: registry.example.com/shop, digest: 'sha256:0'}\nnote: ''\n")
    project.write("deploy/shop/templates/web.yaml", web)
    return project


def job(**more):
    return "chart:\n  uses: helm\n  with:\n    chart: deploy/shop\n" + "".join(f"    {k}: {v}\n" for k, v in more.items())


def test_a_chart_is_linted_rendered_and_packaged(project):
    chart(project).write("deploy/staging.yaml", "replicas: 4\n")
    r = project.run("variables: {IMAGE_DIGEST: 'sha256:12'}\n" + job(
        values="deploy/staging.yaml", set="{image.digest: $IMAGE_DIGEST, note: '{a,b}, c\\d'}", set_string="{build: '0012'}",
        template="out/manifests.yaml", package="true", destination="dist", version="v2.0.0-rc.1", app_version="7.1"))
    assert r.jobs == {"chart": "success"}, r.text
    deployment = next(yaml.safe_load_all(project.read("out/manifests.yaml")))
    assert deployment["spec"]["replicas"] == 4
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/shop@sha256:12"
    with tarfile.open(project.path / "dist/shop-2.0.0-rc.1.tgz") as t:
        about = yaml.safe_load(t.extractfile("shop/Chart.yaml").read())
    assert (about["version"], about["appVersion"]) == ("2.0.0-rc.1", "7.1")
    kept = project.pipe("artifacts", "--format", "json").json
    assert "archive" in json.dumps(kept)


def test_values_come_through_as_they_are_written(project):
    chart(project).write("deploy/shop/templates/values.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {all: {{ .Values | toJson | quote }}}\n")
    r = project.run(job(template="out.yaml", set="{a.b: '{x,y}', c: 'k=v,w', d: 'back\\slash', n: 7, t: true}", set_string="{s: 7}"))
    assert r.jobs == {"chart": "success"}, r.text
    values = next(json.loads(d["data"]["all"]) for d in yaml.safe_load_all(project.read("out.yaml")) if d["kind"] == "ConfigMap")
    assert {k: values[k] for k in "acdnts"} == {"a": {"b": "{x,y}"}, "c": "k=v,w", "d": "back\\slash", "n": 7, "t": True, "s": "7"}


def test_lint_errors_are_findings_with_file_and_line_and_nothing_is_packaged(project):
    chart(project, web=WEB.replace("{{ .Values.replicas }}", "{{ .Values.replicas | nonsense }}"))
    r = project.run(job(package="true"))
    assert r.jobs == {"chart": "failed"}
    assert reason(r, "chart").startswith("deploy/shop/templates/web.yaml:5: high: "), reason(r, "chart")
    assert 'function "nonsense" not defined' in reason(r, "chart")
    [f] = findings(project)
    assert (f["kind"], f["tool"], f["rule"], f["path"], f["line"]) == ("misconfiguration", "helm", "lint", "deploy/shop/templates/web.yaml", 5)
    assert not list(project.path.glob("*.tgz"))


def test_a_warning_fails_only_where_it_is_said(project):
    chart(project).write("deploy/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.2.3\ndependencies: []\n")
    project.write("deploy/shop/templates/bad.yaml", "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: i}\n")
    r = project.run(job())
    assert r.jobs == {"chart": "success"}, r.text
    assert {f["severity"] for f in findings(project)} <= {"info", "medium"} and "medium" in {f["severity"] for f in findings(project)}
    r = project.run(job(fail_on="medium", package="true"))
    assert r.jobs == {"chart": "failed"}
    assert "deprecated" in reason(r, "chart")
    assert not list(project.path.glob("*.tgz"))


def test_a_template_that_cannot_be_rendered_fails_with_helms_words(project):
    chart(project, web=WEB.replace("{{ .Values.replicas }}", '{{ required "say how many" .Values.copies }}'))
    r = project.run(job(lint="false", template="out.yaml"))
    assert r.jobs == {"chart": "failed"}
    assert "deploy/shop/templates/web.yaml:5:" in reason(r, "chart") and "say how many" in reason(r, "chart")


def test_values_that_the_charts_schema_refuses(project):
    chart(project).write("deploy/shop/values.schema.json", '{"properties": {"replicas": {"type": "integer"}}}')
    r = project.run(job(lint="false", template="out.yaml", set="{replicas: many}"))
    assert r.jobs == {"chart": "failed"}
    assert "replicas" in reason(r, "chart") and "integer" in reason(r, "chart")


def test_versions_are_semantic_and_checked_before_anything_runs(project):
    chart(project)
    for version in ("1.2", "latest", "1.2.3.4", "01.2.3"):
        r = project.run(job(version=f"'{version}'", package="true"))
        assert r.status == 2 and f'"{version}" is no version of a chart' in r.text, r.text
    chart(project, version="1.x")
    r = project.run(job(package="true"))
    assert r.status == 2 and '"1.x" is no version of a chart' in r.text
    assert project.pipe("history", "--format", "json").text.count('"number"') == 0


def test_what_stands_for_nothing_is_said(project):
    chart(project)
    r = project.run(job(template="out.yaml", set="{image.digest: $IMAGE_DIGEST}"))
    assert r.status == 2 and 'the value of "image.digest" is empty: "$IMAGE_DIGEST" stands for nothing' in r.text
    r = project.run(job(package="true", version="$CI_COMMIT_TAG"))
    assert r.status == 2 and '"version" is empty' in r.text


def test_a_tags_version_names_the_package(project):
    chart(project)
    project.commit()
    project.git("tag", "v3.1.4")
    r = project.run(job(package="true", version="$CI_COMMIT_TAG"), "--as", "tag:v3.1.4")
    assert r.jobs == {"chart": "success"}, r.text
    assert (project.path / "shop-3.1.4.tgz").exists()


def test_dependencies_of_the_file_system_are_fetched(project):
    chart(project)
    project.write("deploy/common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 0.1.0\n")
    project.write("deploy/common/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: common}\n")
    project.write("deploy/shop/Chart.yaml", textwrap.dedent("""\
        apiVersion: v2
        name: shop
        version: 1.2.3
        dependencies: [{name: common, version: 0.1.0, repository: 'file://../common'}]
        """))
    r = project.run(job(template="out.yaml", dependency="update"))
    assert r.jobs == {"chart": "success"}, r.text
    assert "common" in project.read("out.yaml")
    (project.path / "deploy/common/Chart.yaml").unlink()
    r = project.run(job(template="out.yaml", dependency="update"))
    assert r.jobs == {"chart": "failed"}
    assert "Chart.yaml file is missing" in reason(r, "chart")


@needs_registry
def test_push_to_an_oci_registry_and_pull_from_it(project, registry):
    chart(project)
    place = f"oci://{registry.address}/charts"
    r = project.run(job(push=place, plain_http="true", version="1.2.4") + textwrap.dedent("""\
        show:
          stage: deploy
          needs: [chart]
          script: echo "$CHART $CHART_VERSION"
        """))
    assert r.jobs == {"chart": "success", "show": "success"}, r.text
    assert f"{place}/shop 1.2.4" in r.lines("show")
    assert not list(project.path.glob("*.tgz"))
    r = project.run(f"fetch:\n  uses: helm\n  with: {{chart: '{place}/shop', pull: true, version: 1.2.4, plain_http: true, destination: charts}}\n")
    assert r.jobs == {"fetch": "success"}, r.text
    assert (project.path / "charts/shop-1.2.4.tgz").exists()


@needs_registry
def test_a_version_that_is_not_there_and_a_registry_that_is_not_there(project, registry):
    chart(project)
    r = project.run(f"fetch:\n  uses: helm\n  with: {{chart: 'oci://{registry.address}/charts/shop', pull: true, version: 9.9.9, plain_http: true}}\n")
    assert r.jobs == {"fetch": "failed"}
    assert "not found" in reason(r, "fetch")
    registry.stop()
    r = project.run(job(push=f"oci://{registry.address}/charts", plain_http="true"))
    assert r.jobs == {"chart": "failed"}
    assert "connection refused" in reason(r, "chart")


def test_the_example(project):
    with_tools(project, "helm")
    shutil.copytree(HERE.parents[1] / "examples", project.path / "examples", ignore=shutil.ignore_patterns("build"))
    r = project.pipe("run", "--format", "json", "--file", "examples/pipelines/helm.yml")
    assert r.jobs == {"lint": "success"}, r.text
    assert "kind: Deployment" in project.read("build/manifests.yaml")


def test_what_comes_with_a_cluster_is_not_accepted_yet(project):
    chart(project)
    r = project.run(job(release="shop"))
    assert r.status == 2 and '"release"' in r.text
    r = project.run(job(push="registry.example.com/charts"))
    assert r.status == 2 and "begins with oci://" in r.text
