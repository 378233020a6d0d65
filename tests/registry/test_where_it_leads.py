"""Redirects, realms and upload locations on other hosts: followed where right, with nothing that is not theirs."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply, blob

from dockmagic.oci import media
from dockmagic.oci.errors import RegistryError
from dockmagic.oci.reference import Reference
from dockmagic.registry.transport.address import Reach, may_lead, reach_of_address, reach_of_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Scripted

    from dockmagic.registry.registries import Registries

BASIC = "Basic " + base64.b64encode(b"ann:secret").decode()
CONTENT = b"layer" * 1000
DESC = blob(CONTENT)
PATH = f"/v2/app/blobs/{DESC.digest}"


def configure(environ: dict[str, str], conf: str = "", *logins: str) -> None:
    """Write registries.conf and docker's file."""
    home = Path(environ["HOME"])
    (home / ".config/containers").mkdir(parents=True, exist_ok=True)
    (home / ".config/containers/registries.conf").write_text(conf)
    (home / ".docker").mkdir(exist_ok=True)
    auths = {host: {"auth": base64.b64encode(b"ann:secret").decode()} for host in logins}
    (home / ".docker/config.json").write_text(json.dumps({"auths": auths}))


@pytest.fixture
def public(scripted: Scripted, environ: dict[str, str], make: Callable[..., Registries]) -> Registries:
    """Registries that reach one on the internet, ``registry.example``, by a proxy; `scripted` plays both."""
    configure(environ, '[[registry]]\nlocation = "registry.example"\ninsecure = true\n', "registry.example")
    environ["HTTP_PROXY"] = environ["HTTPS_PROXY"] = scripted.url
    return make()


