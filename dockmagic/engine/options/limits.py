"""Amounts: memory, processors and resource limits, from Python and from command lines."""

from __future__ import annotations

from collections.abc import Mapping

from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.flags.limits import parse_cpus, parse_memory, parse_ulimit
from dockmagic.runtime.flags.sizes import parse_size

from .convert import integer, items, text, unfit

__all__ = ["cpus", "memory", "no_new_privileges", "signal", "size", "ulimits"]

# Security options that ask for what is the case anyway: nothing here loads profiles or labels.
_NO_PROFILES = frozenset(("apparmor=unconfined", "label=disable"))


def _amount(keyword: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise unfit(keyword, value, "bytes as an int, or a str such as '512m'")
    return text(keyword, str(value))


def memory(keyword: str, value: object) -> int:
    """Bytes of memory; 0 for no limit."""
    found = _amount(keyword, value)
    return parse_memory(found) if found else 0


def size(keyword: str, value: object) -> int:
    """Bytes."""
    found = _amount(keyword, value)
    return parse_size(found, f"--{keyword.replace('_', '-')}") if found else 0


def cpus(keyword: str, value: object) -> float:
    """A number of processors; 0 for no limit."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise unfit(keyword, value, "a number of processors")
    found = text(keyword, str(value))
    return parse_cpus(found) if found else 0


def ulimits(keyword: str, value: object) -> tuple[tuple[str, int, int], ...]:
    """A mapping of a limit's name to an int or (SOFT, HARD), or texts ``NAME=SOFT[:HARD]``.

    A list may hold mappings with ``Name``, ``Soft`` and ``Hard``, too, as Docker's API has them.
    """
    if isinstance(value, Mapping):
        return tuple(parse_ulimit(f"{name}={_bounds(f'{keyword}[{name!r}]', one)}") for name, one in value.items())
    return tuple(parse_ulimit(_ulimit(keyword, one)) for one in items(keyword, value))


def _ulimit(keyword: str, value: object) -> str:
    if not isinstance(value, Mapping):
        return text(keyword, value)
    if set(value) != {"Name", "Soft", "Hard"}:
        raise unfit(keyword, value, "{'Name': …, 'Soft': …, 'Hard': …}")
    return f"{text(keyword, value['Name'])}={_bounds(keyword, (value['Soft'], value['Hard']))}"


def _bounds(keyword: str, value: object) -> str:
    if isinstance(value, tuple) and len(value) == 2:
        return f"{integer(keyword, value[0])}:{integer(keyword, value[1])}"
    return text(keyword, value) if isinstance(value, str) else str(integer(keyword, value))


def signal(keyword: str, value: object) -> str:
    """A signal by name, by number or as a member of `signal.Signals`."""
    return str(int(value)) if isinstance(value, int) and not isinstance(value, bool) else text(keyword, value)


def no_new_privileges(keyword: str, value: object) -> bool:
    """Whether the security options ask for ``no-new-privileges``.

    Raises:
        NotSupported: an option that cannot be honoured.
    """
    wanted = False
    for one in items(keyword, value):
        words = text(keyword, one).replace(":", "=", 1)
        if words in _NO_PROFILES:
            continue
        name, _, setting = words.partition("=")
        if name != "no-new-privileges" or setting not in ("", "true", "false"):
            raise NotSupported(
                f"--security-opt {one} is not supported: the filter of system calls is always docker's list",
                hint="Write --security-opt no-new-privileges, or leave it out",
            )
        wanted = setting != "false"
    return wanted
