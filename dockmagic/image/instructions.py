"""Dockerfile instructions that change how an image runs: what ``--change`` of ``commit`` and ``import`` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.dockerfile import Workdir, expand, parse
from dockmagic.oci.errors import DockerfileError, InvalidInput

from .configuration import Settings, apply, work_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.oci.spec import Config

__all__ = ["apply_changes"]

# moby, builder/dockerfile: validCommitCommands.
_VALID: Final = (
    "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip


def apply_changes(config: Config, changes: Iterable[str]) -> Config:
    """`config` after instructions such as ``CMD ["sh"]`` and ``ENV A=1``, as the Dockerfile after a FROM would have it.

    Raises:
        InvalidInput: an instruction that is none, or that changes no configuration.
    """
    settings = Settings(config=config)
    for text in changes:
        settings = _apply(settings, text)
    return settings.config


def _apply(settings: Settings, text: str) -> Settings:
    word, _, rest = text.strip().partition(" ")
    if word.upper() not in _VALID or "\n" in text.strip():
        raise InvalidInput(f"{text!r} is no valid change", hint=f"Begin with one of {', '.join(_VALID)}")
    if not rest.strip():
        raise InvalidInput(f"{word.upper()} needs a value", hint=f"Write what {word.upper()} is to be")
    if word.upper() == "ONBUILD":
        return _remember(settings, rest.strip())
    try:
        (instruction,) = parse(f"FROM scratch\n{text.strip()}", name="--change").stages[0].instructions
        variables = dict(pair.partition("=")[::2] for pair in settings.config.env or ())
        instruction = instruction.expanded(lambda part: expand(part, variables))
    except DockerfileError as error:
        raise InvalidInput(f"{text!r} is no valid change: {error.reason}", hint=error.hint) from None
    if isinstance(instruction, Workdir):
        return work_in(settings, instruction.path)
    return apply(settings, instruction)[0]


def _remember(settings: Settings, expression: str) -> Settings:
    """After ONBUILD: whoever builds on the image reads the instruction, so docker asks for its first word alone."""
    keyword = expression.split(maxsplit=1)[0].upper()
    if keyword == "ONBUILD":
        raise InvalidInput("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", hint="Write ONBUILD once")
    if keyword in ("FROM", "MAINTAINER"):
        raise InvalidInput(f"{keyword} isn't allowed as an ONBUILD trigger", hint="Write another instruction")
    triggers = (*(settings.config.on_build or ()), expression)
    return msgspec.structs.replace(settings, config=msgspec.structs.replace(settings.config, on_build=triggers))
