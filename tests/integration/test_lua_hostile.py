"""Hostile scripts as hooks of one job: each fails that job with its own clear error, while another job runs on undisturbed."""
import pathlib
import re

import pytest

from conftest import Project, clean_env

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "hostile"
# The script, and what the job is told.
SAMPLE = {
    "loop_while": "processor time",
    "pattern_find_stars": "processor time",
    "caught_loop": "processor time",
    "coroutine_many_spin": "processor time",
    "doubling": "memory",
    "table_concat_bomb": "memory",
    "recursion_lua": "too deep",
    "sleep_for_ever": "waited for",
    "print_flood": "it wrote more than",
    "pattern_deep": "pattern too complex",
    "error_self": "",
    "require_parent": "require",
    "exec_without_grant": "exec: [sh]",
    "fail_in_gsub": "enough",
    "library_written": "string is read-only",
}
# Writes the time at each step: how long it was held up at the most can be seen afterwards.
GOOD = "for i in $(seq 1 40); do date +%s%N; sleep 0.05; done"
SETTINGS = f"""
lua: {{limits: {{cpu: 200ms, wall: 2s, memory: 8MB, output: 64KB}}}}
good: {{script: ['{GOOD}']}}
"""


def good_ran_on(r):
    """The other job is done, and was never held up for a second."""
    ticks = [int(line) for line in r.lines("good") if line.isdigit()]
    assert r.jobs["good"] == "success" and len(ticks) == 40
    assert max(b - a for a, b in zip(ticks, ticks[1:])) < 1e9


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A run of all of the sample, each script before a job of its own."""
    project = Project(tmp_path_factory.mktemp("sample"), clean_env(tmp_path_factory.mktemp("home")))
    yaml = SETTINGS
    for name in SAMPLE:
        project.write(f"ci/{name}.lua", (SCRIPTS / f"{name}.lua").read_text())
        yaml += f"{name}: {{script: [echo it ran], hooks: {{before_job: {{file: ci/{name}.lua}}}}}}\n"
    return project.run(yaml, "--jobs", "3")


@pytest.mark.parametrize("name", SAMPLE)
def test_it_fails_its_own_job_alone(sample, name):
    assert sample.jobs[name] == "failed"
    assert "it ran" not in sample.lines(name)
    end = next(e for e in sample.events if e["event"] == "job_finished" and e["job"] == name)
    said = "\n".join(line for line in sample.lines(name) if set(line) != {"x"}) + str(end)
    assert SAMPLE[name] in said
    assert re.search(rf"ci/{name}\.lua:\d+", said), said


def test_the_other_job_ran_on(sample):
    assert sample.status == 1
    assert set(sample.jobs) == {"good", *SAMPLE}
    good_ran_on(sample)


def test_links_lead_nowhere(project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("hunter2")
    (outside / "module.lua").write_text("return 'hunter2'")
    project.write("notes.txt", "hello")
    (project.path / "link.txt").symlink_to(outside / "secret.txt")
    (project.path / "links").symlink_to(outside)
    (project.path / "ci").mkdir(exist_ok=True)
    (project.path / "ci" / "module.lua").symlink_to(outside / "module.lua")
    project.write("ci/links.lua", """
        assert(pipe.read("notes.txt") == "hello")
        for _, path in ipairs{ "link.txt", "links/secret.txt", "ci/../links/secret.txt", "/proc/self/environ", "/proc/self/cwd/notes.txt" } do
            local ok, text = pcall(pipe.read, path)
            assert(not ok or text == nil, path)
        end
        assert(not pcall(require, "module"))
        for _, path in ipairs(pipe.glob("**/*")) do assert(not path:find("secret"), path) end
    """)
    r = project.run("links: {script: ['true'], hooks: {before_job: {file: ci/links.lua}}}\n")
    assert r.jobs == {"links": "success"}, r.text
    assert "hunter2" not in r.text


def test_many_at_once_leave_the_others_alone(project):
    """Every hook of ten jobs spins; the eleventh job does not notice."""
    jobs = "".join(f"h{i}: {{script: ['true'], hooks: {{before_job: 'while true do end', after_job: 'while true do end'}}}}\n" for i in range(10))
    r = project.run(SETTINGS + jobs, "--jobs", "11")
    assert r.status == 1 and len(r.jobs) == 11
    assert {status for job, status in r.jobs.items() if job != "good"} == {"failed"}
    good_ran_on(r)


# What begins on the loop's own thread once a hook has been quick for long: within one instruction, or one call of the library.
LATE = {
    "pattern": '("a"):rep(30000):find(".-.-.-.-b")',
    "loop": "while true do end",
    "sort": "table.sort({}, function() end) local t = {} for i = 1, 3e6 do t[i] = i end "
            "while true do table.sort(t, function(a, b) return a > b end) end",
    "coroutine": "coroutine.wrap(function() while true do end end)()",
    "caught": "while true do pcall(function() while true do end end) end",
    "call": "local t = setmetatable({}, {}) getmetatable(t).__call = t t()",
}


@pytest.mark.parametrize("name", LATE)
def test_a_quick_hook_that_turns_hostile_holds_up_nobody(project, name):
    """Forty jobs teach that the hook is quick; then it spins before one job, and another that is ready begins and ends beside it."""
    body = f'if ctx.job.name == "bad" then\n  {LATE[name]}\nend'
    jobs = "".join(f"q{i}: {{stage: build, script: ['true']}}\n" for i in range(40))
    project.write("ci/hook.lua", body)
    r = project.run("lua: {limits: {cpu: 1s, wall: 20s}}\nhooks: {before_job: {file: ci/hook.lua}}\n" + jobs
                    + "bad: {stage: test, script: ['true']}\ntick: {stage: test, script: ['true']}\n", "--jobs", "2")
    assert r.jobs["bad"] == "failed" and r.jobs["tick"] == "success", r.text
    ended = [e["job"] for e in r.events if e["event"] == "job_finished"]
    assert ended.index("tick") < ended.index("bad")
