"""Secrets reach jobs, and nothing else: no log, no event, no file below .pipe, no command's output."""
import base64
import json
import subprocess
import urllib.parse

import pytest

SECRET = "hunter2-s3cr3t/&x"


def leaks(project, secret):
    """Every place below .pipe where it stands, compressed or not."""
    found = []
    for f in (project.path / ".pipe").rglob("*"):
        if secret in f.name:
            found.append(f.name)
        if f.is_file():
            data = f.read_bytes()
            if f.suffix == ".zst":
                data += subprocess.run(["zstd", "-dcq", str(f)], capture_output=True, check=False).stdout
            if secret.encode() in data:
                found.append(str(f))
    return found


LOOKS = (["history"], ["history", "--format", "json"], ["show"], ["show", "--format", "json"], ["show", "--definition"], ["show", "--variables"],
         ["show", "--events"], ["artifacts"], ["artifacts", "--format", "json"], ["logs", "j"], ["logs", "j", "--format", "json"], ["logs", "j", "-t"])


@pytest.mark.parametrize("how", [[], ["--isolate"]])
def test_everywhere(project, how):
    project.write("child.yml", "c: {script: ['echo child $TOKEN', 'echo $Y'], after_script: ['echo $TOKEN']}\n")
    r = project.run("""
workflow: {name: "name $TOKEN"}
variables: {Y: "pre-$TOKEN-post"}
stages: [a, b]
j:
  stage: a
  script: ['echo $TOKEN $Y', 'echo "D=$TOKEN" > d.env', 'echo $TOKEN >&2']
  after_script: ['echo after $TOKEN']
  artifacts: {name: "art-$TOKEN", paths: ["no-$TOKEN", README], reports: {dotenv: d.env}}
  cache: {key: "k-$TOKEN", paths: [README], fallback_keys: ["f-$TOKEN"]}
  environment: {name: "env/$TOKEN", url: "https://$TOKEN"}
m: {stage: a, parallel: {matrix: [{V: ["$TOKEN", b]}]}, script: ['echo $V']}
t: {stage: b, trigger: {include: child.yml, forward: {pipeline_variables: true}, strategy: depend}}
k: {stage: b, script: ['test "$D" = "$TOKEN"', 'echo "$D"'], resource_group: "g-$TOKEN"}
""", *how, "--secret", "TOKEN=" + SECRET)
    assert r.status == 0, r.text
    assert SECRET not in r.text
    assert r.lines("k") == ["[MASKED]"] and r.lines("j")[:2] == ["[MASKED] pre-[MASKED]-post", "[MASKED]"]
    assert r.lines("t -> c") == ["child [MASKED]", "pre-[MASKED]-post", "[MASKED]"]
    for look in LOOKS:
        assert SECRET not in project.pipe(*look).text, look
    assert leaks(project, SECRET) == []


def test_a_plain_secret_is_in_no_file_name(project):
    project.run("j: {cache: {key: $TOKEN, paths: [README]}, script: ['true']}\n", "--secret", "TOKEN=plainsecret")
    assert leaks(project, "plainsecret") == []
    assert len(list((project.path / ".pipe" / "cache").iterdir())) == 1


def test_across_writes_and_at_the_end_without_a_newline(project):
    r = project.run("""
j: {script: ['for part in hun ter2 -s3 cr3t/ "&x"; do printf %s "$part"; sleep 0.03; done', 'printf "\\n%s" "$TOKEN"']}
half: {script: ['printf hunter2-s3']}
""", "--secret", "TOKEN=" + SECRET)
    assert r.lines("j") == ["[MASKED]", "[MASKED]"]
    assert r.lines("half") == ["hunter2-s3"]
    assert leaks(project, SECRET) == []


