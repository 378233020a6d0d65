"""What decides whether a step must be done again, part by part.

A step sees of the configuration below it only its variables, shell, user and working folder: these are in its key, and
a LABEL that changed above it does not matter. On a hit the layer is taken from the cache, and the documents are written
anew from this Dockerfile.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .cache import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dockmagic.builder.reading.scope import Scope
    from dockmagic.image.configuration import Settings
    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform

__all__ = ["chain", "of_configuration", "of_copy", "of_run", "of_workdir"]


def chain(image: Image) -> str:
    """What lies below: the ChainID, or nothing."""
    return str(image.layers[-1].chain_id) if len(image.layers) else ""


def _common(image: Image, platform: Platform, text: str) -> list[Part]:
    return [Part("parent", chain(image)), Part("platform", str(platform)), Part("instruction", text)]


def _epoch(epoch: int | None) -> list[Part]:
    return [] if epoch is None else [Part("epoch", str(epoch))]


def of_configuration(image: Image, platform: Platform, text: str, before: Settings) -> tuple[Part, ...]:
    """Of an instruction that makes no layer."""
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import to_json

    return (*_common(image, platform, text), Part("config", str(Digest.of(to_json(before.config)))))


def of_workdir(image: Image, platform: Platform, path: str, user: str, *, epoch: int | None) -> tuple[Part, ...]:
    """Of WORKDIR: new folders are the user's."""
    return (*_common(image, platform, f"WORKDIR {path}"), Part("user", user), *_epoch(epoch))


def of_copy(
    image: Image, platform: Platform, text: str, workdir: str, content: Sequence[Part], *, epoch: int | None
) -> tuple[Part, ...]:
    """Of COPY and ADD; `content` is what their sources hold."""
    return (*_common(image, platform, text), Part("workdir", workdir), *content, *_epoch(epoch))


def of_run(
    image: Image,
    platform: Platform,
    argv: Sequence[str],
    settings: Settings,
    scope: Scope,
    *,
    network: str,
    hostname: str,
    hosts: Iterable[tuple[str, str]],
    mounts: Sequence[Part],
    shm_size: int,
    ownership: str,
    epoch: int | None,
) -> tuple[Part, ...]:
    """Of RUN; no secret's value, no proxy and nothing of a cache mount's content is in it."""
    variables = (word.partition("=") for word in scope.env)
    return (
        *_common(image, platform, f"RUN {json.dumps(list(argv))}"),
        *(Part("environment", value, name) for name, _, value in variables),
        *(Part("argument", value, name) for name, value in scope.args.items()),
        Part("user", settings.user),
        Part("workdir", settings.workdir),
        Part("network", network),
        *([Part("hosts", hostname)] if hostname else []),
        *(Part("hosts", address, name) for name, address in hosts),
        *mounts,
        *([Part("shm", str(shm_size))] if shm_size else []),
        Part("ownership", ownership),
        *_epoch(epoch),
    )
