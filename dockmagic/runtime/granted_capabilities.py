"""Which capabilities a container gets: those asked for, as far as there are any and the machine's network is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.linux import capabilities
from dockmagic.oci.errors import NotSupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .machine.isolation import Isolation

__all__ = ["Granted", "grant"]

_NETWORK: Final = frozenset({"CAP_NET_ADMIN", "CAP_NET_BROADCAST", "CAP_NET_RAW"})
_REACH: Final = "the container may change or read along on this machine's own interfaces, routes and filters"


class Granted(NamedTuple):
    """The capabilities of a container.

    Attributes:
        names: ``CAP_…``.
        notices: one line for each thing to know about them.
    """

    names: frozenset[str]
    notices: list[str]


def grant(isolation: Isolation, add: Sequence[str], drop: Sequence[str], *, network: str) -> Granted:
    """The capabilities after ``--cap-add`` and ``--cap-drop``.

    On the host's network none that reaches the network is among docker's fourteen, and one that is asked for is given
    where it has an effect, by root of the machine, and only with the network written out: else nobody thinks of it.

    Args:
        isolation: that the container will have.
        add: as they were asked for.
        drop: likewise.
        network: as it was written: ``host``, ``none``, or empty for the default, the host's.

    Raises:
        InvalidInput: no such capability.
        NotSupported: one that is asked for by its name cannot be had here.
    """
    chosen, named = capabilities.choose(add, drop), capabilities.named(add)
    if network != "none" and not capabilities.every(add):
        chosen -= _NETWORK - named
    kept = dict.fromkeys(chosen - isolation.driver.capabilities(), "this machine's root does not have it")
    if network != "none" and (reason := isolation.driver.network_refusal(network)):
        kept |= dict.fromkeys(chosen & _NETWORK, reason)
    for name in sorted(named & kept.keys()):
        raise NotSupported(
            f"--cap-add {_short(name)} cannot be had: {kept[name]}", hint=_hint(isolation, name, network)
        )
    notices = []
    if capabilities.every(add):
        reasons = sorted(set(kept.values()))
        for reason in reasons:
            left = ", ".join(sorted(_short(name) for name in kept if kept[name] == reason))
            notices.append(f"--cap-add ALL leaves out {left}: {reason}")
    reaching = sorted(_short(name) for name in (chosen - kept.keys()) & _NETWORK)
    if reaching and network != "none":
        notices.append(f"--network host with {', '.join(reaching)}: {_REACH}")
    return Granted(frozenset(chosen - kept.keys()), notices)


def _hint(isolation: Isolation, name: str, network: str) -> str:
    if name not in _NETWORK or network == "none":
        return "Leave it out, or take a machine whose root has it"
    return isolation.driver.network_hint


def _short(name: str) -> str:
    return name.removeprefix("CAP_")
