"""`pipe advisories compare`: what it prints, what it says of what is no version, and the shared vectors (PIPE_SHARED_DATA) with all of them
through the command line."""
import os
import pathlib

import pytest

SHARED = pathlib.Path(os.environ.get("PIPE_SHARED_DATA", "/nonexistent")) / "versions"


@pytest.mark.parametrize("scheme, a, b, sign", [
    ("apk", "1.2_rc1-r0", "1.2-r0", "<"),
    ("bitnami", "1.2.3-1", "1.2.3", ">"),
    ("deb", "1:1.0~rc1-1", "2.0-1", ">"),
    ("gem", "1.0.a", "1", "<"),
    ("generic", "v1.2", "1.2.0", "="),
    ("maven", "1-alpha-1", "-alpha-1", ">"),
    ("maven", "-1", "--help-me", ">"),
    ("pep440", "1.0.PREVIEW-1", "1.0rc1", "="),
    ("rpm", "1^git1-1", "1-1", ">"),
    ("rpm", "2:1-1", "-:9-1", ">"),
    ("semver", "1.0.0-alpha.9", "1.0.0-alpha.10", "<"),
])
def test_prints_how_they_stand(plain_project, scheme, a, b, sign):
    r = plain_project.pipe("advisories", "compare", scheme, a, b)
    assert (r.status, r.out, r.err) == (0, sign + "\n", "")


@pytest.mark.parametrize("words, said", [
    (["semver", "1.0.0", "1.0"], '"1.0" is no version of the scheme semver: it is not three numbers'),
    (["deb", "a:1", "1"], '"a:1" is no version of the scheme deb: it has something else than a number before the colon'),
    (["rpm", "", "1"], '"" is no version of the scheme rpm: it is empty'),
    (["semvar", "1.0.0", "1.0.0"], 'did you mean "semver"?'),
    (["cobol", "1", "1"], "only apk, bitnami, deb, gem, generic, maven, pep440, rpm, semver"),
    (["deb", "1"], "usage: pipe advisories compare SCHEME A B"),
    (["deb", "1", "2", "3"], "usage: pipe advisories compare SCHEME A B"),
])
def test_refuses_and_says_why(plain_project, words, said):
    r = plain_project.pipe("advisories", "compare", *words)
    assert r.status == 2 and not r.out
    assert said in r.err


def test_other_sub_commands(plain_project):
    r = plain_project.pipe("advisories", "compere", "deb", "1", "2")
    assert r.status == 2 and 'did you mean "compare"?' in r.err
    assert plain_project.pipe("advisories").status == 2
    r = plain_project.pipe("advisories", "compare", "--help")
    assert r.status == 0 and "SCHEME A B" in r.out


@pytest.mark.skipif(not SHARED.is_dir(), reason="PIPE_SHARED_DATA does not name a folder with versions/")
def test_shared_vectors(plain_project):
    wrong, count = [], 0
    for file in sorted(SHARED.glob("*.tsv")):
        for line in file.read_text().splitlines():
            a, sign, b = line.split("\t")
            r = plain_project.pipe("advisories", "compare", file.stem, a, b)
            count += 1
            if (r.status, r.out) != (0, sign + "\n"):
                wrong.append(f"{file.stem}: {line}: {r.text.strip()}")
    assert count and not wrong, f"{len(wrong)} of {count} differ:\n" + "\n".join(wrong[:20])
