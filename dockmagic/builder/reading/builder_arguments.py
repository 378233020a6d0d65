"""Build arguments that speak to the builder itself: those called ``BUILDKIT_…``.

BuildKit's reference lists them ("BuildKit built-in build args"). No ARG has to declare them, and RUN does not see
them. What is not honoured here is refused by name; ``BUILDKIT_DOCKERFILE_CHECK`` is the lint's (`dockerfile.lint`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dockmagic.dockerfile import refuse_syntax
from dockmagic.oci.errors import InvalidInput, NotSupported

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cache_namespace", "hostname", "refuse_arguments"]

_HOSTNAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
_OFF: Final = ("", "0", "false")
#: Argument → what to do instead.
_REFUSED: Final = {
    "BUILDKIT_CONTEXT_KEEP_GIT_DIR": "Write it in the URL of the context: ?keep-git-dir=1",
    "BUILDKIT_INLINE_CACHE": "Leave it out: the build cache stays on this machine",
    "BUILDKIT_MULTI_PLATFORM": "Leave it out: an image for one platform has no index",
}


def refuse_arguments(given: Mapping[str, str]) -> None:
    """Refuse those that ask for what cannot be honoured.

    Raises:
        NotSupported: the argument, and what to do instead.
    """
    for name, instead in _REFUSED.items():
        if given.get(name, "").lower() not in _OFF:
            raise NotSupported(f"--build-arg {name} is not supported", hint=instead)
    refuse_syntax(given.get("BUILDKIT_SYNTAX", ""), "--build-arg BUILDKIT_SYNTAX")


def hostname(given: Mapping[str, str]) -> str:
    """The name of the machine that RUN sees (``BUILDKIT_SANDBOX_HOSTNAME``); empty where none is given.

    Raises:
        InvalidInput: a machine cannot be called so.
    """
    name = given.get("BUILDKIT_SANDBOX_HOSTNAME", "")
    if name and _HOSTNAME.fullmatch(name) is None:
        raise InvalidInput(
            f"invalid BUILDKIT_SANDBOX_HOSTNAME {name!r}", hint="Use letters, digits, dots and hyphens, 64 at most"
        )
    return name


def cache_namespace(given: Mapping[str, str]) -> str:
    """What cache mounts are kept apart by, besides their IDs (``BUILDKIT_CACHE_MOUNT_NS``)."""
    return given.get("BUILDKIT_CACHE_MOUNT_NS", "")
