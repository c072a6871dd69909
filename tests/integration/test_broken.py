"""Broken and suspicious pipeline files: each of tests/broken/ stands beside the exact words that `pipe lint` has for it.

tests/broken/NAME.yml is one file, tests/broken/NAME/ is a project with a .gitlab-ci.yml (or a pipeline.lua); NAME.txt is what a user sees.
PIPE_BLESS=1 writes the .txt files anew: read what changed.
"""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import time

import pytest
from conftest import BUILD, ROOT, Project, clean_env

BROKEN = ROOT / "tests" / "broken"
BLESS = os.environ.get("PIPE_BLESS")
CASES = sorted([p.stem for p in BROKEN.glob("*.yml")] + [p.name for p in BROKEN.iterdir() if p.is_dir()])
DIAGNOSTIC = re.compile(r"^(\S.*?:\d+:\d+|pipe): (error|warning): ", re.M)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """One repository for all cases: 300 times `git init` would take longer than they do."""
    path = tmp_path_factory.mktemp("broken") / "project"
    path.mkdir()
    p = Project(path, clean_env(tmp_path_factory.mktemp("home")))
    p.git("init", "-q", "-b", "main")
    p.commit("first")
    return p


@pytest.fixture
def project(repository):
    """The repository with nothing in it."""
    for entry in repository.path.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return repository


