"""include: project from a server that wants a name and a password: what Git knows is used, and nobody is prompted."""
import base64
import http.server
import os
import shutil
import subprocess
import threading
import time

import pytest

from conftest import Project

BACKEND = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip() + "/git-http-backend"
pytestmark = pytest.mark.skipif(not os.access(BACKEND, os.X_OK), reason="git http-backend is not there")


class Handler(http.server.BaseHTTPRequestHandler):
    """Git's smart HTTP (gitprotocol-http(5)) by its own CGI program, behind basic authentication."""

    def do_GET(self):
        self.server.asked.append((self.headers["Host"], self.headers.get("Authorization", "")))
        if self.server.elsewhere and self.headers["Host"] == self.server.host:
            self.send_response(302)
            self.send_header("Location", self.server.elsewhere + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(self.server.login.encode()).decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        env = {**os.environ, "GIT_PROJECT_ROOT": self.server.root, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
               "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(length),
               "REMOTE_USER": "somebody", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        answer = subprocess.run([BACKEND], input=self.rfile.read(length), env=env, capture_output=True, check=True).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def server(project, tmp_path):
    """group/templates.git behind the login "deploy:pa ss/1"; the project's origin is its sibling."""
    path = tmp_path / "host" / "group" / "templates.git"
    path.mkdir(parents=True)
    other = Project(path, project.env)
    other.git("init", "-q", "-b", "main")
    other.write("build.yml", "b: {script: [echo built]}\n")
    other.commit("one")
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    s.root, s.login, s.asked, s.elsewhere = str(tmp_path / "host"), "deploy:pa ss/1", [], None
    thread = threading.Thread(target=s.serve_forever, args=(0.05,))
    thread.start()
    s.host = f"127.0.0.1:{s.server_port}"
    yield s
    s.shutdown()
    thread.join()
    s.server_close()


YAML = "include: [{project: group/templates, file: build.yml}]\n"


def helper(project, tmp_path, text):
    """A credential helper in the user's own configuration of Git."""
    program = tmp_path / "helper"
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    project.env["HOME"] = str(tmp_path)
    project.env.pop("GIT_CONFIG_GLOBAL", None)
    (tmp_path / ".gitconfig").write_text(f"[credential]\n\thelper = {program}\n")


def test_a_credential_helper_of_git_is_asked(project, server, tmp_path):
    project.git("remote", "add", "origin", f"http://{server.host}/group/me.git")
    helper(project, tmp_path, 'cat >"$HOME/question"; echo "$1" >>"$HOME/question"; printf "username=deploy\\npassword=pa ss/1\\n"\n')
    assert project.run(YAML).lines("b") == ["built"]
    question = (tmp_path / "question").read_text()
    assert f"host={server.host}\n" in question and "protocol=http\n" in question and question.endswith("get\n")


def test_what_stands_in_the_address_of_origin_is_used_and_kept_nowhere(project, server, tmp_path):
    project.git("remote", "add", "origin", f"http://deploy:pa%20ss%2F1@{server.host}/group/me.git")
    assert project.run(YAML).lines("b") == ["built"]
    kept = subprocess.run(["grep", "-rlE", "pa ss/1|pa%20ss|" + base64.b64encode(b"deploy:pa ss/1").decode(), str(project.path / ".pipe")],
                          capture_output=True, text=True, check=False)
    assert kept.stdout == ""


def test_a_redirection_to_another_server_does_not_take_the_login_along(project, server, tmp_path):
    helper(project, tmp_path, "exit 0\n")
    project.git("remote", "add", "origin", f"http://deploy:pa%20ss%2F1@{server.host}/group/me.git")
    server.elsewhere = f"http://localhost:{server.server_port}"
    r = project.run(YAML)
    assert r.status == 2 and "login" in r.err
    assert [host for host, login in server.asked if login and host != server.host] == []


def test_no_login_is_known(project, server, tmp_path):
    project.git("remote", "add", "origin", f"http://{server.host}/group/me.git")
    helper(project, tmp_path, "exit 0\n")
    r = project.run(YAML)
    assert r.status == 2 and "wants a login" in r.err and "git ls-remote" in r.err and ".gitlab-ci.yml:1:" in r.err


def test_a_login_that_is_refused(project, server, tmp_path):
    project.git("remote", "add", "origin", f"http://{server.host}/group/me.git")
    helper(project, tmp_path, 'printf "username=deploy\\npassword=wr0ng-one\\n"\n')
    r = project.run(YAML)
    assert r.status == 2 and "refuses the login" in r.err and "wr0ng-one" not in r.err
    assert len([login for _, login in server.asked if login]) == 1


def test_a_helper_that_hangs_is_left(project, server, tmp_path):
    project.git("remote", "add", "origin", f"http://{server.host}/group/me.git")
    helper(project, tmp_path, "exec sleep 30.125\n")
    begin = time.monotonic()
    r = project.run(YAML, "--limit", "network_ms=700")
    assert r.status == 2 and "credential helper did not answer within 0.7 s" in r.err and time.monotonic() - begin < 10
    assert subprocess.run(["pgrep", "-f", "^sleep 30.125"], check=False).returncode == 1, "the helper is ended"


def test_without_git_there_is_no_helper(project, server, tmp_path):
    project.git("remote", "add", "origin", f"http://{server.host}/group/me.git")
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("sh", "bash"):
        (bare / name).symlink_to(shutil.which(name))
    project.env["PATH"] = str(bare)
    r = project.run(YAML)
    assert r.status == 2 and "wants a login" in r.err
