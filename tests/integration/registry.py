"""Registries for tests: Debian's docker-registry on a loopback port (plain, with TLS, with a login, with tokens), a proxy in front of one
that does what networks do, and servers that answer as they are told."""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import socketserver
import subprocess
import threading
import time
import urllib.parse

REGISTRY = shutil.which("docker-registry")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificates(directory):
    """A CA and a certificate of it for localhost and 127.0.0.1."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=directory, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=test CA", "-days", "2")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "2",
            "-extfile", "names")


class Registry:
    """docker-registry, until stop()."""

    def __init__(self, directory, tls=False, htpasswd=None, token=None, delete=True):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        self.tls = tls
        settings = {
            "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.directory / "data")}, "delete": {"enabled": delete}},
            "http": {"addr": f"127.0.0.1:{self.port}", "secret": "a"},
        }
        if tls:
            certificates(self.directory)
            settings["http"]["tls"] = {"certificate": str(self.directory / "server.pem"), "key": str(self.directory / "server.key")}
        if htpasswd:
            self.write_passwords(*htpasswd)
            settings["auth"] = {"htpasswd": {"realm": "test", "path": str(self.directory / "htpasswd")}}
        if token:
            settings["auth"] = {"token": {"realm": token.realm, "service": "test", "issuer": "test", "rootcertbundle": str(token.certificate)}}
        self.config = self.directory / "config.yml"
        self.config.write_text(json.dumps(settings))  # JSON is YAML
        self.start()

    @property
    def ca(self):
        return str(self.directory / "ca.pem")

    def write_passwords(self, user, password):
        subprocess.run(["htpasswd", "-Bbc", str(self.directory / "htpasswd"), user, password], check=True, capture_output=True)

    def start(self):
        self.log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen([REGISTRY, "serve", str(self.config)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        for _ in range(400):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, (self.directory / "log").read_text()
            time.sleep(0.025)
        raise AssertionError("docker-registry does not listen")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Calls handle(request) for each request, on a port of its own; `seen` has (method, path, headers)."""
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handle):
        self.seen = []
        outer = self

        class Handler(Quiet):
            def serve(self):
                outer.seen.append((self.command, self.path, dict(self.headers)))
                try:
                    handle(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.host = f"localhost:{self.port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, address):
        pass


class TokenServer(Server):
    """Gives out tokens that docker-registry believes, to one user (or to everybody, where there is none)."""

    def __init__(self, directory, user=None, password=None, identity=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.user, self.password, self.identity = user, password, identity
        self.lifetime = 300
        self.certificate = self.directory / "token.pem"
        self.key = self.directory / "token.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(self.key), "-out", str(self.certificate),
                        "-subj", "/CN=tokens", "-days", "2"], check=True, capture_output=True)
        super().__init__(self.give)
        self.realm = f"http://localhost:{self.port}/token"

    def token(self, scopes):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=")
        chain = "".join(self.certificate.read_text().splitlines()[1:-1])
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":", 2)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [chain]}
        body = {"iss": "test", "sub": self.user or "", "aud": "test", "exp": now + self.lifetime, "nbf": now - 10, "iat": now,
                "jti": str(time.time_ns()), "access": access}
        text = part(json.dumps(head).encode()) + b"." + part(json.dumps(body).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.key)], input=text, capture_output=True, check=True).stdout
        return (text + b"." + part(signature)).decode()

    def give(self, request):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(request.path).query)
        if request.command == "POST":
            form = urllib.parse.parse_qs(request.rfile.read(int(request.headers["Content-Length"])).decode())
            good = form.get("refresh_token") == [self.identity] and form.get("grant_type") == ["refresh_token"]
            query = form
        else:
            wanted = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            good = self.user is None or request.headers.get("Authorization") == wanted
        if not good:
            return request.answer(401, b'{"details":"incorrect username or password"}')
        token = self.token(query.get("scope", []))
        request.answer(200, json.dumps({"access_token": token} if request.command == "POST" else {"token": token}).encode())


