"""Proxies from the environment, by real connections through one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply

from dockmagic.oci import media
from dockmagic.oci.errors import RegistryUnavailable
from dockmagic.oci.reference import Reference
from dockmagic.registry.transport.proxies import proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Scripted

    from dockmagic.registry.registries import Registries

PROXIES = {"http_proxy": "http://p:1", "HTTPS_PROXY": "p:2"}


@pytest.mark.parametrize(
    ("rules", "host", "direct"),
    [
        ("", "quay.io", False),
        ("*", "quay.io", True),
        ("quay.io", "quay.io", True),
        ("quay.io", "cdn.quay.io", True),
        ("quay.io", "notquay.io", False),
        (".quay.io", "quay.io", False),
        (".quay.io", "cdn.quay.io", True),
        ("a.example, *.quay.io", "cdn.quay.io", True),
        ("quay.io:443", "quay.io", True),
        ("quay.io:80", "quay.io", False),
        ("10.0.0.0/8", "10.2.3.4", True),
        ("10.0.0.0/8", "11.2.3.4", False),
        ("fd00::/8", "fd00::1", True),
        ("10.2.3.4", "10.2.3.4", True),
        ("", "localhost", True),
        ("", "127.0.0.1", True),
    ],
)
def test_no_proxy_is_read_as_docker_reads_it(rules: str, host: str, *, direct: bool) -> None:
    """Hosts, domains, ports, networks; loopback always directly."""
    assert (proxy_for("https", host, None, {**PROXIES, "no_proxy": rules}) is None) is direct


def test_each_scheme_has_its_proxy() -> None:
    """In either case of letters, with or without a scheme of its own."""
    assert proxy_for("http", "quay.io", None, PROXIES) == "http://p:1"
    assert proxy_for("https", "quay.io", None, PROXIES) == "http://p:2"
    assert proxy_for("https", "quay.io", None, {}) is None


@pytest.fixture
def insecure(environ: dict[str, str], make: Callable[..., Registries]) -> Registries:
    """Registries that may ask ``registry.example`` over plain HTTP."""
    conf = Path(environ["HOME"]) / "registries.conf"
    conf.write_text('[[registry]]\nlocation = "registry.example"\ninsecure = true\n')
    environ["CONTAINERS_REGISTRIES_CONF"] = str(conf)
    return make()


def test_requests_go_through_the_proxy_with_its_login(
    scripted: Scripted, insecure: Registries, environ: dict[str, str]
) -> None:
    """The proxy's password is for the proxy alone."""
    environ["HTTP_PROXY"] = environ["HTTPS_PROXY"] = f"http://me:p%40ss@{scripted.host}"
    target = "http://registry.example/v2/app/manifests/latest"
    scripted.on("GET", target, Reply(body=MANIFEST, headers={"Content-Type": media.OCI_MANIFEST}))
    ref = Reference.parse("registry.example/app")
    assert insecure.repository(ref).fetch(ref)[1] == MANIFEST
    last = scripted.asked[-1]
    assert last.target == target
    assert last.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()


def test_a_proxy_that_fails_is_named_without_its_password(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """The scripted one refuses to CONNECT."""
    environ["HTTPS_PROXY"] = f"http://me:s3cret@{scripted.host}"
    ref = Reference.parse("registry.example/app")
    with pytest.raises(RegistryUnavailable, match="proxy") as raised:
        make().repository(ref).fetch(ref)
    assert "s3cret" not in str(raised.value)
    environ["HTTPS_PROXY"] = "socks5://me:s3cret@127.0.0.1:1"
    with pytest.raises(RegistryUnavailable, match="socks5"):
        make().repository(ref).fetch(ref)


@pytest.mark.parametrize("proxy", ["http://[::", "http://me:s3cret@127.0.0.1:999999", "http://", "127.0.0.1:x"])
def test_a_proxy_whose_address_is_none_is_named(
    make: Callable[..., Registries], environ: dict[str, str], proxy: str
) -> None:
    """Without its login."""
    environ["HTTPS_PROXY"] = proxy
    ref = Reference.parse("registry.example/app")
    with pytest.raises(RegistryUnavailable, match="the proxy's address") as raised:
        make().repository(ref).fetch(ref)
    assert "s3cret" not in str(raised.value)
