"""Artifacts: what is kept, under which name and for how long, who gets it, and that no archive writes where it should not."""
import io
import subprocess
import tarfile

MAKE = """
stages: [make, take]
mk:
  stage: make
  script:
    - mkdir -p build && echo 1 > build/x && echo 2 > build/y.tmp && echo 3 > new.txt && echo 4 > ignored.o
    - echo '<testsuite/>' > j.xml && echo '<coverage/>' > cov.xml
  artifacts:
    name: out-$CI_JOB_NAME
    paths: [build/, "nothing/*"]
    exclude: ["build/*.tmp"]
    untracked: true
    expire_in: 1 week
    reports: {junit: j.xml, coverage_report: {coverage_format: cobertura, path: cov.xml}}
"""


def kept(project, *args):
    return project.pipe("artifacts", "--format", "json", *args).json["artifacts"]


def test_paths_exclude_untracked_name_expiry_and_reports(project):
    project.write(".gitignore", "*.o\n.pipe\n")
    project.write(".gitlab-ci.yml", MAKE)
    project.commit()
    r = project.run(None, "--isolate")
    assert r.status == 0, r.text
    assert any('nothing matches "nothing/*"' in e["text"] for e in r.events if e["event"] == "warning")
    rows = {a["kind"]: a for a in kept(project)}
    assert set(rows) == {"archive", "junit", "coverage_report"}
    assert rows["archive"]["name"] == "out-mk"
    week = rows["archive"]["expires"] - r.events[0]["time"]
    assert abs(week - 7 * 86400 * 1000) < 60000
    assert project.pipe("artifacts", "mk", "--extract", "out").status == 0
    found = sorted(str(p.relative_to(project.path / "out")) for p in (project.path / "out").rglob("*") if p.is_file())
    assert found == ["build/x", "cov.xml", "ignored.o", "j.xml", "new.txt"]


def test_when_decides_what_a_failed_job_leaves(project):
    r = project.run("""
plain: {script: [echo > f1, exit 1], allow_failure: true, artifacts: {paths: [f1]}}
always: {script: [echo > f2, exit 1], allow_failure: true, artifacts: {paths: [f2], when: always}}
failure: {script: [echo > f3, exit 1], allow_failure: true, artifacts: {paths: [f3], when: on_failure}}
success: {script: [echo > f4], artifacts: {paths: [f4], when: on_failure}}
look: {stage: deploy, script: ['ls f?']}
""", "--isolate")
    assert {a["job"] for a in kept(project)} == {"always", "failure"}
    assert r.lines("look") == ["f2", "f3"]


def test_who_gets_what(project):
    r = project.run("""
stages: [a, b]
one: {stage: a, script: [echo > f1, echo V=1 > e], artifacts: {paths: [f1], reports: {dotenv: e}}}
two: {stage: a, script: [echo > f2], artifacts: {paths: [f2]}}
all: {stage: b, script: ['ls', 'echo "[$V]"']}
only: {stage: b, dependencies: [two], script: ['ls', 'echo "[$V]"']}
none: {stage: b, dependencies: [], script: ['ls']}
need: {stage: b, needs: [one], script: ['ls', 'echo "[$V]"']}
order: {stage: b, needs: [{job: one, artifacts: false}, two], script: ['ls', 'echo "[$V]"']}
free: {stage: b, needs: [], script: ['ls']}
""", "--isolate")
    assert r.lines("all") == ["README", "f1", "f2", "[1]"]
    assert r.lines("only") == ["README", "f2", "[]"]
    assert r.lines("none") == ["README"]
    assert r.lines("need") == ["README", "f1", "[1]"]
    assert r.lines("order") == ["README", "f2", "[]"]
    assert r.lines("free") == ["README"]


def test_reports_of_a_failed_job_are_kept(project):
    project.run("t: {script: [echo '<x/>' > j.xml, exit 1], artifacts: {reports: {junit: j.xml}}}\n")
    assert [a["kind"] for a in kept(project)] == ["junit"]


def test_every_report_has_its_row(project):
    kinds = ["accessibility", "annotations", "codequality", "container_scanning", "cyclonedx", "dast", "dependency_scanning",
             "junit", "metrics", "sast", "secret_detection", "terraform"]
    reports = ", ".join(f"{k}: r.json" for k in kinds)
    project.run("t: {script: ['echo {} > r.json'], artifacts: {reports: {%s}}}\n" % reports)
    assert sorted(a["kind"] for a in kept(project)) == kinds


def test_paths_hold_variables_and_may_be_absolute(project):
    yaml = "j: {script: [mkdir d, echo > d/f, echo > d/$CI_JOB_ID], artifacts: {name: n-$CI_JOB_ID, paths: [$CI_PROJECT_DIR/d/f, d/$CI_JOB_ID]}}\n"
    for i, how in enumerate((["--isolate"], [])):
        assert project.run(yaml, *how).status == 0
        row = kept(project)[0]
        assert row["files"] == 2 and row["name"] == f"n-{i + 1}000000"


def test_a_path_outside_the_project_is_not_taken(project):
    (project.path.parent / "outside").write_text("secret of the host\n")
    project.run("j: {script: [ln -s .. up, ln -s ../outside link], artifacts: {paths: [../outside, up/outside, link, up]}}\n")
    for a in kept(project):
        assert b"secret of the host" not in subprocess.run(["zstd", "-dc", a["path"]], capture_output=True, check=True).stdout