def test_derived_forms(project):
    project.write("show.py", """
import base64, json, os, urllib.parse
t = os.environ["TOKEN"]
for pad in ("", "x", "xx"):
    print(base64.b64encode((pad + t + "tail").encode()).decode())
    print(base64.urlsafe_b64encode((pad + t + "tail").encode()).decode())
print(urllib.parse.quote(t, safe=""))
print(urllib.parse.quote_plus(t))
print(json.dumps({"a": t}))
""")
    secret = 'line "one" of it\nsecond/line+two ü'
    r = project.run("j: {script: [python3 show.py, 'echo \"$TOKEN\"', 'echo \"$TOKEN\" | tail -1']}\n", "--secret", "TOKEN=" + secret)
    assert r.status == 0, r.text
    lines = r.lines("j")
    assert all("[MASKED]" in line for line in lines), lines
    text = "\n".join(lines)
    for pad in range(3):
        # what is whole of the secret, whatever stands before and after it
        core = base64.b64encode((b"x" * pad) + secret.encode()).decode().rstrip("=")[4 if pad else 0:-4]
        assert core not in text and core.replace("+", "-").replace("/", "_") not in text
    assert urllib.parse.quote(secret.splitlines()[0], safe="") not in text
    assert json.dumps(secret.splitlines()[0])[1:-1] not in text
    assert "second" not in text


def test_from_the_environment_and_from_files(project):
    project.write("vars.yml", "TOKEN: {value: filesecret99, masked: true}\nPROD: {value: scopedsecret77, masked: true, environment_scope: 'prod*'}\nPLAIN: seen\n")
    r = project.run("""
j: {environment: prod1, script: ['echo $TOKEN $PROD $PLAIN $FROM_ENV', 'test $FROM_ENV = env-secret-1']}
k: {environment: dev, script: ['echo "[$PROD]"']}
""", "--variables-file", "vars.yml", "--secret", "FROM_ENV", env={"FROM_ENV": "env-secret-1"})
    assert r.status == 0, r.text
    assert r.lines("j") == ["[MASKED] [MASKED] seen [MASKED]"]
    assert r.lines("k") == ["[]"]
    for secret in ("filesecret99", "scopedsecret77", "env-secret-1"):
        assert leaks(project, secret) == []


def test_a_value_too_short_to_be_masked_is_said(project):
    r = project.run("j: {script: ['true']}\n", "--secret", "T=ab")
    assert '\\"T\\"' in r.text and "too short" in r.text


def test_a_variables_file_that_is_wrong_is_not_half_read(project):
    for text in ("T: {value: x1234, masked: maybe}\n", "T: {value: x1234, maskd: true}\n", "T: {masked: true}\n", "T: [1]\n"):
        project.write("v.yml", text)
        r = project.run("j: {script: ['true']}\n", "--variables-file", "v.yml")
        assert r.status == 2 and "v.yml:1:" in r.err, r.text
    r = project.run(None, "--variables-file", "none.yml")
    assert r.status == 0 and "none.yml" in r.err, "it may be missing, but not in silence"


def test_retry_asks_for_the_secrets_again(project):
    yaml = "a: {script: ['echo [$TOKEN]', 'test -e ok']}\n"
    assert project.run(yaml, "--secret", "TOKEN=" + SECRET).status == 1
    assert "--secret TOKEN" in project.pipe("retry", "--format", "json").err
    project.write("ok", "")
    r = project.pipe("retry", "--format", "json", env={"TOKEN": SECRET})
    assert r.status == 0 and r.lines("a") == ["[[MASKED]]"] and "--secret" not in r.err
    assert leaks(project, SECRET) == []


def test_a_reported_secret_is_made_again_by_a_retry(project):
    yaml = """
stages: [a, b]
mk: {stage: a, script: ['echo D=$TOKEN > e'], artifacts: {reports: {dotenv: e}}}
use: {stage: b, script: ['test "$D" = "$TOKEN"', 'test -e ok']}
"""
    secret = ["--secret", "TOKEN=" + SECRET]
    assert project.run(yaml, *secret).jobs == {"mk": "success", "use": "failed"}
    project.write("ok", "")
    r = project.pipe("retry", "--format", "json", *secret)
    assert r.status == 0 and r.jobs["use"] == "success", r.text
    assert leaks(project, SECRET) == []


def test_plain_output_is_masked_as_well(project):
    project.write(".gitlab-ci.yml", "j: {script: ['echo $TOKEN', 'exit 1'], artifacts: {paths: ['$TOKEN']}}\n")
    r = project.pipe("run", "--format", "plain", "--secret", "TOKEN=" + SECRET)
    assert r.status == 1 and SECRET not in r.text and "[MASKED]" in r.text
