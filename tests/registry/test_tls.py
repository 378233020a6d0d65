"""TLS: authorities of certs.d, servers that are not trusted, and finding out which scheme a server speaks."""

from __future__ import annotations

import io
import shutil
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_registry import Reply, Scripted, blob, certify

from dockmagic.oci.errors import RegistryError, RegistryUnavailable
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.registry.registries import Registries

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

CONTENT = b"layer" * 1000
DESC = blob(CONTENT)
PATH = f"/v2/app/blobs/{DESC.digest}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that no system trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certify(folder / "cert.pem", folder / "key.pem", "localhost")
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[Scripted]:
    """A scripted registry over TLS."""
    server = Scripted()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.start(context)
    yield server
    server.stop()


@pytest.fixture
def trust(environ: dict[str, str], certificate: tuple[Path, Path]) -> Callable[..., None]:
    """Puts an authority into certs.d for a host."""

    def put(host: str, authority: Path = certificate[0]) -> None:
        folder = Path(environ["HOME"]) / ".docker/certs.d" / host
        folder.mkdir(parents=True)
        shutil.copy(authority, folder / "ca.crt")

    return put


def test_an_authority_of_certs_d_is_trusted(
    secure: Scripted,
    make: Callable[..., Registries],
    trust: Callable[..., None],
    certificate: tuple[Path, Path],
) -> None:
    """And then TLS is verified."""
    trust(secure.host)
    secure.on("GET", PATH, Reply(body=CONTENT))
    assert make().repository(secure.ref("app")).read(DESC) == CONTENT


def test_a_server_that_is_not_trusted_is_not_talked_to(
    secure: Scripted, make: Callable[..., Registries], trust: Callable[..., None], tmp_path: Path
) -> None:
    """With where to put its authority; nothing was sent."""
    other = tmp_path / "other.pem"
    certify(other, tmp_path / "other.key", "other")
    trust(secure.host, other)
    with pytest.raises(RegistryUnavailable, match=r"not trusted.*certs\.d"):
        make().repository(secure.ref("app")).read(DESC)
    assert secure.asked == []


def test_loopback_is_found_whatever_it_speaks(secure: Scripted, registries: Registries) -> None:
    """Plain HTTP first, then TLS, whose certificate need not be trusted on the own machine."""
    secure.on("GET", PATH, Reply(body=CONTENT))
    repository = registries.repository(secure.ref("app"))
    assert repository.read(DESC) == CONTENT
    assert repository.read(DESC) == CONTENT


def test_plain_http_where_tls_is_expected_is_named(
    scripted: Scripted,
    make: Callable[..., Registries],
    trust: Callable[..., None],
    certificate: tuple[Path, Path],
) -> None:
    """With what to write into registries.conf."""
    trust(scripted.host)
    with pytest.raises(RegistryUnavailable, match=r"does not speak TLS.*insecure = true"):
        make().repository(scripted.ref("app")).read(DESC)


def test_tls_is_never_left(
    secure: Scripted, scripted: Scripted, make: Callable[..., Registries], trust: Callable[..., None]
) -> None:
    """Neither for a redirect nor for a realm nor for an upload: who is named for plain HTTP hears nothing."""
    trust(secure.host)
    repository = make().repository(secure.ref("app"))
    elsewhere = f"http://localhost:{scripted.port}/x"
    secure.on("GET", PATH, Reply(307, b"", {"Location": elsewhere}))
    with pytest.raises(RegistryError):
        repository.read(DESC)
    secure.on("GET", PATH, Reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{elsewhere}"'}))
    with pytest.raises(RegistryError):
        repository.read(DESC)
    secure.on("POST", "/v2/app/blobs/uploads/", Reply(202, b"", {"Location": elsewhere}))
    with pytest.raises(RegistryError):
        repository.put(DESC, io.BytesIO(CONTENT))
    assert scripted.asked == []


def test_a_location_with_the_wrong_scheme_is_put_right(
    secure: Scripted,
    make: Callable[..., Registries],
    trust: Callable[..., None],
    certificate: tuple[Path, Path],
) -> None:
    """A registry behind a proxy that ends TLS believes that it speaks plain HTTP."""
    trust(secure.host)
    secure.on("POST", "/v2/app/blobs/uploads/", Reply(202, b"", {"Location": f"http://{secure.host}/up?a=b"}))
    secure.on("PUT", "/up", Reply(201))
    make().repository(secure.ref("app")).put(DESC, io.BytesIO(CONTENT))
    assert secure.asked[-1].body == CONTENT


def test_an_insecure_registry_is_tried_with_tls_first(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """Then over plain HTTP."""
    conf = Path(environ["HOME"]) / "registries.conf"
    conf.write_text(f'[[registry]]\nlocation = "{scripted.host}"\ninsecure = true\n')
    environ["CONTAINERS_REGISTRIES_CONF"] = str(conf)
    scripted.serve_manifest("app")
    ref = Reference.parse(f"{scripted.host}/app")
    registries = make()
    registries.repository(ref).resolve(ref)
    registries.repository(ref).resolve(ref)
    assert scripted.methods() == ["HEAD /v2/app/manifests/latest"] * 2