def lint(project, *args):
    """Exit status and text, in the order in which a terminal shows it."""
    r = subprocess.run([str(BUILD / "pipe"), "lint", *args], cwd=project.path, env=project.env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return r.returncode, r.stdout.decode("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_words(project, name):
    if (BROKEN / name).is_dir():
        shutil.copytree(BROKEN / name, project.path, dirs_exist_ok=True)
        status, text = lint(project)
    else:
        shutil.copy(BROKEN / (name + ".yml"), project.path)
        status, text = lint(project, "--file", name + ".yml")
    expected = BROKEN / (name + ".txt")
    if BLESS:
        expected.write_text(text, encoding="utf-8")
    severities = [severity for _, severity in DIAGNOSTIC.findall(text)]
    assert severities, "nothing was found:\n" + text
    assert status == (2 if "error" in severities else 0), text
    assert text == expected.read_text(encoding="utf-8")


# ---- every code is met ----

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{n}: &{n} [{', '.join([f'*{m}'] * 10)}]\n" for m, n in zip("abcdefgh", "bcdefghi"))
DOUBLING = "variables:\n" + "".join(f"  V{i}: $V{i + 1}$V{i + 1}\n" for i in range(40)) + "  V40: xxxxxxxxxxxxxxxx\n"
REFERENCES = ".r0: {script: [x, x, x, x, x, x, x, x, x, x]}\n" + "".join(
    f".r{i}: {{script: [{', '.join([f'!reference [.r{i - 1}, script]'] * 10)}]}}\n" for i in range(1, 9))

# What no file of a readable size brings about: code -> (the pipeline file, further files, options).
GENERATED = {
    "file-missing": (None, {}, ["--file", "ci/none.yml"]),
    "include-failed": ("include: ci.yml\nbuild: {script: make}\n", {"ci.yml/x": ""}, []),
    "include-limit": ("include: ['ci/*.yml']\n", {f"ci/{i}.yml": f"j{i}: {{script: x}}\n" for i in range(151)}, []),
    "include-network": ("include: http://127.0.0.1:1/x.yml\nbuild: {script: make}\n", {}, []),
    "interpolation-limit": ("spec: {inputs: {a: {default: " + "x" * 1000 + "}}}\n---\nbuild: {script: '" + "$[[ inputs.a ]]" * 2000 + "'}\n", {}, []),
    "jobs-limit": ("".join(f"j{i}: {{script: x, parallel: 10000}}\n" for i in range(11)), {}, []),
    "merge-limit": (REFERENCES + "build: {script: !reference [.r8, script]}\n", {}, []),
    "nesting-too-deep": ("[" * 200, {}, []),
    "not-honoured": ("build: {script: make, image: 'gcc:14'}\n", {}, ["--strict"]),
    "not-utf8": (b"build: {script: '\xff'}\n", {}, []),
    "nul-byte": (b"build: {script: '\0'}\n", {}, []),
    "regex-limit": (f"variables: {{A: {'a' * 5000}!}}\nbuild: {{script: make, rules: [{{if: $A =~ /^(a+)+$/}}]}}\n", {}, []),
    "too-many-nodes": (BOMB, {}, []),
    "total-limit": ("include: ci/*.yml\n", {f"ci/{i}.yml": "# " + "x" * (15 << 20) for i in range(5)}, []),
    "variable-limit": (DOUBLING + "build: {script: make, environment: $V0}\n", {}, []),
}
# What only somebody who calls the library's inner parts in another way than `pipe` does can meet, or a command other than lint.
GUARDS = {"file-limit", "file-too-large", "input-limit", "input-value", "job-not-included", "lua-missing", "matrix-empty", "needs-limit",
          "not-a-pipeline", "rules-exists", "spec-place", "too-many-directives", "too-many-documents", "wrong-date"}


def codes_of(project, *args):
    return {d["code"] for d in project.pipe("lint", "--format", "json", *args).json["diagnostics"]}


@pytest.mark.parametrize("code", sorted(GENERATED))
def test_generated(project, code):
    text, files, args = GENERATED[code]
    for name, content in files.items():
        project.write(name, content)
    if text is not None:
        project.write("pipe.yml", text)
    assert code in codes_of(project, *args)


def test_a_job_that_is_not_in_the_pipeline(project):
    project.write("pipe.yml", "build: {script: make, rules: [{if: $CI_COMMIT_TAG}]}\ntest: {script: make}\n")
    r = project.pipe("plan", "build")
    assert r.status == 2
    assert '"build" is not in this pipeline: no rule matched' in r.err


def test_every_code_is_met(project):
    met = set(GENERATED) | GUARDS
    for name in CASES:
        here = BROKEN / name
        if here.is_dir():
            shutil.copytree(here, project.path, dirs_exist_ok=True)
            met |= codes_of(project)
            for entry in here.iterdir():
                shutil.rmtree(project.path / entry.name) if entry.is_dir() else (project.path / entry.name).unlink()
        else:
            shutil.copy(here.with_name(name + ".yml"), project.path)
            met |= codes_of(project, "--file", name + ".yml")
    assert met == set(codes_of_the_source())


def arguments(text, at):
    """The arguments of a call, from behind its opening parenthesis."""
    token = re.compile(r'"(?:[^"\\]|\\.)*"|[(){},]|[^"(){},]+')
    depth, one, found = 1, "", []
    while depth:
        piece = token.match(text, at).group()
        at += len(piece)
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(piece, 0)
        if not depth or (piece == "," and depth == 1):
            found.append(one)
            one = ""
        else:
            one += piece
    return found


def codes_of_the_source():
    """code -> "error", "warning" or both."""
    found = {}
    for source in sorted(f for floor in ("pipeline", "stages", "lua", "runner") for f in ROOT.glob(f"{floor}/**/*.c")):
        text = source.read_text(encoding="utf-8")
        for call in re.finditer(r"\b(?:diag_(error|warning)|lua_code_complain)\(", text):
            for code in re.findall(r'"([a-z0-9-]+)"', arguments(text, call.end())[2]):
                found.setdefault(code, set()).add(call.group(1) or "error")
    for code in re.findall(r'return "([a-z-]+)";', (ROOT / "pipeline" / "compose" / "include_fetch.c").read_text(encoding="utf-8")):
        found.setdefault(code, set()).add("error")
    return found


def test_every_code_is_documented():
    page = (ROOT / "docs" / "reference" / "diagnostics.md").read_text(encoding="utf-8")
    documented = {code: kind for code, kind in re.findall(r"^\| `([a-z0-9-]+)` \| ([a-z, ]+) \|", page, re.M)}
    source = {code: ", ".join(sorted(kinds)) for code, kinds in codes_of_the_source().items()}
    assert documented == source


# ---- hostile files ----

# A build with the address sanitizer needs some times the memory.
SECONDS, MEGABYTES = 5, 1200 if b"__asan_init" in (BUILD / "pipe").read_bytes() else 300


def refused(project, text, place, *args, codes=(2,), words=()):
    """`pipe lint` refuses the file soon, in little memory, and says where or by which limit."""
    if text is not None:
        project.write("pipe.yml", text)
    began = time.monotonic()
    child = subprocess.Popen([str(BUILD / "pipe"), "lint", *args], cwd=project.path, env=project.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = child.stdout.read().decode("utf-8", "strict")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    took, memory = time.monotonic() - began, usage.ru_maxrss / 1024
    print(f"{took:.2f} s, {memory:.0f} MB: {out.splitlines()[0] if out else ''}")
    assert child.returncode in codes, out[:2000]
    assert took < SECONDS
    assert memory < MEGABYTES
    assert re.search(place, out), out[:2000]
    assert len(out) < 200_000
    return out


def test_yaml_bomb(project):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for above, name in zip("abcdefgh", "bcdefghi"):
        lines.append(f"{name}: &{name} [" + ", ".join([f"*{above}"] * 9) + "]")
    refused(project, "\n".join(lines) + "\n", r"pipe\.yml:\d+:\d+: error: the file has more than 4000000 nodes")


def test_merge_bomb(project):
    lines = [".a0: &a0 {k0: v}"]
    lines += [f".a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}: v}}" for i in range(1, 60)]
    refused(project, "\n".join(lines) + "\nbuild: {script: make, variables: *a59}\n", r".", codes=(0, 2))


def test_a_file_of_100_megabytes(project):
    with open(project.path / "pipe.yml", "wb") as f:
        block = b"# " + b"x" * 1022 + b"\n"
        for _ in range(100 * 1024 * 1024 // len(block)):
            f.write(block)
    refused(project, None, r"larger than 16777216 bytes|at most 16777216")


@pytest.mark.parametrize("text", ["[" * 10000, "{a: " * 10000, "- " * 10000 + "x", "? " * 10000,
                                  "".join("  " * i + "a:\n" for i in range(2000)), "a: " + "[" * 10000 + "]" * 10000],
                         ids=["list", "map", "items", "keys", "block", "closed"])
def test_deep_nesting(project, text):
    refused(project, text + "\n", r"pipe\.yml:\d+:\d+: error: (lists and maps are nested more than 100 levels deep|.*)")


@pytest.mark.parametrize("text, place", [
    (b"build:\n  script: ma\0ke\n", r"pipe\.yml:2:13: error: a NUL byte"),
    (b"build:\n  script: \"ma\\0ke\"\n", r"pipe\.yml:2:11: error: a text cannot hold a NUL byte"),
    (b"build:\n  script: Gr\xfc\xdfe\n", r"pipe\.yml:2:13: error: the byte 0xfc is not UTF-8"),
    (b"build:\n  script: a\xc0\x80b\n", r"pipe\.yml:2:12: error: .*UTF-8"),
    (b"build:\n  script: a\xed\xa0\x80b\n", r"pipe\.yml:2:12: error: .*UTF-8"),
    ("build:\n  script: make\n".encode("utf-16"), r"pipe\.yml:1:1: error: the file is UTF-16"),
    ("build:\n  script: make\n".encode("utf-16-be"), r"pipe\.yml:1:1: error: (the file is UTF-16|a NUL byte)"),
    (b"build:\n  script: ma\x07ke\n", r"pipe\.yml:2:13: error: the character U\+0007"),
    (b"%TAG ! tag:x:\n" * 100 + b"---\nbuild: {script: make}\n", r"pipe\.yml:\d+:\d+: error: "),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", r"pipe\.yml:1:\d+: error: "),
], ids=["nul", "nul-escape", "latin-1", "overlong", "surrogate", "utf-16", "utf-16-be", "bell", "directives", "picture"])
def test_no_text(project, text, place):
    refused(project, text, place)


def test_a_byte_order_mark_is_fine(project):
    project.write("pipe.yml", b"\xef\xbb\xbfbuild:\n  script: make\n")
    assert project.pipe("lint").status == 0


def test_a_million_keys(project):
    refused(project, "".join(f"k{i}: x\n" for i in range(1_000_000)), r"pipe\.yml:1:1: error: ")


def test_a_million_keys_twice(project):
    refused(project, "variables:\n" + "  A: x\n" * 1_000_000, r"pipe\.yml:\d+:\d+: (warning|error): ")


def test_a_million_errors_are_counted(project):
    out = refused(project, "".join(f"j{i}: {{script: x, when: bad}}\n" for i in range(50_000)), r"pipe\.yml:1:\d+: error: ")
    assert out.count("error:") <= 502


@pytest.mark.parametrize("pattern", ["/^(a+)+$/", "/^(a|aa)*$/", "/(.*a){25}/", "/^(([a-z])+.)+[A-Z]([a-z])+$/"])
def test_catastrophic_pattern(project, pattern):
    refused(project, f"variables: {{V: {'a' * 5000}!}}\nbuild:\n  script: make\n  rules:\n    - if: $V =~ {pattern}\n    - when: always\n",
            r"pipe\.yml:5:\d+: error: a pattern of this condition needs too many steps|the pipeline is valid|never-runs|warning",
            codes=(0, 2))


def test_many_catastrophic_patterns(project):
    jobs = "".join(f"j{i}: {{script: x, rules: [{{if: '$V =~ /^(a+)+$/'}}]}}\n" for i in range(2000))
    refused(project, f"variables: {{V: {'a' * 5000}!}}\n" + jobs, r"too many steps|valid", codes=(0, 2))


def test_catastrophic_pattern_of_only(project):
    project.git("checkout", "-q", "-B", "a" * 200 + "-b")
    try:
        refused(project, "build:\n  script: make\n  only: ['/^(a+)+$/']\n", r"too many steps|valid", codes=(0, 2))
    finally:
        project.git("checkout", "-q", "-B", "main")


def test_expansion_bomb(project):
    names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = "variables:\n" + "".join(f"  {a}: ${b}${b}${b}${b}\n" for a, b in zip(names, names[1:])) + "  Z: zzzzzzzzzzzzzzzz\n"
    out = refused(project, text + "build:\n  script: make\n  rules:\n    - if: $A == \"x\"\n", r"pipe\.yml:\d+:\d+: error: .*too large")
    assert "expand: false" in out


def test_expansion_bomb_in_a_name(project):
    names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = "variables:\n" + "".join(f"  {a}: ${b}${b}\n" for a, b in zip(names, names[1:])) + "  Z: zzzzzzzzzzzzzzzz\n"
    refused(project, text + "build:\n  script: make\n  environment: $A\n  resource_group: $A\n", r"pipe\.yml:\d+:\d+: error: .*too large")


def test_151_includes(project):
    for i in range(151):
        project.write(f"ci/{i}.yml", f"j{i}: {{script: x}}\n")
    out = refused(project, "include:\n" + "".join(f"  - ci/{i}.yml\n" for i in range(151)),
                  r"pipe\.yml:152:5: error: more than 150 files are included")
    assert out.count("error:") == 1


def test_151_includes_by_a_glob(project):
    for i in range(151):
        project.write(f"ci/{i}.yml", f"j{i}: {{script: x}}\n")
    refused(project, "include: ci/*.yml\n", r"pipe\.yml:1:10: error: more than 150 files are included")


def test_a_chain_of_151_includes(project):
    for i in range(151):
        project.write(f"ci/{i}.yml", f"include: ci/{i + 1}.yml\n")
    project.write("ci/151.yml", "build: {script: make}\n")
    refused(project, "include: ci/0.yml\n", r"ci/149.yml:1:10: error: more than 150 files are included")


def test_includes_that_grow_together(project):
    """Eight files of 15 MB: each is allowed, all of them are not."""
    for i in range(8):
        project.write(f"ci/{i}.yml", "# " + "x" * (15 * 1024 * 1024) + f"\nj{i}: {{script: x}}\n")
    refused(project, "include: ci/*.yml\n", r"pipe\.yml:1:10: error: the pipeline's files are larger than 67108864 bytes together")


def test_matrix_of_a_million(project):
    axes = "".join(f"        {a}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n" for a in "BCDEFG")
    refused(project, "build:\n  script: make\n  parallel:\n    matrix:\n      -\n" + axes,
            r"pipe\.yml:\d+:\d+: error: \"build\" would be more than 10000 jobs")


def test_matrix_with_many_axes(project):
    axes = "".join(f"        A{i}: [1, 2]\n" for i in range(1000))
    refused(project, "build:\n  script: make\n  parallel:\n    matrix:\n      -\n" + axes, r"pipe\.yml:\d+:\d+: error: ")


def test_too_many_jobs(project):
    refused(project, "".join(f"j{i}: {{script: x, parallel: 10000}}\n" for i in range(11)),
            r"pipe\.yml:11:1: error: there are more than 100000 jobs")


def test_extends_bomb(project):
    """Each template extends the one before twice, with a large map in it."""
    lines = [".t0: {variables: {" + ", ".join(f"V{i}: x" for i in range(1000)) + "}}"]
    lines += [f".t{i}: {{extends: [.t{i - 1}, .t{i - 1}]}}" for i in range(1, 10)]
    lines += [f"j{i}: {{script: x, extends: .t9, variables: {{A: '{i}'}}}}" for i in range(3000)]
    refused(project, "\n".join(lines) + "\n", r"the pipeline is valid|pipe\.yml:\d+:\d+: error: the pipeline has more than", codes=(0, 2))


def test_reference_bomb(project):
    lines = [".r0: {script: [x, x, x, x, x, x, x, x, x, x]}"]
    for i in range(1, 9):
        lines.append(f".r{i}: {{script: [" + ", ".join([f"!reference [.r{i - 1}, script]"] * 10) + "]}")
    lines.append("build: {script: !reference [.r8, script]}")
    refused(project, "\n".join(lines) + "\n", r"pipe\.yml:\d+:\d+: error: ")


def test_interpolation_bomb(project):
    big = "x" * 1000
    refused(project, f"spec:\n  inputs:\n    a: {{default: '{big}'}}\n---\nbuild:\n  script: '" + "$[[ inputs.a ]]" * 5000 + "'\n",
            r"pipe\.yml:\d+:\d+: error: this text is longer than 1 MiB")


def test_needs_of_all(project):
    """2,000 jobs that need 2,000 jobs each, spelt out: no more than their text costs."""
    names = [f"a{i}" for i in range(1500)]
    text = "".join(f"{n}: {{script: x, stage: build}}\n" for n in names)
    text += ".n: &n [" + ", ".join(names) + "]\n" + "".join(f"b{i}: {{script: x, needs: *n}}\n" for i in range(1500))
    refused(project, text, r"the pipeline is valid|error", codes=(0, 2))


def test_a_chain_of_needs(project):
    """Rings are looked for without the program's stack."""
    text = "".join(f"j{i}: {{script: x, needs: [j{i + 1}]}}\n" for i in range(50_000)) + "j50000: {script: x, needs: [j0]}\n"
    refused(project, text, r"jobs need each other in a ring: .*more\)")


def test_a_deep_condition(project):
    refused(project, "build:\n  script: make\n  rules:\n    - if: '" + "(" * 100_000 + "$A" + ")" * 100_000 + "'\n",
            r"pipe\.yml:4:\d+: error: ")


def test_a_long_condition(project):
    refused(project, "build:\n  script: make\n  rules:\n    - if: '" + " || ".join(["$A == \"x\""] * 100_000) + "'\n",
            r"the pipeline is valid|error|warning", codes=(0, 2))


def test_a_glob_with_many_braces(project):
    refused(project, "build:\n  script: make\n  rules:\n    - exists: ['" + "{a,b}" * 64 + "']\n    - when: always\n", r".", codes=(0, 2))


def test_a_huge_line(project):
    out = refused(project, "build: {script: make, stage: " + "s" * 10_000_000 + "}\n", r"pipe\.yml:1:30: error: there is no stage")
    assert len(out) < 5000


def test_names_of_many_bytes(project):
    refused(project, "build: {script: make, needs: [" + "n" * 1_000_000 + "]}\n", r"pipe\.yml:1:31: error: ")
