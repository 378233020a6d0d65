"""Debian's docker-registry as a peer: push, resume, mount, both kinds of login."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from scripted_registry import CONFIG, MANIFEST, Reply, blob, certify

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DigestMismatch, ImageNotFound, RegistryError, Unauthorized
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor
from dockmagic.registry.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scripted_registry import Asked, Scripted

    from dockmagic.registry.registries import Registries

pytestmark = pytest.mark.skipif(shutil.which("docker-registry") is None, reason="needs docker-registry")

CONTENT = hashlib.shake_256(b"big").digest(3_000_000)
DESC = blob(CONTENT)
IMAGE = Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(MANIFEST), size=len(MANIFEST))
HTPASSWD = "ann:$2b$05$abcdefghijklmnopqrstuuZImxV28ixwKVAA3Ib6WvqJ3jaF2SHwO\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a docker-registry with an `auth` section and gives its host."""
    running: list[subprocess.Popen[bytes]] = []

    def run(auth: str = "") -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            host = f"127.0.0.1:{free.getsockname()[1]}"
        config = tmp_path / "registry.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\n"
            f"http: {{addr: '{host}', secret: x}}\n{auth}"
        )
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        running.append(process)
        for _ in range(200):
            try:
                socket.create_connection((host.partition(":")[0], int(host.rpartition(":")[2]))).close()
            except OSError:
                time.sleep(0.02)
            else:
                return host
        raise RuntimeError("docker-registry does not start")

    yield run
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def push(registries: Registries, ref: Reference) -> None:
    """A small image."""
    repository = registries.repository(ref)
    config = blob(CONFIG, media.OCI_CONFIG)
    if not repository.has(config):
        repository.put(config, io.BytesIO(CONFIG))
    repository.name(ref, IMAGE, MANIFEST)


def test_what_goes_up_comes_down(start: Callable[..., str], registries: Registries) -> None:
    """Blobs, manifests, tags, the catalogue."""
    ref = Reference.parse(f"{start()}/team/app:v1")
    repository = registries.repository(ref)
    with pytest.raises(ImageNotFound):
        repository.resolve(ref)
    with pytest.raises(RegistryError, match="Push again"):
        repository.name(ref, IMAGE, MANIFEST)
    repository.put(DESC, io.BytesIO(CONTENT))
    assert repository.has(DESC)
    assert repository.read(DESC) == CONTENT
    with repository.open(DESC, offset=2_999_999) as stream:
        assert stream.read() == CONTENT[-1:]
    push(registries, ref)
    assert repository.resolve(ref) == IMAGE
    assert list(repository.tags()) == ["v1"]
    assert list(registries.catalog(ref.domain)) == ["team/app"]
    with pytest.raises(DigestMismatch):
        repository.put(blob(b"other"), io.BytesIO(b"wrong"))


def test_a_blob_is_mounted_from_another_repository(start: Callable[..., str], registries: Registries) -> None:
    """And one that is not there is put into the upload that the refusal opens."""
    host = start()
    one, two = (registries.repository(Reference.parse(f"{host}/{name}")) for name in ("one", "two"))
    one.put(DESC, io.BytesIO(CONTENT))
    assert two.mount(DESC, "one")
    assert two.has(DESC)
    small = blob(b"small")
    assert not two.mount(small, "one")
    two.put(small, io.BytesIO(b"small"))
    assert two.read(small) == b"small"


class Relay:
    """A line to a registry that breaks once, after so many bytes have gone up."""

    def __init__(self, target: str, after: int) -> None:
        self._target = (target.partition(":")[0], int(target.rpartition(":")[2]))
        self._left = after
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._open += [near, far]
            for one, other, counts in ((near, far, True), (far, near, False)):
                thread = threading.Thread(target=self._pump, args=(one, other), kwargs={"counts": counts})
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, *, counts: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                if counts and self._left > 0:
                    self._left -= len(data)
                    if self._left <= 0:
                        break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End everything."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._open:
            end.close()