def test_a_redirect_gets_no_credentials(
    scripted: Scripted, second: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """Blobs lie in object stores, with the right to read them in the URL."""
    configure(environ, "", scripted.host, second.host)
    scripted.on(
        "GET",
        PATH,
        lambda asked: (
            Reply(307, b"", {"Location": f"{second.url}/store?signature=1"})
            if asked.authorization
            else Reply(401, b"", {"WWW-Authenticate": "Basic"})
        ),
    )
    second.on("GET", "/store", Reply(body=CONTENT))
    assert make().repository(scripted.ref("app")).read(DESC) == CONTENT
    assert scripted.asked[-1].authorization == BASIC
    assert second.asked[0].authorization == ""


def test_a_challenge_of_a_redirect_is_not_answered(
    scripted: Scripted, second: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """Another host cannot ask for the registry's login."""
    configure(environ, "", scripted.host, second.host)
    scripted.on("GET", PATH, Reply(307, b"", {"Location": f"{second.url}/store"}))
    second.on("GET", "/store", Reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{second.url}/token"'}))
    with pytest.raises(RegistryError):
        make().repository(scripted.ref("app")).read(DESC)
    assert second.methods() == ["GET /store"]


def test_a_resumed_blob_is_asked_for_at_the_registry_again(
    scripted: Scripted, second: Scripted, registries: Registries
) -> None:
    """A signed address may be over by then."""
    scripted.on(
        "GET",
        PATH,
        Reply(307, b"", {"Location": f"{second.url}/first"}),
        Reply(307, b"", {"Location": f"{second.url}/second"}),
    )
    second.on("GET", "/first", Reply(body=CONTENT[:100], length=len(CONTENT)))
    second.on("GET", "/second", Reply(body=CONTENT))
    assert registries.repository(scripted.ref("app")).read(DESC) == CONTENT


def test_redirects_in_circles_end(scripted: Scripted, registries: Registries) -> None:
    """After ten."""
    scripted.on("GET", PATH, Reply(307, b"", {"Location": PATH}))
    with pytest.raises(RegistryError, match="circles"):
        registries.repository(scripted.ref("app")).read(DESC)


@pytest.mark.parametrize("target", ["10.0.0.1", "169.254.169.254", "127.0.0.1:1", "[::1]:1", "127.1:1"])
def test_a_public_registry_may_not_lead_inside(
    scripted: Scripted, second: Scripted, public: Registries, environ: dict[str, str], target: str
) -> None:
    """Not to the metadata of a cloud, not to this machine, however it is written."""
    environ["NO_PROXY"] = "127.1"
    target = target.replace("127.1:1", f"127.1:{second.port}")
    scripted.on("GET", f"http://registry.example{PATH}", Reply(307, b"", {"Location": f"http://{target}/x"}))
    with pytest.raises(RegistryError, match="inside a private network"):
        public.repository(Reference.parse("registry.example/app")).read(DESC)
    assert second.asked == []


def test_a_realm_inside_hears_nothing(scripted: Scripted, public: Registries) -> None:
    """Neither the login nor a request."""
    challenge = {"WWW-Authenticate": 'Bearer realm="https://192.168.0.1/token"'}
    scripted.on("GET", "http://registry.example/v2/app/manifests/latest", Reply(401, b"", challenge))
    ref = Reference.parse("registry.example/app")
    with pytest.raises(RegistryError, match="inside a private network"):
        public.repository(ref).fetch(ref)
    assert all(not asked.authorization for asked in scripted.asked)


def test_a_login_never_goes_over_plain_http_to_another_host(scripted: Scripted, public: Registries) -> None:
    """Even where the registry itself may be asked over plain HTTP."""
    challenge = {"WWW-Authenticate": 'Bearer realm="http://auth.example/token"'}
    scripted.on("GET", "http://registry.example/v2/app/manifests/latest", Reply(401, b"", challenge))
    ref = Reference.parse("registry.example/app")
    with pytest.raises(RegistryError, match="plain HTTP"):
        public.repository(ref).fetch(ref)
    assert all("auth.example" not in asked.target for asked in scripted.asked)


def test_a_mirror_gets_its_own_login_only(
    scripted: Scripted, second: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """Not that of the registry for which it stands."""
    conf = f'[[registry]]\nlocation = "{scripted.host}"\n[[registry.mirror]]\nlocation = "{second.host}"\n'
    configure(environ, conf, scripted.host)
    second.on("GET", "/v2/app/manifests/latest", Reply(401, b"", {"WWW-Authenticate": "Basic"}))
    scripted.on("GET", "/v2/app/manifests/latest", Reply(body=MANIFEST, headers={"Content-Type": media.OCI_MANIFEST}))
    ref = scripted.ref("app")
    assert make().repository(ref).fetch(ref)[1] == MANIFEST
    assert [asked.authorization for asked in second.asked] == [""]


def test_a_foreign_upload_location_gets_no_credentials(
    scripted: Scripted, second: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """The address itself must be enough there."""
    configure(environ, "", scripted.host, second.host)
    scripted.on(
        "POST",
        "/v2/app/blobs/uploads/",
        lambda asked: (
            Reply(202, b"", {"Location": f"{second.url}/up?id=1"})
            if asked.authorization
            else Reply(401, b"", {"WWW-Authenticate": "Basic"})
        ),
    )
    second.on("PUT", "/up", Reply(201))
    make().repository(scripted.ref("app")).put(DESC, io.BytesIO(CONTENT))
    assert second.asked[0].authorization == ""
    assert second.asked[0].body == CONTENT
    assert second.asked[0].query == {"id": ["1"], "digest": [DESC.digest]}


def test_a_token_server_that_redirects_does_not_pass_the_login_on(
    scripted: Scripted, second: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """It stays with the host that the realm names."""
    configure(environ, "", scripted.host, second.host)
    challenge = {"WWW-Authenticate": f'Bearer realm="{scripted.url}/token"'}
    scripted.on("GET", "/v2/app/manifests/latest", Reply(401, b"", challenge))
    scripted.on("GET", "/token", Reply(302, b"", {"Location": f"{second.url}/token"}))
    second.on("GET", "/token", Reply(401))
    ref = scripted.ref("app")
    with pytest.raises(RegistryError):
        make().repository(ref).fetch(ref)
    assert [asked.authorization for asked in second.asked] == [""]


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("8.8.8.8", Reach.PUBLIC),
        ("10.1.2.3", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("fd00::1", Reach.PRIVATE),
        ("169.254.169.254", Reach.LINK_LOCAL),
        ("fe80::1%eth0", Reach.LINK_LOCAL),
        ("127.9.9.9", Reach.LOOPBACK),
        ("0.0.0.0", Reach.LOOPBACK),  # noqa: S104  (it is here that it must not lead)
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("::ffff:10.0.0.1", Reach.PRIVATE),
        ("64:ff9b::a9fe:a9fe", Reach.LINK_LOCAL),
        ("2606:4700::1", Reach.PUBLIC),
    ],
)
def test_the_reach_of_addresses(address: str, reach: Reach) -> None:
    """Also of those that are wrapped in IPv6."""
    assert reach_of_address(address) is reach


def test_who_may_lead_where() -> None:
    """Inwards never, outwards always, among equals yes."""
    assert may_lead(Reach.PUBLIC, Reach.PUBLIC)
    assert not may_lead(Reach.PUBLIC, Reach.PRIVATE)
    assert not may_lead(Reach.PRIVATE, Reach.LOOPBACK)
    assert not may_lead(Reach.LOOPBACK, Reach.LINK_LOCAL)
    assert may_lead(Reach.PRIVATE, Reach.PRIVATE)
    assert may_lead(Reach.LOOPBACK, Reach.PRIVATE)
    assert reach_of_host("registry.localhost") is Reach.LOOPBACK
    assert reach_of_host("no-such-host.invalid", resolve=False) is Reach.PUBLIC
