"""Includes: files of the project, of a web server, of other projects and components; limits, caches, and being offline."""
import base64
import hashlib
import http.server
import threading
import time

import pytest

BODY = b"r: {script: [echo remote]}\n"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.hits.append((self.path, self.headers.get("If-None-Match")))
        getattr(self, "serve_" + self.path.strip("/").split(".")[0], self.serve_good)()

    def serve_good(self):
        if self.headers.get("If-None-Match") == '"v1"':
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def serve_gone(self):
        self.send_response(404)
        self.end_headers()

    def serve_big(self):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(b"# " + b"x" * 65536 + b"\n")
        except OSError:
            pass

    def serve_file(self):
        self.send_response(302)
        self.send_header("Location", "file:///etc/hostname")
        self.end_headers()

    def serve_round(self):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    s.hits, s.url = [], f"http://127.0.0.1:{s.server_port}"
    threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True).start()
    yield s
    s.shutdown()
    s.server_close()


def test_remote_is_asked_for_changes_and_kept(project, server):
    yaml = f"include: '{server.url}/a.yml'\n"
    assert project.run(yaml).lines("r") == ["remote"]
    assert project.run(yaml).lines("r") == ["remote"]
    assert server.hits == [("/a.yml", None), ("/a.yml", '"v1"')]
    assert project.run(yaml, "--offline").lines("r") == ["remote"]
    assert len(server.hits) == 2
    server.shutdown()
    server.server_close()
    assert project.run(yaml).lines("r") == ["remote"], "the server is gone, the cache is not"


def test_offline_says_what_was_never_fetched(project, server):
    r = project.run(f"include: '{server.url}/never.yml'\n", "--offline")
    assert r.status == 2 and "never.yml" in r.err and "offline" in r.err and server.hits == []


def test_integrity(project, server):
    good = "sha256-" + base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    bad = "sha256-" + base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert project.run(f"include: [{{remote: '{server.url}/a.yml', integrity: '{good}'}}]\n").status == 0
    r = project.run(f"include: [{{remote: '{server.url}/a.yml', integrity: '{bad}'}}]\n")
    assert r.status == 2 and "integrity" in r.err and good in r.err
    assert project.run(f"include: [{{remote: '{server.url}/a.yml', integrity: '{bad}'}}]\n", "--offline").status == 2


@pytest.mark.parametrize("page, word", [("gone", "404"), ("big", "large"), ("file", ""), ("round", "")])
def test_servers_that_do_not_behave(project, server, page, word):
    started = time.time()
    r = project.run(f"include: '{server.url}/{page}.yml'\n")
    assert r.status == 2 and word in r.err and ".gitlab-ci.yml:1:" in r.err
    assert time.time() - started < 5


def test_local_globs_nesting_and_places(project):
    project.write("ci/a.yml", "a: {script: [echo a]}\ninclude: ci/sub/b.yml\n")
    project.write("ci/sub/b.yml", "b: {script: [echo b]}\n")
    project.write("ci/sub/c.yml", "c: {script: [echo c]}\n")
    project.write("ci/sub/note.txt", "not yaml: [")
    project.write(".gitlab-ci.yml", "include: 'ci/sub/*.yml'\n")
    assert set(project.run(None).jobs) == {"b", "c"}
    assert set(project.run("include: 'ci/**.yml'\n").jobs) >= {"b", "c"}
    project.write("ci/bad.yml", "x:\n  script: [echo]\n  retry: 9\n")
    r = project.run("include: ci/bad.yml\n")
    assert r.status == 2 and "ci/bad.yml:3:" in r.err and ".gitlab-ci.yml:1:" in r.err


def test_circles_and_ways_out_are_refused(project):
    project.write("one.yml", "include: two.yml\n")
    project.write("two.yml", "include: one.yml\n")
    assert "circle" in project.run("include: one.yml\na: {script: [x]}\n").err
    (project.path.parent / "outside.yml").write_text("o: {script: [echo out]}\n")
    (project.path / "link.yml").symlink_to("../outside.yml")
    for name in ("../outside.yml", "link.yml", "/../outside.yml"):
        r = project.run(f"include: '{name}'\na: {{script: ['true']}}\n")
        assert r.status == 2 and "o" not in r.jobs, name


def test_rules_and_variables_of_includes(project):
    project.write("a.yml", "a: {script: [echo a]}\n")
    project.write("b.yml", "b: {script: [echo b]}\n")
    yaml = "include: [{local: a.yml, rules: [{if: $X}]}, {local: b.yml, rules: [{exists: [nothing], when: never}, {exists: [README]}]}]\n"
    assert set(project.run(yaml).jobs) == {"b"}
    assert set(project.run(yaml, "-v", "X=1").jobs) == {"a", "b"}
    assert set(project.run("include: $WHICH.yml\n", "-v", "WHICH=a").jobs) == {"a"}


