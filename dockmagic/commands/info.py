"""``info``: show where things are kept, and what works on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.facts import information
from dockmagic.oci.hints import with_program

from .cmdline.command import verb
from .cmdline.parameters import option
from .cmdline.result import Document, Text

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_TITLES = {
    "Images": "Images",
    "Names": "Names",
    "Containers": "Containers",
    "ContainersRunning": " Running",
    "ContainersPaused": " Paused",
    "ContainersStopped": " Stopped",
    "ServerVersion": "Server Version",
    "Driver": "Storage Driver",
    "DockerRootDir": "Docker Root Dir",
    "KernelVersion": "Kernel Version",
    "OperatingSystem": "Operating System",
    "OSType": "OSType",
    "Architecture": "Architecture",
    "DefaultPlatform": "Default Platform",
    "NCPU": "CPUs",
    "Name": "Name",
    "HttpProxy": "HTTP Proxy",
    "HttpsProxy": "HTTPS Proxy",
    "NoProxy": "No Proxy",
    "IndexServerAddress": "Registry",
}


@verb(
    "info",
    "[OPTIONS]",
    ("info", "store, platform, proxies"),
    ("info --format '{{.DockerRootDir}}'", "where images are kept"),
    returns="Document",
    aliases=("system info",),
)
@option("-f", "--format", "form", metavar="string", help="Format output: json or a Go template")
def command(ctx: CommandContext, form: str | None) -> Result:
    """Show where images are kept and what there is."""
    facts = information(ctx.engine, tiers=form is None or "Tiers" in form or form == "json")
    if form:
        from .output.template_output import formatted

        return Text(formatted(form, facts), rendered=True)
    lines = [f"{title}: {facts[name]}" for name, title in _TITLES.items() if facts[name] != ""]
    if facts["Tiers"]:
        lines += [
            "Ways to run containers:",
            *(f" {about}: {with_program(answer, ctx.prog)}" for about, answer in facts["Tiers"].items()),
        ]
    return Document(facts, "\n".join(lines))
