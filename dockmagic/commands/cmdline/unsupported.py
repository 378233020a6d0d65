"""What docker has and dockmagic does not: refused by name, with the reason and what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import NotSupported

from .table import ALIASES, NOUNS, VERBS
from .unsupported_flags import NO_DAEMON, refused_flag
from .usage_error import UsageMistake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.oci.errors import DockmagicError

__all__ = ["refuse"]

_BUILDERS = (
    "there are no builders to choose from, a build runs in this process",
    "Leave it out, and write `build`; `builder du` and `builder prune` are about the cache",
)
_ONE_MACHINE = ("dockmagic works on one machine and has no cluster", "Use Kubernetes, or docker itself, for clusters")
_NETWORKS = (
    "a network of its own needs root, and dockmagic never asks for it",
    "Nothing has to be created: `pull`, `push` and `serve` use this machine's network",
)
#: Verb or noun → reason and what to do instead.
_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(
        ("stats", "container stats"),
        ("no daemon measures containers all the time", "Look at their processes with `top CONTAINER`"),
    ),
    **dict.fromkeys(
        ("update", "container update"),
        ("limits are set when a container is made", "`commit` it, and `run` the image with other limits"),
    ),
    "volume update": ("that is for clusters", "`volume rm NAME`, then `volume create NAME`"),
    **dict.fromkeys(
        (
            "buildx create", "buildx history", "buildx inspect", "buildx install", "buildx ls", "buildx rm",
            "buildx stop", "buildx uninstall", "buildx use",
        ),
        _BUILDERS,
    ),
    **dict.fromkeys(
        ("bake", "buildx bake"),
        ("there is no file of several builds", "Write one `build` for each image: %%docker runs them line by line"),
    ),
    "buildx dial-stdio": ("there is no builder that could be talked to", "Write `build`: it runs in this process"),
    "buildx debug": ("there is no debugger for builds", "Leave out debug: `build` tells where and why a step failed"),
    "buildx imagetools": (
        "its verbs have other names here",
        "`manifest inspect` and `manifest create` do what imagetools does; `copy --all` gives an index another name",
    ),
    **dict.fromkeys(("config", "node", "secret", "service", "stack", "swarm"), _ONE_MACHINE),
    "network": _NETWORKS,
    "compose": (
        "dockmagic handles single images and has no compose",
        "Pull the images of the compose file one by one; podman-compose and docker compose run them",
    ),
    "context": NO_DAEMON,
    "events": NO_DAEMON,
    "system events": NO_DAEMON,
    "system dial-stdio": NO_DAEMON,
    "plugin": ("there is no daemon that could have plugins", "Credential helpers work without one: see `login --help`"),
    "trust": ("Docker Content Trust was given up by Docker", "Name images by digest: `pull NAME@sha256:…`"),
    "checkpoint": ("the state of processes cannot be kept", "`commit` keeps the files of a container"),
    "scout": ("vulnerability scans need a service", "`save -o FILE IMAGE`, and give the file to trivy or grype"),
    "sbom": ("there is no list of packages", "`save -o FILE IMAGE`, and give the file to syft"),
    "debug": ("there are no tools to bring along", "Enter the container: `exec -i -t CONTAINER sh`"),
    "init": ("there are no templates for projects", "Write the Dockerfile by hand"),
    "model": ("dockmagic handles images, not language models", "Use Docker Desktop or Ollama"),
    "desktop": NO_DAEMON,
    "extension": NO_DAEMON,
    "convert": ("images are changed by the verbs of `image`", "Write `image convert`"),
}  # fmt: skip


def refuse(argv: Sequence[str], *, prog: str) -> DockmagicError:
    """The error for a command line that begins with no verb."""
    first, two = argv[0], " ".join(argv[:2])
    if first.startswith("-"):
        return refused_flag(first) or UsageMistake(
            f"unknown flag: {first.partition('=')[0]}", usage=f"{prog} COMMAND", help_command=f"{prog} --help"
        )
    for name in (two, first):
        if name in _VERBS:
            reason, instead = _VERBS[name]
            shown = two if name == first and len(argv) > 1 and argv[1].isalpha() and _takes_subcommand(name) else name
            return NotSupported(f"{shown} is not supported: {reason}", hint=instead)
    if first in NOUNS:
        if argv[1:] and argv[1].startswith("-") and (refusal := refused_flag(argv[1])):
            return refusal
        known = [name.partition(" ")[2] for name in (*VERBS, *ALIASES) if name.startswith(f"{first} ")]
        return _unknown(two, argv[1] if len(argv) > 1 else "", known, prog, f"{prog} {first}")
    return _unknown(first, first, [*VERBS, *NOUNS], prog, prog)


def _takes_subcommand(name: str) -> bool:
    return name in ("checkpoint", "compose", "network", "plugin", "swarm")


def _of_nouns(word: str) -> list[str]:
    """The verbs that need a noun before this word: ``ls`` is that of containers, images and volumes."""
    found = (name for name in (*ALIASES, *VERBS) if name.partition(" ")[2] == word and not name.startswith("buildx"))
    return list(dict.fromkeys(ALIASES.get(name, name) for name in found))


def _unknown(called: str, word: str, known: list[str], prog: str, where: str) -> UsageMistake:
    import difflib

    meant = _of_nouns(word) if where == prog else []
    close = meant or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    suggestion = f"Did you mean {' or '.join(f'{where} {one}' for one in close)}? " if close else ""
    return UsageMistake(
        f"unknown command: {prog} {called}",
        hint=f"{suggestion}See {where} --help",
        usage=f"{where} COMMAND",
        help_command=f"{where} --help",
        exit_code=1,
    )
