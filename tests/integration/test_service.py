"""The example service on its way through examples/pipelines/service.yml: green as it is, and the right job red for the right reason when
something is broken."""
import shutil
import socket
import subprocess

import pytest

from conftest import ROOT

MISSING = [tool for tool in ("gcovr", "cppcheck", "make", "cc") if not shutil.which(tool)]
if not shutil.which("pkg-config") or subprocess.run(["pkg-config", "--exists", "check", "libevent", "sqlite3"]).returncode:
    MISSING.append("check, libevent or sqlite3 (development files)")
pytestmark = pytest.mark.skipif(bool(MISSING), reason="the example service needs " + ", ".join(MISSING))

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


PORT = free_port()


@pytest.fixture
def service(project):
    shutil.copytree(ROOT / "examples" / "service", project.path / "examples" / "service", ignore=shutil.ignore_patterns("build"))
    shutil.copytree(ROOT / "examples" / "pipelines", project.path / "examples" / "pipelines")
    project.write(".gitignore", "build/\n.pipe/\n")
    project.git("init", "-q", "-b", "main")
    project.commit("the service")
    return project


def run(service, *args):
    return service.pipe("run", "--format", "json", "--file", "examples/pipelines/service.yml", "--variable", f"PORT={PORT}", *args, timeout=180)


def change(service, name, old, new):
    text = service.read("examples/service/" + name)
    assert old in text, f"{name} has no {old!r} to change"
    service.write("examples/service/" + name, text.replace(old, new, 1))


def reason(result, job):
    return next(e["reason"] for e in result.events if e["event"] == "job_finished" and e["job"] == job)


def red(result):
    return {job for job, status in result.jobs.items() if status == "failed"}


def test_all_of_it_is_green(service):
    r = run(service)
    assert r.status == 0, r.text
    assert set(r.jobs.values()) == {"success"}
    assert len(r.jobs) == 9
    tests = service.pipe("tests", "--format", "json").json
    assert tests["evidence"]["tests"]["passed"] >= 40 and tests["evidence"]["tests"]["failed"] == 0
    assert service.pipe("coverage", "--format", "json").json["evidence"]["coverage"]["lines"] > 200
    with socket.socket() as s:  # the service was stopped
        s.bind(("127.0.0.1", PORT))


@pytest.mark.parametrize("name, old, new, job, says", [
    ("tests/unit.c", "ck_assert_int_eq(store_count(s), 2);", "ck_assert_int_eq(store_count(s), 3);", "unit", "a_link_is_kept_once"),
    ("src/server.c", 'send_reply(request, 302, "Found"', 'send_reply(request, 301, "Moved"', "integration",
     "test_a_link_is_made_and_followed"),
    ("src/link.c", "bool link_decode(", "int broken(void)\n{\n\tint *p = 0;\n\treturn *p;\n}\nbool link_decode(", "analyze", "finding"),
    ("src/link.c", "uint64_t value = 0;", "uint64_t value = 0, unused;", "compile", "warning"),
    ("src/link.c", "uint64_t value = 0;", "uint64_t value = 0", "compile", "exit code 2"),
])
def test_a_broken_source_turns_its_job_red(service, name, old, new, job, says):
    change(service, name, old, new)
    r = run(service)
    assert r.status == 1
    assert job in red(r)
    assert says in reason(r, job)


def test_lost_coverage_turns_the_gate_red(service):
    text = service.read("examples/service/tests/test_service.py")
    service.write("examples/service/tests/test_service.py", text.split("@pytest.mark.parametrize")[0])
    change(service, "src/main.c", "int main(int argc", "void never(int x);\nvoid never(int x)\n{\n" + "\tx++;\n\tprintf(\"%d\", x);\n" * 60 +
           "}\n\nint main(int argc")
    r = run(service)
    assert red(r) == {"quality"}
    assert "coverage" in reason(r, "quality") and "85 %" in reason(r, "quality")


def test_a_taken_port_turns_the_smoke_test_red(service):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", PORT))
        s.listen()
        r = run(service)
    assert red(r) == {"smoke"}
    assert "cannot listen on port" in reason(r, "smoke")


def test_a_service_that_does_not_start_turns_the_smoke_test_red(service):
    change(service, "src/main.c", "if (!read_options(&options, argc, argv))", 'if (getenv("OUT") && !getenv("LINKS") && !getenv("CK_XML_LOG_FILE_NAME"))\n'
           '\t\treturn fprintf(stderr, "links: no licence\\n"), 7;\n\tif (!read_options(&options, argc, argv))')
    r = run(service)
    assert red(r) == {"smoke"}
    assert "exit code 7" in reason(r, "smoke") and "no licence" in reason(r, "smoke")


def test_an_answer_that_is_wrong_turns_the_smoke_test_red(service):
    change(service, "src/server.c", '{\\"status\\": \\"ok\\"', '{\\"status\\": \\"degraded\\"')
    change(service, "tests/test_service.py", '"status": "ok"', '"status": "degraded"')
    r = run(service)
    assert red(r) == {"smoke"}
    assert "degraded" in reason(r, "smoke")


def test_a_vulnerable_lock_file(service):
    service.write("examples/service/tests/requirements.txt", "pytest==7.1.2\npy==1.11.0\n")
    r = run(service)
    assert red(r) == {"scan"}, r.text
    assert "py 1.11.0" in reason(r, "scan") and "CVE-2022-42969" in reason(r, "scan")


def test_a_secret_in_the_source(service):
    service.write("examples/service/deploy.env", "GITHUB_TOKEN=" + "ghp_" + "Zk3mQ9xW7vB2nL5tR8yH1cF4" + "jD6sG0pKaEuT" + "\n")
    r = run(service)
    assert red(r) == {"scan"}, r.text
    assert "deploy.env:1" in reason(r, "scan") and "github-pat" in reason(r, "scan")
