"""``--filter`` of lists of containers: read, and applied."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Final

from dockmagic.engine.images.filters import moment, named_filters
from dockmagic.oci.errors import DockmagicError, InvalidInput

from .rows import mount_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.disk.record import State

    Test = Callable[[Container, State], bool]

__all__ = ["PRUNE_KEYS", "PS_KEYS", "container_filter"]

#: What ``ps`` knows.
PS_KEYS: Final = (
    "ancestor", "before", "exited", "expose", "health", "id", "label", "label!", "name", "network", "publish", "since",
    "status", "volume",
)  # fmt: skip
#: What ``container prune`` knows.
PRUNE_KEYS: Final = ("label", "label!", "until")
_HEALTH: Final = ("starting", "healthy", "unhealthy", "none")
_STATES: Final = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def container_filter(
    filters: Iterable[str],
    keys: tuple[str, ...],
    *,
    find: Callable[[str], Container],
    image: Callable[[str], Image],
) -> tuple[Test, frozenset[str]]:
    """What ``--filter KEY=VALUE`` lets through: every key, and for each key one of its values (labels: all).

    Args:
        filters: as written.
        keys: those that the verb knows.
        find: the container that ``before`` and ``since`` name.
        image: the local image that ``ancestor`` names.

    Returns:
        The test, and the keys that were given: with ``status``, containers that do not run are listed too.

    Raises:
        InvalidInput: an unknown key, or a value that cannot be.
        ContainerNotFound: of ``before`` or ``since``.
    """
    tests: dict[str, list[Test]] = {}
    given = set()
    for key, value in named_filters(filters, keys):
        given.add(key)
        name = f"{key} {value}" if key.startswith("label") else key
        tests.setdefault(name, []).append(_test(key, value, find, image))
    return (
        lambda container, state: all(any(test(container, state) for test in some) for some in tests.values()),
        frozenset(given),
    )


def _test(  # noqa: C901, PLR0911, PLR0912  (one return for each key)
    key: str, value: str, find: Callable[[str], Container], image: Callable[[str], Image]
) -> Test:
    match key:
        case "status":
            if value not in _STATES:
                raise InvalidInput(f"invalid filter 'status={value}'", hint=f"It is one of {', '.join(_STATES)}")
            return lambda _, state: state.status == value
        case "exited":
            if not (value.isascii() and value.isdecimal() and len(value) <= len("255")):
                raise InvalidInput(f"invalid filter 'exited={value}'", hint="Write an exit code such as 0")
            return lambda _, state: state.status == "exited" and state.exit_code == int(value)
        case "name":
            pattern = _pattern(key, value)
            return lambda container, _: bool(pattern.search(container.name) or pattern.search(f"/{container.name}"))
        case "id":
            pattern = _pattern(key, value)
            return lambda container, _: pattern.search(container.id) is not None
        case "label" | "label!":
            name, equals, wanted = value.partition("=")
            return lambda container, _: (
                (name in container.record.labels and (not equals or container.record.labels[name] == wanted))
                is (key == "label")
            )
        case "ancestor":
            return _ancestor(value, image)
        case "network":
            return lambda container, _: container.record.network == value
        case "volume":
            return lambda container, _: any(
                value in (mount_name(mount), mount.target) for mount in container.record.mounts
            )
        case "publish":
            ports = _ports(value)
            return lambda _, state: any(f"{port.container}/{port.protocol}" in ports for port in state.ports)
        case "expose":
            ports = _ports(value)
            return lambda container, _: not ports.isdisjoint(container.record.config.exposed_ports or ())
        case "health":
            if value not in _HEALTH:
                raise InvalidInput(f"invalid filter 'health={value}'", hint=f"It is one of {', '.join(_HEALTH)}")
            return lambda *_: value == "none"  # nobody checks
        case "until":
            limit = moment(value).timestamp()
            return lambda container, _: container.record.created < limit
        case _:
            created = find(value).record.created
            if key == "before":
                return lambda container, _: container.record.created < created
            return lambda container, _: container.record.created > created


def _ports(text: str) -> frozenset[str]:
    from dockmagic.runtime.flags.ports import parse_exposed

    return frozenset(parse_exposed(text))


def _pattern(key: str, value: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            # Go's classes ([[:alpha:]]) and others that Python would read as something else are told, not guessed.
            warnings.simplefilter("error", FutureWarning)
            return re.compile(value)
    except (re.error, FutureWarning, OverflowError, RecursionError):
        raise InvalidInput(f"invalid filter '{key}={value}'", hint="The value is a regular expression") from None


def _ancestor(name: str, image: Callable[[str], Image]) -> Test:
    try:
        wanted = [layer.diff_id for layer in image(name).layers]
    except DockmagicError:
        return lambda *_: False

    def test(container: Container, _state: State) -> bool:
        return (
            not container.record.damaged
            and [layer.diff_id for layer in container.image.layers][: len(wanted)] == wanted
        )

    return test
