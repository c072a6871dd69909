"""uses: sign, verify and attest with the real Cosign, against a registry on this machine."""
import base64
import json

import pytest
from conftest import needs, needs_registry, reason, tool, with_tools

pytestmark = [needs("cosign", "crane"), needs_registry]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two pairs of keys, of which the first has a password."""
    directory = tmp_path_factory.mktemp("keys")
    for name, password in (("ours", "secret-of-the-key"), ("theirs", "")):
        (directory / name).mkdir()
        tool("cosign", "generate-key-pair", cwd=directory / name, env={"COSIGN_PASSWORD": password})
    return directory


@pytest.fixture
def shop(project, registry, tmp_path, keys):
    """A project with an image in the registry, and the keys in it."""
    with_tools(project, "cosign")
    project.image = registry.push_image("shop:1", tmp_path / "image", "one")
    project.registry = registry
    for name in ("ours", "theirs"):
        for kind in ("key", "pub"):
            project.write(f"keys/{name}.{kind}", (keys / name / f"cosign.{kind}").read_text())
    return project


def job(name, uses, **more):
    return f"{name}:\n  uses: {uses}\n  with:\n    plain_http: true\n" + "".join(f"    {k}: {v}\n" for k, v in more.items())


def sign(shop, **more):
    r = shop.run(job("sign", "sign", **{"image": shop.image, "key": "keys/ours.key", "password": "secret-of-the-key", **more}))
    assert r.jobs == {"sign": "success"}, r.text
    return r


def verify(shop, **more):
    return shop.run(job("verify", "verify", **{"image": shop.image, "key": "keys/ours.pub", **more}))


def predicate(shop, kind):
    """What the real Cosign says is attested, with the key checked."""
    out = tool("cosign", "verify-attestation", "--key", shop.path / "keys/ours.pub", "--type", kind, "--insecure-ignore-tlog=true",
               "--allow-http-registry", shop.image)
    line = next(line for line in out.splitlines() if line.startswith("{"))
    return json.loads(base64.b64decode(json.loads(line)["payload"]))


def test_an_image_is_signed_and_verified(shop):
    sign(shop, annotations="{commit: $CI_COMMIT_SHORT_SHA}")
    assert verify(shop).jobs == {"verify": "success"}
    assert verify(shop, annotations="{commit: $CI_COMMIT_SHORT_SHA}").jobs == {"verify": "success"}
    r = verify(shop, annotations="{commit: another}")
    assert r.jobs == {"verify": "failed"}


def test_the_wrong_key_an_unsigned_image_and_a_changed_digest(shop, tmp_path):
    sign(shop)
    r = verify(shop, key="keys/theirs.pub")
    assert r.jobs == {"verify": "failed"}
    assert reason(r, "verify") == f"{shop.image} has no signature that this key, these annotations and this policy fit"
    other = shop.registry.push_image("shop:2", tmp_path / "other", "two")
    r = verify(shop, image=other)
    assert r.jobs == {"verify": "failed"}
    assert reason(r, "verify") == f"{other} has no such signature"
    r = verify(shop, image=shop.image[:-4] + "0000")
    assert r.jobs == {"verify": "failed"}
    assert shop.image[:-4] + "0000" in reason(r, "verify")


def test_a_tag_alone_is_refused(shop):
    r = shop.run(job("sign", "sign", image=f"{shop.registry.address}/shop:1", key="keys/ours.key"))
    assert r.status == 2 and "is no image by its digest" in r.text
    r = shop.run(job("sign", "sign", key="keys/ours.key"))
    assert r.status == 2 and 'a job with "uses: image" that this one needs sets $IMAGE' in r.text


def test_the_image_of_a_job_before(shop):
    """$IMAGE, as `uses: image` hands it on."""
    text = (f"build:\n  stage: build\n  script: echo IMAGE={shop.image} > .env\n  artifacts: {{reports: {{dotenv: .env}}}}\n"
            + job("sign", "sign", key="keys/ours.key", password="secret-of-the-key"))
    r = shop.run(text)
    assert r.jobs == {"build": "success", "sign": "success"}, r.text
    assert verify(shop).jobs == {"verify": "success"}


def test_a_key_in_a_variable_is_never_seen(shop, keys):
    key = (keys / "ours" / "cosign.key").read_text()
    r = shop.run(job("sign", "sign", image=shop.image, key="$SIGNING_KEY"),
                 "--variable", f"SIGNING_KEY={key}", "--variable", "COSIGN_PASSWORD=secret-of-the-key")
    assert r.jobs == {"sign": "success"}, r.text
    log = "\n".join(r.lines("sign"))
    assert "BEGIN" not in log and key.splitlines()[1] not in log and "secret-of-the-key" not in log
    assert "env://" in log
    assert verify(shop).jobs == {"verify": "success"}


def test_a_wrong_password_and_a_key_that_is_not_there(shop):
    r = shop.run(job("sign", "sign", image=shop.image, key="keys/ours.key", password="wrong"))
    assert r.jobs == {"sign": "failed"}
    assert any("decrypt" in line for line in r.lines("sign"))
    r = shop.run(job("sign", "sign", image=shop.image, key="keys/nobody.key"))
    assert r.status == 2 and 'the key "keys/nobody.key" is not there' in r.text
    r = shop.run(job("sign", "sign", image=shop.image, key="$NOBODY"))
    assert r.status == 2 and 'there is no key: "$NOBODY" stands for nothing' in r.text


def test_provenance_from_the_record_of_the_run(shop):
    r = shop.run("variables: {FLAVOUR: dark}\n" + job("provenance", "attest", image=shop.image, key="keys/ours.key", password="secret-of-the-key",
                            builder="https://ci.example.com/pipe", output="out/provenance.json"),
                 "--variable", "RELEASE=7", "--secret", "API_TOKEN=never-in-there-1")
    assert r.jobs == {"provenance": "success"}, r.text
    statement = predicate(shop, "slsaprovenance1")
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"][0]["digest"]["sha256"] == shop.image.split("@sha256:")[1]
    p = statement["predicate"]
    assert p["runDetails"]["builder"]["id"] == "https://ci.example.com/pipe"
    told = p["buildDefinition"]["externalParameters"]
    assert told["pipeline"]["file"] == ".gitlab-ci.yml" and told["job"] == "provenance" and told["pipeline"]["ref"] == "main"
    assert told["variables"] == {"FLAVOUR": "dark", "RELEASE": "7"}
    assert "never-in-there-1" not in json.dumps(p)
    commit = shop.git("rev-parse", "HEAD").strip()
    taken = p["buildDefinition"]["resolvedDependencies"]
    assert taken[0]["digest"] == {"gitCommit": commit} and taken[0]["uri"].startswith("git+")
    metadata = p["runDetails"]["metadata"]
    assert metadata["invocationID"].endswith(":1") and metadata["startedOn"] <= metadata["finishedOn"]
    written = json.loads(shop.read("out/provenance.json"))
    assert written["buildDefinition"]["buildType"] == "urn:pipe:pipeline:v1"
    assert written["runDetails"]["metadata"]["invocationId"] == metadata["invocationID"]  # Cosign writes it otherwise than SLSA does
    assert verify(shop, attestation="slsaprovenance1").jobs == {"verify": "success"}
    r = verify(shop, attestation="slsaprovenance1", key="keys/theirs.pub")
    assert r.jobs == {"verify": "failed"}
    r = verify(shop, attestation="cyclonedx")
    assert r.jobs == {"verify": "failed"}


def test_an_sbom_is_attested(shop):
    shop.write("sbom.json", json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"name": "a", "version": "1"}]}))
    r = shop.run(job("sbom", "attest", image=shop.image, key="keys/ours.key", password="secret-of-the-key", predicate="sbom.json", type="cyclonedx"))
    assert r.jobs == {"sbom": "success"}, r.text
    assert predicate(shop, "cyclonedx")["predicate"]["components"][0]["name"] == "a"
    r = verify(shop, attestation="cyclonedx")
    assert r.jobs == {"verify": "success"}


def test_a_policy_judges_what_is_attested(shop):
    assert shop.run(job("p", "attest", image=shop.image, key="keys/ours.key", password="secret-of-the-key",
                        builder="https://ci.example.com/pipe")).jobs == {"p": "success"}
    shop.write("good.cue", 'predicate: runDetails: builder: id: "https://ci.example.com/pipe"\n')
    shop.write("bad.cue", 'predicate: runDetails: builder: id: "https://ci.example.com/another"\n')
    assert verify(shop, attestation="slsaprovenance1", policy="good.cue").jobs == {"verify": "success"}
    assert verify(shop, attestation="slsaprovenance1", policy="bad.cue").jobs == {"verify": "failed"}


def test_what_cannot_be_attested(shop):
    r = shop.run(job("a", "attest", image=shop.image, key="keys/ours.key", predicate="nothing.json", type="cyclonedx"))
    assert r.status == 2 and 'the predicate "nothing.json" is not there' in r.text
    shop.write("sbom.json", "this is no JSON")
    r = shop.run(job("a", "attest", image=shop.image, key="keys/ours.key", password="secret-of-the-key", predicate="sbom.json", type="cyclonedx"))
    assert r.jobs == {"a": "failed"}
    assert any("invalid character" in line for line in r.lines("a"))


def test_a_registry_that_is_not_there(shop):
    shop.registry.stop()
    r = verify(shop)
    assert r.jobs == {"verify": "failed"}
    assert any("connection refused" in line for line in r.lines("verify"))
