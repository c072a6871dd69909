"""The projects of examples/lua: their tests are green, each runs as its README says, and a gate that is broken on purpose is red."""
import json
import shutil
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from conftest import ROOT

LUA = ROOT / "examples/lua"
NAMES = sorted(d.name for d in LUA.iterdir() if d.is_dir())


def example(project, name):
    """A copy with a history of its own, as a clone has it."""
    shutil.copytree(LUA / name, project.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".pipe", "build", "dist"))
    project.git("init", "-q", "-b", "main")
    project.commit()
    return project


def test_all_their_tests_are_green_and_fast(project):
    shutil.copytree(LUA, project.path / "lua", ignore=shutil.ignore_patterns(".pipe"))
    started = time.monotonic()
    r = project.pipe("lua", "test", "lua")
    assert r.status == 0, r.text
    assert " failed" not in r.out.splitlines()[-1]
    assert time.monotonic() - started < 20  # it takes a tenth of a second; what counts is in the summary's own time


@pytest.mark.parametrize("name,was,becomes", [
    ("licences/licence_gate.lua", "ok = #bad == 0", "ok = true"),
    ("friday/friday_gate.lua", "t.hour >= 15", "t.hour >= 16"),
    ("ratchet/coverage_ratchet.lua", "then_.lines > best", "then_.lines < best"),
    ("flaky/flaky_budget.lua", "* 2 > looked", "* 1 > looked"),
    ("size/size_budget.lua", "growth / 100", "growth / 10"),
    ("chat/chat.lua", 'previous.status == "failed"', 'previous.status == "success"'),
    ("canary/canary_judge.lua", "canary <= most", "canary >= most"),
    ("dora/dora.lua", "broken_since = broken_since or d.at", "broken_since = d.at"),
    ("monorepo/pipeline.lua", "if not seen[need] then", "if false then"),
    ("shellcheck/stages/shellcheck.lua", "found > most", "found > most + 1"),
])
def test_a_gate_that_is_broken_is_red(project, name, was, becomes):
    shutil.copytree(LUA, project.path / "lua", ignore=shutil.ignore_patterns(".pipe"))
    file = project.path / "lua" / name
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, becomes))
    r = project.pipe("lua", "test", f"lua/{name.split('/')[0]}")
    assert r.status == 1 and "✗" in r.out, r.text


def test_what_a_pipeline_in_lua_gets_wrong_is_told_at_its_place(project):
    example(project, "monorepo")
    project.write("pipeline.lua", project.read("pipeline.lua").replace("optional = true", "optional = true, when = 1"))
    r = project.pipe("lint")
    assert r.status == 2 and 'pipeline.lua:40:68: error: "needs" has no keyword "when"' in r.text, r.text


def test_each_is_in_the_readme():
    readme = (LUA / "README.md").read_text()
    assert NAMES == sorted(n for n in NAMES if f"| `{n}` |" in readme)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("friday", "shellcheck", "chat")])
def test_each_runs(project, name):
    r = example(project, name).pipe("run", "--format", "json", timeout=60)
    assert r.status == 0, r.text
    assert r.jobs and set(r.jobs.values()) <= {"success", "warning", "skipped"}, r.jobs
    assert project.pipe("lua", "check").status == 0


def test_friday_is_closed_or_approved(project):
    example(project, "friday")
    assert project.pipe("run", "--variable", "APPROVED_BY=Ada").status == 0
    r = project.pipe("run", "--format", "json")
    assert r.status in (0, 1)
    if r.status:
        assert "APPROVED_BY" in r.text


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
def test_a_stage_type_around_shellcheck(project):
    example(project, "shellcheck")
    r = project.pipe("run", "--format", "json")
    assert r.status == 0 and r.jobs == {"shell scripts": "success"}, r.text
    project.write("scripts/bad.sh", "#!/bin/sh\ncd $1\nrm -rf $2\n")
    r = project.pipe("run", "--format", "json")
    assert r.status == 1, r.text
    found = project.pipe("findings", "--format", "json").json["findings"]
    assert {f["path"] for f in found} == {"scripts/bad.sh"} and any("SC2164" in f["rule"] or "SC2164" in f["message"] for f in found), found
    shown = project.pipe("explain", "./stages/shellcheck.lua")
    assert shown.status == 0 and "severity" in shown.out, shown.text


def test_the_chat_hears_of_it(project):
    heard = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        example(project, "chat")
        url = f"http://127.0.0.1:{server.server_port}/hook"
        text = project.read("pipe.yml").replace('"http://127.0.0.1"', f'"http://127.0.0.1:{server.server_port}"')
        project.write("pipe.yml", text)
        assert project.pipe("run", "--variable", f"CHAT_URL={url}").status == 0
        assert heard == []
        project.write("pipe.yml", text.replace("echo tested", "exit 3"))
        assert project.pipe("run", "--variable", f"CHAT_URL={url}").status == 1
        assert len(heard) == 1 and "unit" in heard[0]["text"] and "exit code 3" in heard[0]["text"], heard
        project.write("pipe.yml", text)
        assert project.pipe("run", "--variable", f"CHAT_URL={url}").status == 0
        assert len(heard) == 2 and "green again" in heard[1]["text"], heard
    finally:
        server.shutdown()


def test_the_monorepo_builds_what_a_change_touched(project):
    example(project, "monorepo")
    project.git("checkout", "-q", "-b", "feature")
    project.write("services/cart/service.yml", "needs: [pay]\ntest: sh -c 'test -s service.yml'\n# changed\n")
    project.commit()
    r = project.pipe("plan", "--as", "merge_request:main", "--format", "json")
    assert r.status == 0, r.text
    planned = {j["name"] for j in r.json["jobs"] if j.get("when") != "never" and j.get("included", True)}
    assert {"build cart", "test cart", "build web", "test web"} <= planned, planned
    assert "build pay" not in planned, planned