def hostile(members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                tar.addfile(info, io.BytesIO(value))
            else:
                info.linkname = value
                tar.addfile(info)
    return subprocess.run(["zstd", "-qc"], input=raw.getvalue(), capture_output=True, check=True).stdout


def test_hostile_archives_write_nowhere_else(project):
    victim = project.path.parent / "victim"
    cases = [
        [("../victim", tarfile.REGTYPE, b"x")],
        [(str(victim), tarfile.REGTYPE, b"x")],
        [("a/../../../victim", tarfile.REGTYPE, b"x")],
        [("l", tarfile.SYMTYPE, ".."), ("l/../victim", tarfile.REGTYPE, b"x")],
        [("l", tarfile.SYMTYPE, str(project.path.parent)), ("l/victim", tarfile.REGTYPE, b"x")],
        [("h", tarfile.LNKTYPE, "../home"), ("h", tarfile.REGTYPE, b"x")],
        [("d", tarfile.FIFOTYPE, ""), ("n", tarfile.CHRTYPE, "")],
    ]
    project.run("j: {script: [echo > f], artifacts: {paths: [f]}}\n")
    archive = kept(project)[0]["path"]
    for number, members in enumerate(cases):
        with open(archive, "wb") as f:
            f.write(hostile(members))
        out = project.path.parent / f"out{number}"
        project.pipe("artifacts", "--extract", str(out))
        assert not victim.exists(), members
        for p in out.rglob("*"):
            assert p.is_symlink() or p.is_file() or p.is_dir(), p
            assert not p.is_symlink() or p.resolve().is_relative_to(out), p


def test_a_broken_archive_is_an_error_with_a_sentence(project):
    project.run("j: {script: [echo > f], artifacts: {paths: [f]}}\n")
    with open(kept(project)[0]["path"], "wb") as f:
        f.write(b"\x28\xb5\x2f\xfdgarbage")
    r = project.pipe("artifacts", "--extract", "out")
    assert r.status == 3 and r.err.startswith("pipe: ")


def test_retry_keeps_artifacts_and_dotenv(project):
    yaml = """
stages: [a, b]
mk: {stage: a, script: ['echo x >> $COUNT', 'echo D=7 > d.env; mkdir o; echo art > o/f'], artifacts: {paths: [o], reports: {dotenv: d.env}}}
use: {stage: b, script: ['echo "$D $(cat o/f)"', 'test -e $COUNT.ok']}
"""
    count = project.path.parent / "count"
    more = {"env": {"COUNT": str(count)}}
    for again in (["retry"], ["run", "--from-failed"], ["retry", "use"]):
        count.write_text("")
        ok = project.path.parent / "count.ok"
        ok.unlink(missing_ok=True)
        assert project.run(yaml, "--isolate", **more).jobs == {"mk": "success", "use": "failed"}
        ok.write_text("")
        r = project.pipe(*again, "--format", "json", "--isolate", **more)
        assert r.status == 0 and r.jobs["use"] == "success", r.text
        assert r.lines("use") == ["7 art"]
        assert count.read_text() == "x\n", again


def test_a_dotenv_report_that_is_wrong_fails_its_job_with_a_place(project):
    r = project.run("j: {script: ['echo A=1 > e; echo not-a-line >> e'], artifacts: {reports: {dotenv: e}}}\n")
    end = [e for e in r.events if e["event"] == "job_finished"][0]
    assert end["status"] == "failed" and "=" in end["reason"]


def test_isolated_jobs_run_beside_each_other_and_know_git(project):
    job = "{script: ['echo $CI_JOB_NAME > same', 'sleep 0.3', 'cat same', 'git rev-parse HEAD', 'git status --short', 'git log --oneline | wc -l']}"
    sha = project.git("rev-parse", "HEAD").strip()
    r = project.run(f"a: {job}\nb: {job}\n", "--isolate", "--jobs", "2")
    assert r.status == 0, r.text
    for name in "ab":
        lines = r.lines(name)
        assert lines[0] == name and lines[1] == sha and "?? same" in lines and lines[-1].strip() == "1"
    assert not (project.path / "same").exists()
    assert not list((project.path / ".pipe").rglob("*.work"))


def test_artifacts_that_a_job_removed_are_there_for_those_that_need_them(project):
    """In the shared working copy, too; what jobs changed in it stays changed."""
    r = project.run("""
stages: [make, clean, use]
make:
  stage: make
  script: ['mkdir -p out && echo 1 > out/a && echo 2 > out/b && ln -s a out/l', 'echo x > log']
  artifacts: {paths: [out, log], exclude: ["**/*.o"]}
clean: {stage: clean, script: ['echo changed > log', 'rm -r out']}
use: {stage: use, script: ['cat out/a out/b out/l log']}
needs: {stage: use, needs: [make, clean], script: ['cat out/a log']}
none: {stage: use, needs: [{job: make, artifacts: false}, use, needs], script: ['rm -r out; true']}
""")
    assert r.status == 0, r.text
    assert r.lines("use") == ["1", "2", "1", "changed"]
    assert r.lines("needs") == ["1", "changed"]
