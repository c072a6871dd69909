"""The service from outside: started on a free port, spoken to over HTTP, stopped."""
import http.client
import json
import os
import re
import subprocess

import pytest

BINARY = os.environ.get("LINKS", "build/links")


class Service:
    def __init__(self, database):
        self.database = str(database)

    def start(self):
        self.process = subprocess.Popen([BINARY, "--port", "0", "--database", self.database], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.search(r":(\d+)$", line.strip())
        assert match, f"the service did not say where it listens: {line!r}"
        self.port = int(match.group(1))
        return self

    def stop(self):
        self.process.terminate()
        rest = self.process.communicate(timeout=10)[0]
        assert self.process.returncode == 0 and "stopped" in rest

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, json.loads(text) if text else None


@pytest.fixture
def service(tmp_path):
    s = Service(tmp_path / "links.db").start()
    yield s
    s.stop()


def test_it_is_healthy(service):
    assert service.ask("GET", "/healthz")[2] == {"status": "ok", "links": 0}


def test_a_link_is_made_and_followed(service):
    status, _, made = service.ask("POST", "/links", "https://example.org/a/long/address")
    assert status == 201
    status, headers, _ = service.ask("GET", "/" + made["code"])
    assert (status, headers["Location"]) == (302, "https://example.org/a/long/address")
    assert service.ask("GET", f"/{made['code']}/hits")[2] == {"code": made["code"], "hits": 1}


def test_the_same_address_keeps_its_code(service):
    first = service.ask("POST", "/links", "http://example.org/\n")
    again = service.ask("POST", "/links", "http://example.org/")
    assert (first[0], again[0]) == (201, 200)
    assert first[2] == again[2]


@pytest.mark.parametrize("body", ["", "not an address", "ftp://example.org/", "http://a b/"])
def test_what_is_no_address_is_refused(service, body):
    assert service.ask("POST", "/links", body)[0] == 400


@pytest.mark.parametrize("path", ["/", "/0", "/zzz", "/abc/def", "/" + "z" * 100])
def test_what_is_not_there_is_not_found(service, path):
    assert service.ask("GET", path)[0] == 404


def test_other_methods_are_refused(service):
    assert service.ask("POST", "/elsewhere", "http://example.org/")[0] == 405


def test_links_survive_a_restart(tmp_path):
    service = Service(tmp_path / "links.db").start()
    code = service.ask("POST", "/links", "http://example.org/kept")[2]["code"]
    service.stop()
    service.start()
    assert service.ask("GET", "/" + code)[1]["Location"] == "http://example.org/kept"
    service.stop()


def test_a_taken_port_is_said(service, tmp_path):
    second = subprocess.run([BINARY, "--port", str(service.port), "--database", str(tmp_path / "2.db")], capture_output=True, text=True)
    assert second.returncode == 1 and "cannot listen on port" in second.stderr
