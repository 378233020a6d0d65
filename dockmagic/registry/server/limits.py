"""What one server takes on at most, so that no client keeps it from the others."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServerLimits"]


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds of the embedded registry.

    Attributes:
        connections: at once; each has a thread. Further ones are answered 503.
        idle: seconds without a byte, between requests and within them; where uploads are too many, those that have
            been idle for as long make place for others.
        head: seconds for a request's line and headers, from when the one before is answered.
        window: seconds of waiting for a body, in which enough of it must come.
        slowest: bytes per second that are enough.
        uploads: begun and not finished.
        upload_idle: seconds after which an upload that gets no more bytes is forgotten.
        upload_size: bytes of one blob.
    """

    connections: int = 256
    idle: float = 60.0
    head: float = 90.0
    window: float = 60.0
    slowest: float = 100.0
    uploads: int = 256
    upload_idle: float = 3600.0
    upload_size: int = 64 << 30
