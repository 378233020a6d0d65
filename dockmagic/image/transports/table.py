"""The table of transports, and which of them a text means."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from .transport import ImageTransport

__all__ = ["TRANSPORTS", "parse_location"]

#: By their words; a text without one names an image of the local store.
TRANSPORTS: Final[dict[str, ImageTransport]] = {
    transport.word: transport
    for transport in (
        import_module(f".{name}", __package__).TRANSPORT
        for name in (
            "registry",
            "layout",
            "layout_archive",
            "directory",
            "docker_archive",
            "docker_daemon",
            "containers_storage",
            "local_store",
        )
    )
}


def parse_location(text: str) -> tuple[ImageTransport, str]:
    """The transport of a text such as ``oci:folder:1.0``, and what stands after its colon.

    Raises:
        InvalidInput: nothing stands there.
    """
    word, colon, place = text.partition(":")
    transport = TRANSPORTS.get(word) if colon and word else None
    if transport is None:
        transport, place = TRANSPORTS[""], text
    if transport.word == "docker":
        if not place.startswith("//"):
            raise InvalidInput(f"{text!r} lacks two slashes", hint=f"Write docker://{place}")
        place = place.removeprefix("//")
    if not place:
        raise InvalidInput(f"{text!r} names no place", hint=f"Write {transport.form}")
    return transport, place
