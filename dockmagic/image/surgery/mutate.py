"""Mutate: other settings, labels and annotations, and no other files."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import msgspec

from dockmagic.image.draft import Draft
from dockmagic.image.instructions import apply_changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.spec import Config

    from .workspace import Workspace

__all__ = ["Mutation", "mutate"]


class Mutation(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be other than it is; what is left at its default stays.

    Attributes:
        env: variables; None takes one away.
        labels: None takes one away.
        annotations: of the manifest; None takes one away.
        cmd: the arguments of the entry point, or the command.
        entrypoint: an empty one takes it away, and the command with it as docker does.
        user: who runs it.
        working_dir: where.
        exposed_ports: further ones, such as ``8080/tcp``.
        volumes: further ones, as paths.
        stop_signal: such as ``SIGINT``.
        changes: Dockerfile instructions, applied first.
        author: of the image.
        platform: what it runs on.
    """

    env: Mapping[str, str | None] = {}
    labels: Mapping[str, str | None] = {}
    annotations: Mapping[str, str | None] = {}
    cmd: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    user: str | None = None
    working_dir: str | None = None
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str | None = None
    changes: tuple[str, ...] = ()
    author: str | None = None
    platform: Platform | None = None


def mutate(workspace: Workspace, image: Image, mutation: Mutation) -> Image:
    """The image with other settings, and a step in the history that tells them.

    Annotations stand in the manifest alone: where only they change, configuration and image ID stay.

    Raises:
        InvalidInput: an instruction that is none, or that changes no configuration.
    """
    draft = Draft(image)
    draft.annotate(mutation.annotations)
    told = _told(mutation)
    if told:
        draft.configure(_changed(apply_changes(image.config, mutation.changes), mutation))
        if mutation.platform is not None:
            _set_platform(draft.config, mutation.platform)
        history = workspace.history(f"image mutate {shlex.join(told)}")
        draft.add(msgspec.structs.replace(history, author=mutation.author))
    return workspace.finish(draft)


def _changed(config: Config, mutation: Mutation) -> Config:
    env = dict(word.partition("=")[::2] for word in config.env or ())
    changes: dict[str, Any] = {
        "env": tuple(f"{key}={value}" for key, value in _merged(env, mutation.env).items()) or None,
        "labels": _merged(config.labels or {}, mutation.labels) or None,
        "exposed_ports": {**(config.exposed_ports or {}), **{port: {} for port in mutation.exposed_ports}} or None,
        "volumes": {**(config.volumes or {}), **{path: {} for path in mutation.volumes}} or None,
    }
    for name in ("user", "working_dir", "stop_signal"):
        if (value := getattr(mutation, name)) is not None:
            changes[name] = value or None
    if mutation.entrypoint is not None:
        changes |= {"entrypoint": mutation.entrypoint or None, "cmd": None}
    if mutation.cmd is not None:
        changes["cmd"] = mutation.cmd or None
    return msgspec.structs.replace(config, **changes)


def _merged(old: Mapping[str, str], new: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in {**old, **new}.items() if value is not None}


def _set_platform(config: dict[str, Any], platform: Platform) -> None:
    config |= {"architecture": platform.architecture, "os": platform.os}
    config.pop("variant", None)
    if platform.variant:
        config["variant"] = platform.variant


def _told(mutation: Mutation) -> list[str]:
    """What the history says of it, in the words of the command line."""
    words: list[str] = []
    for flag, pairs in (("env", mutation.env), ("label", mutation.labels)):
        words += [f"--{flag}={key}={value}" for key, value in pairs.items() if value is not None]
        words += [f"--unset-{flag}={key}" for key, value in pairs.items() if value is None]
    for flag, value in (
        ("user", mutation.user),
        ("workdir", mutation.working_dir),
        ("stop-signal", mutation.stop_signal),
        ("author", mutation.author),
        ("set-platform", mutation.platform),
    ):
        words += [f"--{flag}={value}"] if value is not None else []
    for flag, command in (("entrypoint", mutation.entrypoint), ("cmd", mutation.cmd)):
        words += [f"--{flag}={shlex.join(command)}"] if command is not None else []
    for flag, several in (
        ("exposed-ports", mutation.exposed_ports),
        ("volume", mutation.volumes),
        ("change", mutation.changes),
    ):
        words += [f"--{flag}={one}" for one in several]
    return words
