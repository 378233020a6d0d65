"""The flags of ``create`` and ``run``, and what is printed while an image is pulled for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.cmdline.parameters import as_flag, flag, option
from dockmagic.commands.cmdline.unsupported_flags import refusal_of
from dockmagic.commands.output.transfer_output import Log
from dockmagic.engine.options.container import OPTIONS, REFUSED, container_spec
from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from dockmagic.commands.cmdline.context import CommandContext
    from dockmagic.commands.cmdline.result import Result
    from dockmagic.image.image import Image
    from dockmagic.oci.reference import Reference
    from dockmagic.runtime.container import Container

__all__ = ["REFUSED", "create", "creation_flags"]


def _only(*values: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    """A flag of `REFUSED` may be given, if it asks for what is the case anyway."""

    def check(_ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is not None and value not in values:
            raise refusal_of(parameter.opts[0], REFUSED)

    return check


def _as_it_is(name: str, *values: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    return option(name, hidden=True, expose_value=False, callback=_only(*values))


#: Flags of the command line alone: how much is printed, and what asks for what is the case anyway.
_FLAGS: Final = (
    flag("-q", "--quiet", help="Suppress the pull output"),
    _as_it_is("--cgroupns", "private"),
    _as_it_is("--ipc", "private"),
    _as_it_is("--isolation", "default"),
    _as_it_is("--log-driver", "json-file", "local"),
    _as_it_is("--restart", "no", ""),
    _as_it_is("--volume-driver", "local"),
    flag("--no-healthcheck", hidden=True, expose_value=False, help="Nothing checks the health"),
    flag("--disable-content-trust", hidden=True, expose_value=False, help="There is no content trust to disable"),
)


def creation_flags(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give a verb's function the flags of ``create``; they arrive as keywords that `create` takes."""
    for one in reversed((*(as_flag(keyword, found) for keyword, found in OPTIONS.items()), *_FLAGS)):
        function = one(function)
    return function


def create(ctx: CommandContext, image: str, command: tuple[str, ...], *, quiet: bool, **flags: Any) -> Container:
    """Make the container, and say what is pulled for it.

    Raises:
        DockmagicError: as `Containers.create` raises them.
    """
    spec = container_spec(image, command, flags, command_line=True)

    def pulling(ref: Reference) -> None:
        if quiet:
            return
        if spec.pull == "missing":
            ctx.say(f"Unable to find image '{ref.familiar}' locally")
        ctx.say(f"{ref.digest or ref.tag}: Pulling from {ref.path if ref.domain == 'docker.io' else ref.name}")

    def pulled(ref: Reference, found: Image) -> None:
        if quiet:
            return
        ctx.say(f"Digest: {found.repo_digest}")
        ctx.say(f"Status: Downloaded newer image for {ref.familiar}")

    return ctx.engine.containers.create_from(
        spec,
        on_notice=lambda line: ctx.say(f"WARNING: {line}"),
        on_pull=pulling,
        on_pulled=pulled,
        on_progress=Log(ignore_progress if quiet else ctx.on_progress),
    )