class Proxy(Server):
    """Hands requests on to a registry.  fault(request, number) may answer in its place (and return True), or cut: set request.cut_up or
    request.cut_down to the bytes of a body that still pass."""

    def __init__(self, registry, fault):
        self.registry, self.fault, self.count = registry, fault, 0
        self.lock = threading.Lock()
        super().__init__(self.hand_on)

    def hand_on(self, request):
        with self.lock:
            self.count += 1
            number = self.count
        request.cut_up = request.cut_down = None
        if self.fault(request, number):
            return
        with socket.create_connection(("127.0.0.1", self.registry.port)) as up:
            self.send_up(request, up)
            if request.cut_up is None:
                self.send_down(request, up)
        request.close_connection = True

    def send_up(self, request, up):
        lines = [f"{request.command} {request.path} HTTP/1.1"]
        lines += [f"{k}: {v}" for k, v in request.headers.items() if k.lower() != "connection"] + ["Connection: close", "", ""]
        up.sendall("\r\n".join(lines).encode())
        left = int(request.headers.get("Content-Length", 0))
        sent = 0
        while left:
            if request.cut_up is not None and sent >= request.cut_up:
                time.sleep(0.2)  # what was sent arrives
                request.connection.shutdown(socket.SHUT_RDWR)
                return
            data = request.rfile.read(min(left, 65536))
            up.sendall(data)
            sent += len(data)
            left -= len(data)

    def send_down(self, request, up):
        sent = head = 0
        seen = b""
        while data := up.recv(65536):
            if request.cut_down is not None:
                seen += data
                head = head or (seen.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in seen else 0)
                left = request.cut_down + head - sent
                if head and len(data) >= left:
                    request.wfile.write(data[:left])
                    request.wfile.flush()
                    request.connection.shutdown(socket.SHUT_RDWR)
                    return
            request.wfile.write(data)
            sent += len(data)


def fetch(registry, method, path, body=None, headers=None):
    """A request of the test's own, past the client."""
    import http.client
    c = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=20)
    c.request(method, path, body, headers or {})
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, dict(r.getheaders()), data


def push_blob(registry, repository, data):
    status, headers, _ = fetch(registry, "POST", f"/v2/{repository}/blobs/uploads/")
    assert status == 202
    path = headers["Location"].split(str(registry.port), 1)[1]
    status, _, text = fetch(registry, "PUT", f"{path}&digest={urllib.parse.quote(digest_of(data))}", data,
                            {"Content-Type": "application/octet-stream"})
    assert status == 201, text
    return {"mediaType": "application/octet-stream", "digest": digest_of(data), "size": len(data)}


def push_manifest(registry, repository, reference, manifest):
    body = json.dumps(manifest).encode()
    status, _, text = fetch(registry, "PUT", f"/v2/{repository}/manifests/{reference or digest_of(body)}", body,
                            {"Content-Type": manifest["mediaType"]})
    assert status == 201, text
    return {"mediaType": manifest["mediaType"], "digest": digest_of(body), "size": len(body)}


def push_image(registry, repository, tag, created=None, salt=""):
    """A small image; its descriptor.  created: of its config; None: it does not say."""
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "config": {"Labels": {"salt": salt}}}
    if created:
        config["created"] = created
    layer = push_blob(registry, repository, b"layer " + salt.encode())
    blob = push_blob(registry, repository, json.dumps(config).encode())
    blob["mediaType"] = "application/vnd.oci.image.config.v1+json"
    return push_manifest(registry, repository, tag, {"schemaVersion": 2, "mediaType": MANIFEST, "config": blob, "layers": [layer]})


def tags(registry, repository):
    status, _, text = fetch(registry, "GET", f"/v2/{repository}/tags/list")
    return set(json.loads(text).get("tags") or []) if status == 200 else set()
