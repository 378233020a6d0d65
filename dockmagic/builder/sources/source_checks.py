"""Checks of what COPY and ADD name as sources, as far as the text alone tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dockmagic.dockerfile import Copy
from dockmagic.oci.errors import InvalidDigest, InvalidInput

if TYPE_CHECKING:
    from dockmagic.dockerfile import Add

    from .address import GitSource

__all__ = ["check_sources", "is_remote", "is_url", "may_be_remote"]

_SHA256: Final = re.compile(r"sha256:[0-9a-f]{64}")


def may_be_remote(source: str) -> bool:
    """Whether it is worth a closer look: what is remote has one or the other."""
    return "://" in source or "@" in source


def is_url(source: str) -> bool:
    """Whether it is fetched from the web, if it is no git repository."""
    return source.startswith(("http://", "https://"))


def is_remote(source: str) -> bool:
    """Whether it is fetched at all.

    Raises:
        InvalidInput: an address of git that cannot be understood.
    """
    from .address import GitSource

    return is_url(source) or GitSource.parse(source) is not None


def check_sources(instruction: Copy | Add) -> None:
    """Refuse what no source can be.

    Args:
        instruction: expanded.

    Raises:
        InvalidInput: something remote in a COPY, a checksum where there is not one remote source, or what a git URL
            asks for twice and differently.
        InvalidDigest: a checksum that is none.
    """
    remote = 0
    for source in filter(may_be_remote, instruction.sources):
        from .address import GitSource, split_web

        repository = GitSource.parse(source)
        if repository is None and not is_url(source):
            continue
        if repository is None:
            split_web(source)
        remote += 1
        if isinstance(instruction, Copy):
            raise InvalidInput(
                f"source can't be a {'URL' if repository is None else 'git ref'} for COPY", hint="Write ADD"
            )
        _check_remote(instruction, repository)
    checksum = "" if isinstance(instruction, Copy) else instruction.checksum
    if checksum and not remote:
        raise InvalidInput("--checksum is for one URL or git repository", hint="Leave it out for files of the context")
    if checksum and len(instruction.sources) > 1:
        raise InvalidInput("--checksum is for one source only", hint="Write one ADD for each")


def _check_remote(add: Add, repository: GitSource | None) -> None:
    if repository is None:
        if add.checksum and not _SHA256.fullmatch(add.checksum):
            raise InvalidDigest(f"{add.checksum[:100]!r} is not a sha256 digest")
        return
    if add.checksum and repository.checksum and add.checksum != repository.checksum:
        raise InvalidInput(f"checksum mismatch {add.checksum!r} and {repository.checksum!r}")
    if None not in (add.keep_git_dir, repository.keep_git_dir) and add.keep_git_dir != repository.keep_git_dir:
        raise InvalidInput("inconsistent keep-git-dir configuration")
