"""Drives the built `pipe` as a user would: a fresh project in a temporary directory, commands, what they print and leave behind."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

# Started in the background, the tests would hand ignored signals on, and a `pipe` that is told to ignore Ctrl-C does.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)

BUILD = pathlib.Path(os.environ.get("PIPE_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
GIT = {
    "GIT_AUTHOR_NAME": "Dev", "GIT_AUTHOR_EMAIL": "dev@example.com", "GIT_COMMITTER_NAME": "Dev",
    "GIT_COMMITTER_EMAIL": "dev@example.com", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
}


class Result:
    """What one call of `pipe` did."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.text = out + err

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    @property
    def jobs(self):
        """Final status by job."""
        return {e["job"]: e["status"] for e in self.events if e["event"] == "job_finished"}

    def lines(self, job):
        return [e["line"] for e in self.events if e["event"] == "log" and e["job"] == job]

    @property
    def json(self):
        return json.loads(self.out)


class Project:
    """A directory with a pipeline file."""

    def __init__(self, path, env):
        self.path, self.env = path, env

    def write(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            file.write_bytes(text)
        else:
            file.write_text(text)
        return file

    def read(self, name):
        return (self.path / name).read_text()

    def git(self, *args):
        return subprocess.run(["git", *args], cwd=self.path, env={**self.env, **GIT}, check=True, capture_output=True, text=True).stdout

    def commit(self, message="change"):
        self.git("add", "-A", ".")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def start(self, *args, env=None, **more):
        """A `pipe` that goes on by itself."""
        return subprocess.Popen([str(BUILD / "pipe"), *args], cwd=self.path, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                                stdout=more.pop("stdout", subprocess.PIPE), stderr=more.pop("stderr", subprocess.PIPE), **more)

    def pipe(self, *args, timeout=60, env=None, binary=False, **more):
        r = subprocess.run([str(BUILD / "pipe"), *args], cwd=self.path, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=timeout, **more)
        if binary:
            return Result(r.returncode, r.stdout, r.stderr)
        return Result(r.returncode, r.stdout.decode("utf-8", "replace"), r.stderr.decode("utf-8", "replace"))

    def run(self, yaml=None, *args, **more):
        """`pipe run --format json`, of a file written first."""
        if yaml is not None:
            self.write(".gitlab-ci.yml", yaml)
        return self.pipe("run", "--format", "json", *args, **more)


def clean_env(home):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CI", "GITLAB", "PIPE", "GIT_", "MAKE", "MFLAGS"))}
    return {**env, "HOME": str(home), "LANG": "C.UTF-8", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


@pytest.fixture
def project(tmp_path):
    """A project in a Git repository with one commit."""
    home = tmp_path / "home"
    home.mkdir()
    path = tmp_path / "project"
    path.mkdir()
    p = Project(path, clean_env(home))
    p.git("init", "-q", "-b", "main")
    p.write("README", "a project\n")
    p.commit("first")
    return p


@pytest.fixture
def plain_project(tmp_path):
    """A project outside Git."""
    home = tmp_path / "home"
    home.mkdir()
    path = tmp_path / "project"
    path.mkdir()
    return Project(path, clean_env(home))
