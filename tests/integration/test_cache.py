"""Caches: keys, policies, what they hold, and two runs that use one at once."""

ADD = "mkdir -p c; echo $N >> c/n; cat c/n | tr '\\n' ' '"


def lines(project, yaml, *args):
    r = project.run(yaml, "--isolate", *args)
    assert r.status == 0, r.text
    return r


def test_a_key_shares_and_another_does_not(project):
    yaml = "j: {cache: {key: k-$WHICH, paths: [c]}, script: ['%s']}\n" % ADD.replace("'", "''")
    assert lines(project, yaml, "-v", "WHICH=1", "-v", "N=a").lines("j") == ["a "]
    assert lines(project, yaml, "-v", "WHICH=2", "-v", "N=b").lines("j") == ["b "]
    assert lines(project, yaml, "-v", "WHICH=1", "-v", "N=c").lines("j") == ["a c "]


def test_policies_also_from_variables(project):
    yaml = "j: {cache: {key: k, paths: [c], policy: $P}, script: ['%s']}\n" % ADD.replace("'", "''")
    run = lambda p, n: lines(project, yaml, "-v", f"P={p}", "-v", f"N={n}").lines("j")
    assert run("push", 1) == ["1 "]
    assert run("pull", 2) == ["1 2 "]
    assert run("push", 3) == ["3 "]
    assert run("pull-push", 4) == ["3 4 "]
    assert run("pull", 5) == ["3 4 5 "]
    r = lines(project, yaml, "-v", "P=sideways", "-v", "N=6")
    assert any("sideways" in e["text"] for e in r.events if e["event"] == "warning")


def test_keys_of_files_and_a_prefix(project):
    yaml = "j: {cache: {key: {files: [lock], prefix: $PRE}, paths: [c]}, script: ['%s']}\n" % ADD.replace("'", "''")
    project.write("lock", "1")
    assert lines(project, yaml, "-v", "PRE=p", "-v", "N=a").lines("j") == ["a "]
    assert lines(project, yaml, "-v", "PRE=p", "-v", "N=b").lines("j") == ["a b "]
    assert lines(project, yaml, "-v", "PRE=q", "-v", "N=c").lines("j") == ["c "]
    project.write("lock", "2")
    assert lines(project, yaml, "-v", "PRE=p", "-v", "N=d").lines("j") == ["d "]


def test_keys_of_the_commits_of_files(project):
    yaml = "j: {cache: {key: {files_commits: [lock, lib]}, paths: [c]}, script: ['%s']}\n" % ADD.replace("'", "''")
    project.write("lock", "1")
    project.write("lib/x", "1")
    project.commit("lock")
    assert lines(project, yaml, "-v", "N=a").lines("j") == ["a "]
    project.write("other", "1")
    project.commit("another file")
    assert lines(project, yaml, "-v", "N=b").lines("j") == ["a b "]
    project.write("lib/x", "2")
    project.commit("below the directory")
    assert lines(project, yaml, "-v", "N=c").lines("j") == ["c "]
    project.write("lib/x", "1")
    project.commit("as it was, in a new commit")
    assert lines(project, yaml, "-v", "N=d").lines("j") == ["d "]


def test_fallback_keys_are_tried_in_order(project):
    save = "j: {cache: {key: main, paths: [c]}, script: ['%s']}\n" % ADD.replace("'", "''")
    use = "j: {cache: {key: feature, paths: [c], fallback_keys: [nothing, ma$IN]}, script: ['%s']}\n" % ADD.replace("'", "''")
    lines(project, save, "-v", "N=a")
    assert lines(project, use, "-v", "IN=in", "-v", "N=b").lines("j") == ["a b "]
    assert lines(project, use, "-v", "IN=in", "-v", "N=c").lines("j") == ["a b c "]
    assert lines(project, save, "-v", "N=d").lines("j") == ["a d "]


def test_when_decides_on_saving(project):
    yaml = """
ok: {cache: {key: a, paths: [c]}, script: [mkdir c, echo > c/ok]}
bad: {allow_failure: true, cache: {key: b, paths: [c]}, script: [mkdir c, echo > c/bad, exit 1]}
always: {allow_failure: true, cache: {key: c, paths: [c], when: always}, script: [mkdir c, echo > c/always, exit 1]}
failure: {allow_failure: true, cache: {key: d, paths: [c], when: on_failure}, script: [mkdir c, echo > c/failure, exit 1]}
look:
  stage: deploy
  cache: [{key: a, paths: [c], policy: pull}, {key: b, paths: [c], policy: pull}, {key: c, paths: [c], policy: pull}, {key: d, paths: [c], policy: pull}]
  script: [ls c]
"""
    assert lines(project, yaml).lines("look") == ["always", "failure", "ok"]


def test_untracked_files(project):
    project.write(".gitignore", "*.o\n.pipe\n")
    project.commit()
    yaml = "j: {cache: {key: k, untracked: true}, script: ['ls *.o *.new 2>/dev/null || true', 'echo > a.o; echo > b.new']}\n"
    project.write(".gitlab-ci.yml", yaml)
    project.commit()
    assert lines(project, yaml).lines("j") == []
    assert lines(project, yaml).lines("j") == ["a.o", "b.new"]


def test_two_runs_that_save_at_once_leave_one_whole_cache(project):
    project.write(".gitlab-ci.yml", "j: {cache: {key: k, paths: [c]}, script: ['mkdir -p c; for i in $(seq 300); do echo $WHO > c/$i; done']}\n")
    runs = [project.start("run", "--isolate", "-v", f"WHO={i}") for i in range(3)]
    assert [r.wait() for r in runs] == [0, 0, 0]
    r = lines(project, "j: {cache: {key: k, paths: [c], policy: pull}, script: ['ls c | wc -l', 'cat c/* | sort -u | wc -l']}\n")
    assert [line.strip() for line in r.lines("j")] == ["300", "1"]


def test_a_damaged_cache_is_said_and_not_used(project):
    yaml = "j: {cache: {key: k, paths: [c]}, script: ['%s']}\n" % ADD.replace("'", "''")
    lines(project, yaml, "-v", "N=a")
    for f in (project.path / ".pipe" / "cache").glob("*.zst"):
        f.write_bytes(b"not an archive")
    r = lines(project, yaml, "-v", "N=b")
    assert r.lines("j") == ["b "]
    assert any("cache" in e["text"] for e in r.events if e["event"] == "warning")
    assert lines(project, yaml, "-v", "N=c").lines("j") == ["b c "]


def test_a_key_without_a_value_is_the_default(project):
    yaml = "j: {cache: {key: $NONE, paths: [c]}, script: ['%s']}\n" % ADD.replace("'", "''")
    plain = "j: {cache: {paths: [c]}, script: ['%s']}\n" % ADD.replace("'", "''")
    lines(project, yaml, "-v", "N=a")
    assert lines(project, plain, "-v", "N=b").lines("j") == ["a b "]
