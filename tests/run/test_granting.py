"""Capabilities: what a container gets of those that are asked for, above all on the machine's own network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dockmagic.linux import capabilities, kernel
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.granted_capabilities import grant
from dockmagic.runtime.machine.isolation import Isolation

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.runtime.container import Container

    Run = Callable[..., tuple[int, str, str]]
    Make = Callable[..., Container]
    Force = Callable[[str], str]

_NETWORK = {"CAP_NET_ADMIN", "CAP_NET_BROADCAST", "CAP_NET_RAW"}
_MAPPED = ((0, 1000, 1),)


@pytest.fixture(params=["root", "subid", "single"], ids=lambda tier: tier)
def confined(request: pytest.FixtureRequest, force: Force) -> str:
    """One tier that protects the machine, forced."""
    return force(request.param)


def effective(run: Run, **flags: object) -> frozenset[str]:
    """What a program in a container has."""
    _, out, _ = run("sed", "-n", "s/^CapEff:.//p", "/proc/self/status", **flags)
    return frozenset(capabilities.names_of(int(out, 16)))


@pytest.mark.usefixtures("confined")
def test_no_raw_packets_on_the_hosts_network_by_default(run: Run) -> None:
    """A program could read along on what the machine's other programs send; in a network of its own it may."""
    given = capabilities.DEFAULT & capabilities.known_to_kernel()
    for network in ("", "host"):
        assert not effective(run, network=network) & _NETWORK
    assert effective(run, network="none") <= given
    assert "CAP_NET_RAW" in effective(run, network="none")


@pytest.mark.parametrize("name", ["NET_ADMIN", "cap_net_raw", "NET_BROADCAST"])
def test_rights_over_the_hosts_network_are_to_be_written_out(make: Make, confined: str, name: str) -> None:
    """``ip link set eth0 down`` in a container took a machine off the net, which is the container's by default."""
    with pytest.raises(NotSupported, match="the network is this machine's"):
        make("true", cap_add=[name], network="")
    notices: list[str] = []
    if confined == "root":
        make("true", cap_add=[name], network="host", on_notice=notices.append)
        assert any("this machine's own interfaces" in line for line in notices)
    else:
        with pytest.raises(NotSupported, match="no rights over it"):
            make("true", cap_add=[name], network="host")


def test_rights_over_a_network_of_ones_own(run: Run, confined: str) -> None:
    """With ``--network none`` they reach nothing of the machine, in any tier."""
    notices: list[str] = []
    assert "CAP_NET_ADMIN" in effective(run, network="none", cap_add=["NET_ADMIN"], on_notice=notices.append)
    assert notices == [], confined


def test_without_namespaces_there_are_no_rights_over_the_network(make: Make, force: Force) -> None:
    """In a chroot the network is the machine's, too."""
    force("chroot")
    for network in ("", "host"):
        with pytest.raises(NotSupported, match="the network is this machine's"):
            make("true", cap_add=["NET_RAW"], network=network)


@pytest.mark.parametrize("network", ["", "host", "none"])
def test_all_gives_what_there_is(run: Run, confined: str, network: str) -> None:
    """And says what it leaves out."""
    notices: list[str] = []
    found = effective(run, network=network, cap_add=["ALL"], on_notice=notices.append)
    missing = capabilities.choose(["ALL"]) - found
    told = " ".join(line for line in notices if line.startswith("--cap-add ALL leaves out"))
    assert {name for name in missing if f" {name.removeprefix('CAP_')}" not in told.replace(",", " ")} == set()
    assert len(found) > 30
    reaches = network == "none" or (network == "host" and confined == "root")
    assert bool(found & _NETWORK) is reaches


def test_a_capability_that_the_machines_root_has_not() -> None:
    """One that is named is refused; one of docker's fourteen is left away."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            kernel.set_capabilities(capabilities.mask(["CAP_CHOWN"]) if os.geteuid() == 0 else 0)
            given = grant(Isolation("root"), (), (), network="none")
            assert given.names <= {"CAP_CHOWN"}
            assert given.notices == []
            with pytest.raises(NotSupported, match="--cap-add SYS_TIME cannot be had: this machine's root"):
                grant(Isolation("root"), ["sys_time"], (), network="none")
            assert "CAP_SYS_TIME" in grant(Isolation("subid", _MAPPED), ["SYS_TIME"], (), network="").names
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
