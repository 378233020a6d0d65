"""The keywords of other libraries for a pull, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .option import read

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOREIGN", "refuse_unknown"]

_PROGRESS: Final = "leave it out: nothing is printed, and on_progress=… gets how the pull goes"
#: Keywords of docker-py and python-on-whales → ours, or what to do.
FOREIGN: Final = {
    "repository": "name", "x": "name",
    "tag": "write it after the name: 'ubuntu:24.04'",
    "all_tags": "call images.pull_all(NAME)",
    "auth_config": "log in once with: dockmagic login",
    "stream": _PROGRESS, "decode": _PROGRESS, "quiet": _PROGRESS, "stream_logs": _PROGRESS,
}  # fmt: skip


def refuse_unknown(unknown: Mapping[str, Any]) -> None:
    """Raise what a pull with keywords that it does not have raises.

    Raises:
        TypeError: there are any.
    """
    read({}, unknown, call="pull", foreign=FOREIGN)