def test_an_upload_that_breaks_off_arrives_whole(
    start: Callable[..., str], registries: Registries, notices: list[str]
) -> None:
    """The line breaks in the middle; the registry is asked how far it is, and gets the rest."""
    relay = Relay(start(), after=1_500_000)
    try:
        repository = registries.repository(Reference.parse(f"{relay.host}/app"))
        sent: list[int] = []
        repository.put(DESC, io.BytesIO(CONTENT), on_sent=sent.append)
        assert repository.has(DESC)
        assert repository.read(DESC) == CONTENT
        assert len(notices) == 1
    finally:
        registries.close()
        relay.close()


def test_htpasswd(start: Callable[..., str], registries: Registries, tmp_path: Path) -> None:
    """Basic authentication: login, push, pull, logout."""
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    host = start(f"auth: {{htpasswd: {{realm: here, path: {tmp_path}/htpasswd}}}}\n")
    ref = Reference.parse(f"{host}/app:v1")
    with pytest.raises(Unauthorized):
        registries.repository(ref).resolve(ref)
    with pytest.raises(Unauthorized):
        registries.login(host, "ann", Secret("wrong"))
    registries.login(host, "ann", Secret("pa:ss"))
    push(registries, ref)
    assert registries.repository(ref).resolve(ref) == IMAGE
    registries.logout(host)
    with pytest.raises(Unauthorized):
        registries.repository(ref).resolve(ref)


class TokenServer:
    """Signs tokens as the distribution project's token specification says."""

    def __init__(self, folder: Path) -> None:
        self._key, self.certificate = folder / "key.pem", folder / "cert.pem"
        certify(self.certificate, self._key, "tokens")
        self.life = 300

    def answer(self, asked: Asked) -> Reply:
        """Everything for ann, pulling for everybody."""
        known = asked.authorization == "Basic " + base64.b64encode(b"ann:pa:ss").decode()
        if asked.authorization and not known:
            return Reply(401)
        access = []
        for scope in asked.query.get("scope", []):
            kind, name, actions = scope.rsplit(":", 2)
            allowed = actions.split(",") if known else [action for action in actions.split(",") if action == "pull"]
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        claims = {"iss": "tests", "sub": "ann" if known else "", "aud": "docker-registry", "jti": str(now)}
        claims |= {"iat": now, "nbf": now - 10, "exp": now + self.life, "access": access}
        return Reply(body={"token": self._sign(claims), "expires_in": 300})

    def _sign(self, claims: dict[str, object]) -> str:
        der = "".join(self.certificate.read_text().splitlines()[1:-1])
        header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        text = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
        signing = ["openssl", "dgst", "-sha256", "-sign", str(self._key)]
        return f"{text}.{_encode(subprocess.run(signing, input=text.encode(), check=True, capture_output=True).stdout)}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_tokens(start: Callable[..., str], registries: Registries, scripted: Scripted, tmp_path: Path) -> None:
    """Bearer authentication at another host: anonymous pulling, pushing after login, tokens that end too early."""
    tokens = TokenServer(tmp_path)
    scripted.on("GET", "/token", tokens.answer)
    host = start(
        f"auth: {{token: {{realm: '{scripted.url}/token', service: docker-registry, issuer: tests, "
        f"rootcertbundle: {tokens.certificate}}}}}\n"
    )
    ref = Reference.parse(f"{host}/app:v1")
    with pytest.raises(Unauthorized):
        push(registries, ref)
    registries.login(host, "ann", Secret("pa:ss"))
    push(registries, ref)
    other = registries.repository(Reference.parse(f"{host}/other"))
    config = blob(CONFIG, media.OCI_CONFIG)
    assert other.mount(config, "app")
    registries.logout(host)
    assert registries.repository(ref).resolve(ref) == IMAGE
    with pytest.raises(RegistryError):
        push(registries, ref)
