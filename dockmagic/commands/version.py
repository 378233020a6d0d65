"""``version``: show the version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.facts import version

from .cmdline.command import verb
from .cmdline.parameters import flag, option
from .cmdline.result import Document, Text

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_TITLES = {
    "Version": "Version", "PythonVersion": "Python version", "KernelVersion": "Kernel version",
}  # fmt: skip


@verb(
    "version",
    "[OPTIONS]",
    ("version", "dockmagic, Python and platform"),
    ("version --format '{{.Version}}'", "the number alone"),
    returns="Document",
    aliases=("buildx version",),
)
@option("-f", "--format", "form", metavar="string", help="Format output: json or a Go template")
@flag("--short", hidden=True)
def command(ctx: CommandContext, form: str | None, *, short: bool) -> Result:  # noqa: ARG001  (asks no engine)
    """Show the version."""
    facts = version()
    if short:
        return Text(f"dockmagic version {facts['Version']}")
    if form:
        from .output.template_output import formatted

        # Docker's templates ask for .Client.Version and .Server.Version: here both are one.
        return Text(
            formatted(form, facts if form == "json" else facts | {"Client": facts, "Server": facts}), rendered=True
        )
    lines = [f" {_TITLES[name] + ':':<18}{facts[name]}" for name in _TITLES]
    text = "\n".join((f"Engine: {facts['Name']}", *lines, f" {'OS/Arch:':<18}{facts['Os']}/{facts['Arch']}"))
    return Document(facts, text)
