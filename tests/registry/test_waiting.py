"""Waiting: 429 with Retry-After, servers that fail for a while, and those that never come back."""

from __future__ import annotations

import socket
import threading
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply

from dockmagic.oci import media
from dockmagic.oci.errors import RateLimited, RegistryError, RegistryUnavailable
from dockmagic.oci.reference import Reference
from dockmagic.registry.transport.retry import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Scripted

    from dockmagic.registry.registries import Registries

LATEST = "/v2/app/manifests/latest"
GOOD = Reply(body=MANIFEST, headers={"Content-Type": media.OCI_MANIFEST})


def test_a_registry_that_asks_to_wait_is_waited_for(
    scripted: Scripted, registries: Registries, notices: list[str]
) -> None:
    """As long as it says, and the user hears why nothing happens."""
    scripted.on("GET", LATEST, Reply(429, headers={"Retry-After": "1"}), GOOD)
    began = time.monotonic()
    ref = scripted.ref("app")
    registries.repository(ref).fetch(ref)
    assert time.monotonic() - began >= 1
    assert notices == [f"{scripted.host} asks to wait 1.0 s (attempt 2 of 3)"]


def test_a_wait_that_is_too_long_is_an_error(scripted: Scripted, registries: Registries) -> None:
    """With the time in it."""
    scripted.on("GET", LATEST, Reply(429, headers={"Retry-After": "7200"}))
    ref = scripted.ref("app")
    with pytest.raises(RateLimited, match="Try again in 2 hours") as raised:
        registries.repository(ref).fetch(ref)
    assert raised.value.retry_after == 7200
    assert len(scripted.asked) == 1


def test_a_spent_quota_is_not_waited_for(scripted: Scripted, registries: Registries) -> None:
    """Docker Hub's comes back after hours."""
    headers = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"}
    scripted.on("GET", LATEST, Reply(429, {"errors": [{"code": "TOOMANYREQUESTS", "message": "slow"}]}, headers))
    ref = scripted.ref("app")
    with pytest.raises(RateLimited, match="slow"):
        registries.repository(ref).fetch(ref)
    assert len(scripted.asked) == 1


@pytest.mark.parametrize("bad", [Reply(500), Reply(503, headers={"Retry-After": "0"}), Reply(200, MANIFEST, cut=5)])
def test_a_failing_server_is_tried_again(scripted: Scripted, registries: Registries, bad: Reply) -> None:
    """5xx and resets, after which everything is well."""
    scripted.on("GET", LATEST, bad, bad, GOOD)
    ref = scripted.ref("app")
    assert registries.repository(ref).fetch(ref)[1] == MANIFEST


def test_a_server_that_keeps_failing_is_unavailable(scripted: Scripted, registries: Registries) -> None:
    """With its status and words."""
    scripted.on("GET", LATEST, Reply(502, {"errors": [{"code": "X", "message": "bad gateway"}]}))
    ref = scripted.ref("app")
    with pytest.raises(RegistryUnavailable, match="bad gateway") as raised:
        registries.repository(ref).fetch(ref)
    assert raised.value.status == 502
    assert len(scripted.asked) == 3


def test_other_refusals_are_not_repeated(scripted: Scripted, registries: Registries) -> None:
    """400 stays 400."""
    scripted.on("GET", LATEST, Reply(400, {"errors": [{"code": "NAME_INVALID", "message": "no"}]}))
    ref = scripted.ref("app")
    with pytest.raises(RegistryError) as raised:
        registries.repository(ref).fetch(ref)
    assert raised.value.codes == ("NAME_INVALID",)
    assert len(scripted.asked) == 1


def test_nothing_listens_there(registries: Registries) -> None:
    """Said at once, in words."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ref = Reference.parse(f"127.0.0.1:{port}/app")
    with pytest.raises(RegistryUnavailable, match="nothing listens there"):
        registries.repository(ref).fetch(ref)


def test_an_unknown_host_is_named(registries: Registries) -> None:
    """Said at once; `.invalid` never exists (RFC 6761)."""
    ref = Reference.parse("registry.invalid/app")
    with pytest.raises(RegistryUnavailable, match=r"registry\.invalid"):
        registries.repository(ref).fetch(ref)


def test_closing_ends_a_wait(scripted: Scripted, make: Callable[..., Registries]) -> None:
    """An interrupted pull does not hang until its threads have waited."""
    scripted.on("GET", LATEST, Reply(429, headers={"Retry-After": "60"}))
    registries = make(longest_wait=120.0)
    ref = scripted.ref("app")
    failed: list[Exception] = []

    def fetch() -> None:
        try:
            registries.repository(ref).fetch(ref)
        except RateLimited as error:
            failed.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    while not scripted.asked:
        time.sleep(0.01)
    time.sleep(0.1)
    registries.close()
    thread.join(5)
    assert len(failed) == 1


def test_retry_after_is_a_number_or_a_date() -> None:
    """RFC 9110, 10.2.3."""
    assert retry_after("120") == 120
    assert 50 < (retry_after(formatdate(time.time() + 60, usegmt=True)) or 0) <= 60
    assert retry_after(formatdate(0, usegmt=True)) == 0
    assert retry_after("soon") is None
    assert retry_after("") is None