def test_inputs(project):
    yaml = """
spec:
  inputs:
    n: {type: number}
    o: {options: [x, y], default: x}
    name: {default: dflt, regex: '^[a-z]+$'}
    list: {type: array, default: [1, 2]}
    yes: {type: boolean, default: true}
---
"job-$[[ inputs.name ]]":
  script: ['echo $[[ inputs.n ]] $[[ inputs.o ]] $[[ inputs.yes ]] "$[[ inputs.name | expand_vars | truncate(0,2) ]]"']
"""
    assert project.run(yaml, "--input", "n=4", "-i", "o=y").lines("job-dflt") == ["4 y true df"]
    for args, word in (([], '"n"'), (["-i", "n=x"], "number"), (["-i", "n=1", "-i", "q=1"], '"q"'), (["-i", "n=1", "-i", "o=z"], "options"),
                       (["-i", "n=1", "-i", "name=A1"], "name")):
        r = project.run(yaml, *args)
        assert r.status == 2 and word in r.err, (args, r.err)
    project.write("tpl.yml", yaml)
    assert set(project.run("include: [{local: tpl.yml, inputs: {n: 1, name: one}}, {local: tpl.yml, inputs: {n: 2, name: two}}]\n").jobs) == {"job-one", "job-two"}


@pytest.fixture
def other(project, tmp_path):
    """A project of templates beside the origin of this one."""
    from conftest import Project
    path = tmp_path / "host" / "group" / "templates.git"
    path.mkdir(parents=True)
    p = Project(path, project.env)
    p.git("init", "-q", "-b", "main")
    p.write("build.yml", "include: {local: more.yml}\nb: {script: [echo one]}\n")
    p.write("more.yml", "more: {script: [echo more]}\n")
    p.write("templates/comp.yml", 'spec: {inputs: {n: {default: dflt}}}\n---\n"comp-$[[ inputs.n ]]": {script: ["echo $[[ inputs.n ]]"]}\n')
    p.write("templates/dir/template.yml", "dir: {script: [echo dir]}\n")
    p.commit("one")
    p.git("tag", "1.0.0")
    p.write("build.yml", "b: {script: [echo two]}\n")
    p.commit("two")
    p.git("tag", "1.2.0")
    project.git("remote", "add", "origin", f"file://{tmp_path}/host/group/me.git")
    return p


def test_files_of_another_project(project, other):
    assert project.run("include: [{project: group/templates, ref: 1.0.0, file: build.yml}]\n").lines("b") == ["one"]
    r = project.run("include: [{project: group/templates, file: [/build.yml, more.yml]}]\n")
    assert r.lines("b") == ["two"] and r.lines("more") == ["more"]
    sha = other.git("rev-parse", "1.0.0").strip()
    assert project.run(f"include: [{{project: group/templates, ref: {sha}, file: build.yml}}]\n").lines("b") == ["one"]
    for wrong, word in (("ref: nope, file: build.yml", "nope"), ("file: none.yml", "none.yml"), ("file: ../x.yml", "x.yml")):
        r = project.run("include: [{project: group/templates, %s}]\n" % wrong)
        assert r.status == 2 and word in r.err and ".gitlab-ci.yml:1:" in r.err
    assert project.run("include: [{project: group/none, file: x.yml}]\n").status == 2


def test_another_project_that_is_gone_comes_from_the_cache(project, other):
    yaml = "include: [{project: group/templates, ref: 1.0.0, file: build.yml}]\n"
    assert project.run(yaml).status == 0
    other.path.rename(other.path.with_name("elsewhere.git"))
    assert project.run(yaml).lines("b") == ["one"]
    assert project.run(yaml, "--offline").lines("b") == ["one"]


def test_components(project, other):
    def at(version, rest=""):
        return project.run("include: [{component: $CI_SERVER_FQDN/group/templates/%s%s}]\n" % (version, rest))
    assert at("comp@1.0.0", ", inputs: {n: given}").lines("comp-given") == ["given"]
    assert at("comp@~latest").lines("comp-dflt") == ["dflt"]
    assert at("comp@1").lines("comp-dflt") == ["dflt"]
    assert at("dir@1.2").lines("dir") == ["dir"]
    assert at("none@1.0.0").status == 2


def test_inputs_declared_in_files_of_their_own(project):
    project.write("ci/inputs.yml", "inputs:\n  env: {default: staging, options: [staging, production]}\n  app: {default: shop}\n")
    yaml = """spec:
  include: [{local: /ci/inputs.yml}]
  inputs:
    app: {default: own}
---
a: {script: 'echo "$[[ inputs.app ]] $[[ inputs.env ]]"'}
"""
    assert project.run(yaml).lines("a") == ["own staging"]
    assert project.run(yaml, "--input", "env=production").lines("a") == ["own production"]
    r = project.run(yaml, "--input", "env=prod")
    assert r.status == 2 and "none of its options" in r.text
