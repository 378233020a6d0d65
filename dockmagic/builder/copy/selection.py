"""Which files COPY and ADD mean by their sources: paths, wildcards, ``--parents`` and ``--exclude``."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

import msgspec
from blake3 import blake3

from dockmagic.builder.sources.files import base_of, decoded, encoded, join, real_name, resolve, shown
from dockmagic.dockerfile import Ignore
from dockmagic.oci.errors import about
from dockmagic.oci.glob import compile_pattern, is_pattern, pivot

from .not_found import not_found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dockmagic.builder.sources.files import Files
    from dockmagic.layer.entry import Entry

__all__ = ["Match", "content_digest", "content_items", "select"]


class Match(msgspec.Struct, frozen=True):
    """One file or folder that a source means.

    Attributes:
        files: where it is.
        base: its name in a folder that it is copied to, as the source writes it.
        top: itself, links followed.
        below: all that is in it, for a folder.
        loose: names in `below` of folders that only lead to what was asked for (``--parents``).
    """

    files: Files
    base: bytes
    top: Entry
    below: tuple[Entry, ...] = ()
    loose: frozenset[bytes] = frozenset()

    def inner(self, entry: Entry) -> bytes:
        """The name of one of `below`, from the folder on."""
        return entry.name[len(self.top.name) + 1 :] if self.top.name else entry.name


def select(
    files: Files, sources: Sequence[str], *, parents: bool = False, exclude: Sequence[str] = ()
) -> tuple[Match, ...]:
    """Find what `sources` mean in `files`, all of it digested.

    Args:
        files: where.
        sources: in their order.
        parents: ``--parents``.
        exclude: patterns in the manner of `.dockerignore`, relative to each folder that is copied.

    Raises:
        PathNotFound: a source without wildcards is not there.
        DockerfileError: a malformed pattern.
    """
    ignore = Ignore(exclude) if exclude else None
    matches: list[Match] = []
    for source in sources:
        with about(source):
            matches += _with_parents(files, source, ignore) if parents else _plain(files, source, ignore)
    return tuple(_digested(match) for match in matches)


def _plain(files: Files, source: str, ignore: Ignore | None) -> Iterator[Match]:
    for name in _names(files, source):
        top = resolve(files, name)
        if top is None:
            raise not_found(files, source)
        base = base_of(name)
        if not top.is_dir:
            if ignore is not None and is_pattern(source) and ignore.excludes(decoded(base)):
                continue
            yield Match(files, base, top)
        else:
            yield Match(files, base, top, tuple(_below(files, top.name, ignore)))


def _names(files: Files, source: str) -> list[bytes]:
    """What a source with wildcards fits, or the source itself; names in the tree."""
    path = posixpath.normpath("/" + source).strip("/")
    if not is_pattern(path):
        return [encoded(path)]
    parts = path.split("/")
    plain = next(at for at, part in enumerate(parts) if is_pattern(part))
    found = [real_name(files.entry, encoded("/".join(parts[:plain])))]
    for at, part in enumerate(parts[plain:], plain):
        fits = compile_pattern(part).fullmatch
        found = [
            name
            for directory in found
            for name in (join(directory, base) for base in files.names(directory) if fits(decoded(base)))
            if at == len(parts) - 1 or _is_dir(files, name)
        ]
    return found


def _is_dir(files: Files, name: bytes) -> bool:
    entry = files.entry(name)
    return entry is not None and entry.is_dir


def _below(files: Files, directory: bytes, ignore: Ignore | None) -> Iterator[Entry]:
    if ignore is None:
        yield from files.walk(directory)
        return
    skip = len(directory) + 1 if directory else 0
    waiting: list[Entry] = []
    for entry in files.walk(directory, lambda name: ignore.prunes(decoded(name[skip:]))):
        if ignore.excludes(decoded(entry.name[skip:])):
            if entry.is_dir:
                waiting.append(entry)  # what is in it may be brought back
            continue
        yield from _led(waiting, entry)
        yield entry


def _led(waiting: list[Entry], entry: Entry) -> list[Entry]:
    """Of the directories that wait, those that `entry` is in; none waits any longer."""
    found = [parent for parent in waiting if entry.name.startswith(parent.name + b"/")]
    waiting.clear()
    return found


def _with_parents(files: Files, source: str, ignore: Ignore | None) -> Iterator[Match]:
    start, pattern = pivot(source)
    pattern = posixpath.normpath("/" + pattern).strip("/")
    for name in _names(files, start):
        top = resolve(files, name)
        if top is None:
            raise not_found(files, source)
        below, loose = _included(files, top.name, pattern, ignore)
        if not below and pattern and not is_pattern(start) and not is_pattern(pattern):
            raise not_found(files, source)
        yield Match(files, base_of(name), top, tuple(below), frozenset(loose))


def _included(files: Files, top: bytes, pattern: str, ignore: Ignore | None) -> tuple[list[Entry], set[bytes]]:
    """What fits `pattern` below `top`, with the folders that lead there (and only lead there: the second part)."""
    if not pattern:  # `top` itself was asked for: "./" or "folder/./"
        return list(_below(files, top, ignore)), set()
    parts = pattern.split("/")
    plain = next((at for at, part in enumerate(parts) if is_pattern(part)), len(parts) - 1)
    led: list[Entry] = []
    start = top
    for part in parts[:plain]:
        start = join(start, encoded(part))
        found = files.entry(start)
        if found is None or not found.is_dir:
            return [], set()
        led.append(found)
    skip = len(top) + 1 if top else 0
    include = Ignore([pattern])
    result: list[Entry] = []
    loose: set[bytes] = set()
    for entry in files.walk(start):
        inner = decoded(entry.name[skip:])
        if not include.excludes(inner) or (ignore is not None and ignore.excludes(inner)):
            if entry.is_dir:
                led.append(entry)
            continue
        leading = _led(led, entry) if led else []
        loose.update(parent.name for parent in leading)
        result += [*leading, entry]
    return result, loose


def _digested(match: Match) -> Match:
    if match.top.is_dir:
        return msgspec.structs.replace(match, below=tuple(match.files.digested(match.below)))
    return msgspec.structs.replace(match, top=match.files.digested([match.top])[0])


def content_digest(matches: Iterable[Match]) -> str:
    """What the cache goes by: names, types, modes, links, attributes and bytes; owners only where they count."""
    lines = []
    for match in matches:
        lines.append(b"\1%b\0" % match.base)
        if match.top.is_dir:
            skip = len(match.top.name) + 1 if match.top.name else 0
            lines += [_line(entry, skip, owned=match.files.owned) for entry in match.below]
        else:
            lines.append(_line(match.top, len(match.top.name), owned=match.files.owned))
    return blake3(b"".join(lines)).hexdigest()


def _line(entry: Entry, skip: int, *, owned: bool) -> bytes:
    line = b"%b\0%d %o %b\0%b" % (entry.name[skip:], entry.type, entry.mode, entry.link, entry.digest)
    if owned:
        line += b"%d:%d" % (entry.uid, entry.gid)
    if entry.major or entry.minor:
        line += b"%d,%d" % (entry.major, entry.minor)
    if entry.xattrs:
        line += msgspec.msgpack.encode(entry.xattrs)
    return b"%d:%b" % (len(line), line)


def content_items(matches: Iterable[Match]) -> dict[str, str]:
    """The same for people: each path with what is there."""
    items = {}
    for match in matches:
        for entry in match.below if match.top.is_dir else (match.top,):
            items[shown(entry.name)[1:]] = _item(entry, owned=match.files.owned)
    return items


def _item(entry: Entry, *, owned: bool) -> str:
    text = f"{entry.type.name.lower()} {entry.mode:04o}"
    if owned:
        text += f" {entry.uid}:{entry.gid}"
    if entry.is_symlink:
        return f"{text} -> {entry.link.decode('utf-8', 'backslashreplace')}"
    if entry.is_file:
        text += f" {entry.size} {entry.digest.hex()[:16]}"
    if entry.xattrs:
        text += f" xattrs {blake3(msgspec.msgpack.encode(entry.xattrs)).hexdigest()[:8]}"
    return text
