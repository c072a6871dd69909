"""`make install`: what is laid down where, that it works from there, and that what is made from the code's tables is fresh."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT, clean_env


def make(*args):
    """One make of the checkout, not a part of the one that may run these tests."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    r = subprocess.run(["make", "-s", f"BUILD={os.path.relpath(BUILD, ROOT)}", *args], cwd=ROOT, env=env, capture_output=True, text=True,
                       timeout=300, check=False)
    assert r.returncode == 0, r.stdout + r.stderr
    return r.stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A package's root directory: DESTDIR, with the prefix below it."""
    root = tmp_path_factory.mktemp("root")
    make("install", f"DESTDIR={root}", "PREFIX=/opt/pipe")
    return root


def version():
    return re.search(r'PIPE_VERSION "(.*)"', (ROOT / "include" / "pipe.h").read_text())[1]


def test_files(root):
    prefix = root / "opt" / "pipe"
    found = sorted(str(p.relative_to(prefix)) for p in prefix.rglob("*") if not p.is_dir())
    assert found == sorted([
        "bin/pipe", "include/pipe.h", "lib/libpipe.a", "lib/libpipe.so", "lib/libpipe.so.0", f"lib/libpipe.so.{version()}",
        "lib/pkgconfig/libpipe.pc", "share/man/man1/pipe.1", "share/bash-completion/completions/pipe",
        "share/zsh/site-functions/_pipe", "share/fish/vendor_completions.d/pipe.fish", "share/pipe/lua/pipe.lua"])
    assert os.readlink(prefix / "lib/libpipe.so") == "libpipe.so.0"
    assert os.readlink(prefix / "lib/libpipe.so.0") == f"libpipe.so.{version()}"
    assert [p.name for p in root.iterdir()] == ["opt"]


def test_the_program_works_from_there(root, tmp_path):
    env = {**clean_env(tmp_path), "PATH": f"{root}/opt/pipe/bin:{os.environ['PATH']}"}
    (tmp_path / "pipe.yml").write_text("job:\n  script: [echo installed]\n")
    r = subprocess.run(["pipe", "run"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert r.returncode == 0 and "installed" in r.stdout
    r = subprocess.run(["pipe", "version"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert version() in r.stdout


def test_pkg_config(root):
    env = {**os.environ, "PKG_CONFIG_PATH": str(root / "opt/pipe/lib/pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(root)}
    out = {what: subprocess.run(["pkg-config", *what.split(), "libpipe"], env=env, capture_output=True, text=True, check=True).stdout.strip()
           for what in ("--modversion", "--cflags", "--libs", "--static --libs")}
    assert out["--modversion"] == version()
    assert out["--cflags"] == f"-I{root}/opt/pipe/include"
    assert out["--libs"] == f"-L{root}/opt/pipe/lib -lpipe"
    assert "-lsqlite3" in out["--static --libs"] and "-lyaml" in out["--static --libs"]


def test_only_the_public_names_are_exported(root):
    symbols = subprocess.run(["nm", "-D", "--defined-only", root / "opt/pipe/lib/libpipe.so"], capture_output=True, text=True, check=True).stdout
    names = {line.split()[2] for line in symbols.splitlines()}
    if any("__asan" in n or "__ubsan" in n for n in names):
        pytest.skip("the library carries a sanitizer's names")
    header = (ROOT / "include" / "pipe.h").read_text()
    assert names == set(re.findall(r"^PIPE_API [^;(]*?\*?(\w+)\(", header, re.M))


def test_manual_page_is_well_formed(root):
    page = root / "opt/pipe/share/man/man1/pipe.1"
    text = page.read_text()
    for command in ("run", "lint", "history", "retry"):
        assert f".SS pipe {command} " in text
    try:
        r = subprocess.run(["man", "--warnings", "-l", page], env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"}, capture_output=True,
                           text=True, timeout=30, check=False)
    except FileNotFoundError:
        return
    assert r.stderr == ""


def test_bash_completion(root, tmp_path):
    ask = "source $0; COMP_WORDS=(pipe hist); COMP_CWORD=1; _pipe; echo ${COMPREPLY[@]}"
    r = subprocess.run(["bash", "-c", ask, root / "opt/pipe/share/bash-completion/completions/pipe"], capture_output=True, text=True, check=False,
                       env={**clean_env(tmp_path), "PATH": f"{root}/opt/pipe/bin:{os.environ['PATH']}"}, cwd=tmp_path)
    assert r.stdout.strip() == "history", r.stderr


def test_made_documents_are_fresh(tmp_path):
    """`make docs` and commit when this fails."""
    subprocess.run([ROOT / "packaging" / "docs.sh", BUILD / "pipe", tmp_path], check=True)
    made = [p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()]
    assert len(made) == 10
    stale = [str(p) for p in made if not (ROOT / p).exists() or (ROOT / p).read_text() != (tmp_path / p).read_text()]
    assert stale == []


def test_documents_point_at_what_is_there():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    missing = [f"{page.relative_to(ROOT)}: {target}" for page in pages
               for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
               if not (page.parent / target).exists()]
    assert len(pages) > 8
    assert missing == []
