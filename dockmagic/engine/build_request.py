"""The typed request for a build: what every front end hands to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from typing import BinaryIO

    from dockmagic.builder.options import Options
    from dockmagic.builder.outcome.output import BuildOutput

__all__ = ["BuildRequest"]


class BuildRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be built, from what, and where the result goes.

    Attributes:
        context: a folder, the URL of a git repository or a tar, or ``-`` for a tar or a Dockerfile on `stdin`.
        dockerfile: its path or URL; ``-`` is `stdin`; empty for the context's own.
        build_contexts: named contexts: name → folder, URL, ``docker-image://REF`` or ``oci-layout://FOLDER``.
        stdin: see above.
        first_line: number of the first line of a Dockerfile on `stdin`, which errors count from.
        options: how it is built.
        outputs: where the result goes besides the store.
    """

    context: str = "."
    dockerfile: str = ""
    build_contexts: dict[str, str] = {}
    stdin: BinaryIO | None = None
    first_line: int = 1
    options: Options
    outputs: tuple[BuildOutput, ...] = ()
