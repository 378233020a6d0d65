"""``image mutate``: change settings, labels and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.options.surgery import pairs

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .flags.shared import platform
from .flags.surgery import CHANGING, change, find, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image mutate",
    "[OPTIONS] IMAGE",
    ("image mutate -t app:2 -l version=2 -e MODE=fast app:1", "a label and a variable"),
    ("image mutate -t app:2 --cmd 'python -m app' -u 1000 app:1", "another command and user"),
    ("image mutate -t app:2 -a org.opencontainers.image.source=https://example.org app:1", "the image ID stays"),
    ("image mutate -t app:2 --unset-label maintainer -c 'HEALTHCHECK NONE' app:1", "less than there was"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image")
@option("-e", "--env", multiple=True, metavar="list", help="Set environment variables")
@option("-l", "--label", "labels", multiple=True, metavar="list", help="Set labels")
@option("-a", "--annotation", "annotations", multiple=True, metavar="list", help="Set annotations of the manifest")
@option("--unset-env", multiple=True, metavar="list", help="Take variables away")
@option("--unset-label", multiple=True, metavar="list", help="Take labels away")
@option("--unset-annotation", multiple=True, metavar="list", help="Take annotations away")
@option("--cmd", metavar="string", help="Command, or arguments of the entry point")
@option("--entrypoint", metavar="string", help="Entry point; an empty one takes it away")
@option("-u", "--user", metavar="string", help="Username or UID")
@option("-w", "--workdir", metavar="string", help="Working directory")
@option("--exposed-ports", multiple=True, metavar="list", help="Further ports, such as 8080/tcp")
@option("--volume", "volumes", multiple=True, metavar="list", help="Further volumes, as paths")
@option("--stop-signal", metavar="string", help="Signal to stop a container")
@option("-c", "--change", "changes", multiple=True, metavar="list", help="Apply Dockerfile instruction to the image")
@option("--author", metavar="string", help="Author of the image")
@option("--set-platform", metavar="string", help="What the image is for, if it says it wrongly")
@tags
@platform
def command(
    ctx: CommandContext,
    image: str,
    *,
    env: tuple[str, ...],
    labels: tuple[str, ...],
    annotations: tuple[str, ...],
    unset_env: tuple[str, ...],
    unset_label: tuple[str, ...],
    unset_annotation: tuple[str, ...],
    cmd: str | None,
    entrypoint: str | None,
    user: str | None,
    workdir: str | None,
    exposed_ports: tuple[str, ...],
    volumes: tuple[str, ...],
    stop_signal: str | None,
    changes: tuple[str, ...],
    author: str | None,
    set_platform: str | None,
    tags: tuple[str, ...],
    platform: str | None,
) -> Result:
    """Change the settings, labels and annotations of an image."""
    return change(
        ctx,
        "mutate",
        find(ctx, image, platform),
        env={**pairs("env", env), **dict.fromkeys(unset_env)},
        labels={**pairs("label", labels), **dict.fromkeys(unset_label)},
        annotations={**pairs("annotation", annotations), **dict.fromkeys(unset_annotation)},
        cmd=cmd,
        entrypoint=entrypoint,
        user=user,
        workdir=workdir,
        exposed_ports=exposed_ports,
        volumes=volumes,
        stop_signal=stop_signal,
        changes=changes,
        author=author,
        set_platform=set_platform,
        tags=tags,
    )
