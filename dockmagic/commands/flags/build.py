"""The flags of ``build``: the engine's options, and what scripts give out of habit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.commands.cmdline.parameters import as_flag, flag, option
from dockmagic.engine.options.build import OPTIONS
from dockmagic.oci.errors import NotSupported

from .shared import builder

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from dockmagic.commands.cmdline.result import Result

__all__ = ["build_flags", "unused_flags"]

_ATTESTATION = ("images are made without attestations", "Leave it out, or write --provenance=false")


def _refuse_rights(_ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> None:
    for right in value:
        if right != "network.host":  # which needs no permission here
            raise NotSupported(
                f"--allow {right} is not supported: RUN never gets more rights than a container", hint="Leave it out"
            )


def _refuse_attestation(_ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value not in (None, "false", "0"):
        raise NotSupported(
            f"{parameter.opts[0]} is not supported: {_ATTESTATION[0]}", hint=f"Write {parameter.opts[0]}=false"
        )


def _refuse_attestations(_ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> None:
    from dockmagic.dockerfile.mounts import read_fields

    for text in value:
        fields = dict(field.partition("=")[::2] for field in read_fields(text, "attestation"))
        if fields.get("disabled", "false").lower() not in ("true", "1"):
            raise NotSupported(
                f"--attest {text} is not supported: {_ATTESTATION[0]}", hint="Leave it out, or write disabled=true"
            )


#: What scripts give out of habit, and what is so anyway: images stay here, nothing else is kept, nothing is attested.
_UNUSED: Final = (
    flag("--load", hidden=True, expose_value=False),
    flag("--rm", hidden=True, expose_value=False),
    flag("--force-rm", hidden=True, expose_value=False),
    flag("--compress", hidden=True, expose_value=False),
    flag("--disable-content-trust", hidden=True, expose_value=False),
    option("--attest", multiple=True, hidden=True, expose_value=False, callback=_refuse_attestations),
    builder,
    option("--allow", multiple=True, hidden=True, expose_value=False, callback=_refuse_rights),
    option("--provenance", hidden=True, expose_value=False, callback=_refuse_attestation),
    option("--sbom", hidden=True, expose_value=False, callback=_refuse_attestation),
)


def unused_flags(function: Callable[..., Result]) -> Callable[..., Result]:
    """Flags of docker that change nothing here."""
    for add in _UNUSED:
        function = add(function)
    return function


def build_flags(function: Callable[..., Result]) -> Callable[..., Result]:
    """The flags that say what is built, how, and where it goes: the options of `build_request`."""
    for keyword, found in reversed(OPTIONS.items()):
        function = as_flag(keyword, found)(function)
    return function
