"""Copies between places: one image (``copy``), or what patterns fit in a registry (``sync``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.image.transports.copy import copy
from dockmagic.image.transports.table import parse_location
from dockmagic.oci.errors import DockmagicError, ImageNotFound, InvalidArchive, InvalidInput, NotFound, NotSupported
from dockmagic.oci.glob import compile_pattern, is_pattern
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference
from dockmagic.rows import SyncRow

from .options import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.transports.copy import Copied
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress

    from .context import EngineContext

__all__ = ["copy_image", "sync_repositories"]


def copy_image(
    engine: EngineContext,
    source: str,
    destination: str,
    *,
    all_platforms: bool = False,
    preserve_digests: bool = False,
    platform: Platform | str | None = None,
    on_progress: Progress = ignore_progress,
) -> Copied:
    """Copy an image from one place to another; see `Images.copy`."""
    wanted = None if platform is None else convert.platform("platform", platform)
    if wanted is not None and convert.switch("all_platforms", all_platforms):
        raise InvalidInput("one platform and all of them exclude each other", hint="Choose one")
    from_transport, from_place = parse_location(convert.text("source", source))
    to_transport, to_place = parse_location(convert.text("destination", destination))
    with from_transport.source(engine, from_place) as opened, to_transport.target(engine, to_place) as target:
        return copy(
            opened,
            target,
            platform=wanted,
            all_platforms=all_platforms,
            preserve_digests=convert.switch("preserve_digests", preserve_digests),
            on_progress=on_progress,
        )


def sync_repositories(
    engine: EngineContext,
    source: str,
    destination: str,
    *,
    all_platforms: bool = False,
    dry_run: bool = False,
    on_progress: Progress = ignore_progress,
    on_error: Callable[[DockmagicError], None] | None = None,
) -> tuple[SyncRow, ...]:
    """Copy what is missing of repositories; see `Images.sync`."""
    found = []
    for ref in _matching(engine, source):
        place = _place(destination, ref)
        try:
            found.append(
                _sync(engine, ref, place, all_platforms=all_platforms, dry_run=dry_run, on_progress=on_progress)
            )
        except DockmagicError as error:
            if on_error is None:
                raise
            on_error(error)
    return tuple(found)


def _sync(
    engine: EngineContext,
    ref: Reference,
    place: str,
    *,
    all_platforms: bool,
    dry_run: bool,
    on_progress: Progress,
) -> SyncRow:
    digest = engine.registries.repository(ref).resolve(ref).digest
    status, sent = "Copied", 0
    if _digest_at(engine, place) == digest:
        status = "Up to date"
    elif dry_run:
        status = "Would copy"
    else:
        source = f"docker://{ref}"
        done = copy_image(engine, source, place, all_platforms=all_platforms, on_progress=on_progress)
        digest, sent = done.digest, done.sent
    return SyncRow(source=ref.familiar, destination=place, digest=digest, status=status, size=sent)


def _digest_at(engine: EngineContext, place: str) -> Digest | None:
    """What is there already."""
    transport, where = parse_location(place)
    try:
        with transport.source(engine, where) as opened:
            return opened.descriptor.digest
    except (NotFound, InvalidInput, InvalidArchive):
        return None


def _matching(engine: EngineContext, source: str) -> Iterator[Reference]:
    """The tags that a pattern ``docker://HOST/PATH[:TAG]`` fits; ``*`` and ``?`` stop at a slash."""
    transport, place = parse_location(source)
    if transport.word != "docker":
        raise NotSupported(f"{source!r} is no pattern for a registry", hint="Write docker://HOST/PATTERN[:PATTERN]")
    head, slash, last = place.rpartition("/")
    last, _, tags = last.partition(":")
    domain, _, path = f"{head}{slash}{last}".partition("/")
    if not is_pattern(path):
        repositories = [Reference.parse(f"{head}{slash}{last}")]
    else:
        if not ("." in domain or ":" in domain or domain == "localhost"):
            raise InvalidInput(f"{source!r} names no registry", hint="Write docker://HOST/PATTERN[:PATTERN]")
        fits = compile_pattern(path).fullmatch
        names = sorted(name for name in engine.registries.catalog(domain) if fits(name))
        repositories = [Reference.parse(f"{domain}/{name}") for name in names]
    if not repositories:
        raise ImageNotFound(f"no repository fits {source}", hint=f"See which there are: `search {domain}/`")
    wanted = compile_pattern(tags or "*").fullmatch
    for repository in repositories:
        if tags and not is_pattern(tags):
            yield repository.with_tag(tags)
            continue
        for tag in sorted(engine.registries.repository(repository).tags()):
            if wanted(tag):
                yield repository.with_tag(tag)


def _place(destination: str, ref: Reference) -> str:
    """Where one image goes: its repository's path below the destination."""
    transport, place = parse_location(destination)
    below = f"{place.rstrip('/')}/{ref.path}"
    if transport.word == "docker":
        return f"docker://{below}:{ref.tag}"
    if transport.word in ("oci", "dir"):
        return f"{transport.word}:{below}:{ref.tag}"
    raise NotSupported(
        f"repositories cannot be copied to {destination!r}", hint="Write docker://HOST[/PATH], oci:FOLDER or dir:FOLDER"
    )
