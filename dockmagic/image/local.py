"""The images of the local store: found by name, ID or digest, listed, named and removed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.oci import media
from dockmagic.oci.errors import AmbiguousName, Conflict, DockmagicError, ImageNotFound, InvalidReference
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor, chain_ids
from dockmagic.store.gc import collect

from .actions import Removal
from .image import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore, Named

__all__ = ["Use", "by_digest", "by_manifest", "find", "images", "prune", "remove", "tag"]

_ID = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")


class Use(NamedTuple):
    """Something that stands on an image, so that this is not removed unasked.

    Attributes:
        what: such as ``container 0123456789ab``.
        image_id: of the image.
        running: whether it works now: then not even `force` removes the image.
    """

    what: str
    image_id: Digest
    running: bool


def images(store: ContentStore) -> tuple[Image, ...]:
    """Every image, each once, in the order in which they came; those without a name too."""
    entries = store.names()
    first = {entry.image_id: entry for entry in reversed(entries)}
    return tuple(_view(store, entry, entries) for entry in entries if first[entry.image_id] is entry)


def by_digest(store: ContentStore, manifest: Digest) -> Image:
    """The image with this manifest.

    Raises:
        ImageNotFound: it is not in the list of images.
    """
    entries = store.names()
    for entry in entries:
        if entry.descriptor.digest == manifest:
            return _view(store, entry, entries)
    raise ImageNotFound(f"No such image: {manifest}", hint="See which there are: `images`")


def by_manifest(store: ContentStore, manifest: Digest) -> Image:
    """The image with this manifest, whether it is in the list of images or something else keeps it.

    Raises:
        ImageNotFound: its manifest is not here.
    """
    try:
        size = store.path(manifest).stat().st_size
    except FileNotFoundError:
        raise ImageNotFound(f"No such image: {manifest}", hint="See which there are: `images -a`") from None
    descriptor = Descriptor(media_type=media.OCI_MANIFEST, digest=manifest, size=size)
    return Image(store, descriptor, home=store.home, keep_tables=True)


def find(store: ContentStore, text: str) -> Image:
    """The image that a name, an ID, a digest or a prefix of them means; a name goes before an ID.

    Raises:
        ImageNotFound: none.
        AmbiguousName: the prefix fits several.
        InvalidReference: neither a name nor an ID.
    """
    return _view(store, _find(store, text), store.names())


def _find(store: ContentStore, text: str) -> Named:
    ref = _reference(text)
    entry = store.find(ref) if ref is not None else None
    if entry is not None:
        return entry
    fits = _with_id(store, text)
    ids = {each.image_id for each in fits}
    if len(ids) > 1:
        raise AmbiguousName(
            f"{text} fits {len(ids)} images", hint=f"Write more of it: {', '.join(sorted(each.short for each in ids))}"
        )
    if fits:
        return fits[0]
    if ref is None:
        raise ImageNotFound(f"No such image: {text}", hint="See which there are: `images`")
    raise ImageNotFound(f"No such image: {ref.or_latest().familiar}", hint=f"Get it with `pull {ref.familiar}`")


def _reference(text: str) -> Reference | None:
    """`text` as a name; None if it can only be an ID."""
    try:
        return Reference.parse(text)
    except InvalidReference:
        if _ID.fullmatch(text) is None:
            raise
        return None


def _with_id(store: ContentStore, text: str) -> list[Named]:
    match = _ID.fullmatch(text)
    if match is None:
        return []
    start = match[1]
    entries = store.names()
    fits = [entry for entry in entries if entry.image_id.hex.startswith(start)]
    return fits or [
        entry
        for entry in entries
        if any(digest.hex.startswith(start) for digest in (entry.descriptor.digest, entry.index_digest) if digest)
    ]


def _view(store: ContentStore, entry: Named, entries: Iterable[Named]) -> Image:
    names = tuple(each.ref for each in entries if each.image_id == entry.image_id and each.ref is not None)
    return Image(
        store,
        entry.descriptor,
        names=names,
        index_digest=entry.index_digest,
        image_id=entry.image_id,
        size=entry.size,
        home=store.home,
        keep_tables=True,
    )


def tag(store: ContentStore, image: Image, ref: Reference) -> None:
    """Let `ref` name `image` too (``latest`` if it says nothing).

    An image that loses its last name by this stays, unnamed.

    Raises:
        InvalidReference: `ref` has a digest, which cannot be given to an image.
        BlobNotFound: the image is not in `store`.
    """
    if ref.digest:
        raise InvalidReference(f"{ref.familiar} has a digest, and a name to be given cannot have one")
    indexes = [store.whole_index(name) for name in image.names]
    whole = next((index for index in indexes if index is not None and index.digest == image.index_digest), None)
    with store.lease([image.digest, image.id]), store.edit() as names:
        names.set(ref, image.descriptor, index_digest=whole.digest if whole is not None else None)
        if whole is not None:
            names.set_index(ref, whole)


def remove(
    store: ContentStore,
    text: str,
    *,
    force: bool = False,
    uses: Iterable[Use] = (),
    roots: Iterable[Callable[[], Iterable[Digest]]] = (),
) -> Removal:
    """Remove a name; with its last name, or by ID, the image and what only it uses.

    Args:
        store: where.
        text: name, ID or digest.
        force: remove by ID also where several repositories name it, and what is in use and does not run; the last name
            of what runs is taken away, and the image stays without one.
        uses: what stands on images here.
        roots: further roots of the collector: content that stays although no image has it.

    Raises:
        ImageNotFound: none.
        Conflict: an ID that several repositories name, or an image in use (moby, daemon/images/image_delete.go).
    """
    entry = _find(store, text)
    same = [each for each in store.names() if each.image_id == entry.image_id]
    ref = _reference(text)
    by_name = ref is not None and store.find(ref) is not None
    going = [entry] if by_name and entry.ref is not None else same
    repositories = {each.ref.name for each in same if each.ref is not None}
    if not by_name and len(repositories) > 1 and not force:
        raise Conflict(
            f"image {entry.image_id.short} is named in several repositories: {', '.join(sorted(repositories))}",
            hint="Remove it name by name, or with --force",
        )
    use = next((use for use in uses if use.image_id == entry.image_id), None)
    if use is None or len(going) < len(same):
        return _remove(store, going, roots)
    if not by_name and (use.running or not force):
        how, doing = ("cannot be forced", "running") if use.running else ("must be forced", "stopped")
        raise Conflict(
            f"conflict: unable to delete {entry.image_id.short} ({how}) - image is being used by {doing} {use.what}",
            hint=f"Remove the {use.what} first",
        )
    if not force:
        raise Conflict(
            f'conflict: unable to remove repository reference "{text}" (must force) - '
            f"{use.what} is using its referenced image {entry.image_id.short}",
            hint=f"Remove the {use.what} first, or use --force",
        )
    return _remove(store, going, roots, keep_unnamed=use.running)


def prune(
    store: ContentStore,
    *,
    all_unused: bool = False,
    keep: Callable[[Image], bool] = lambda _image: False,
    uses: Iterable[Use] = (),
    roots: Iterable[Callable[[], Iterable[Digest]]] = (),
) -> Removal:
    """Remove images without a name (``image prune``), or all that nothing uses (``image prune -a``).

    Args:
        store: where.
        all_unused: named ones too.
        keep: images for which it returns true stay.
        uses: what stands on images here: these stay.
        roots: further roots of the collector: content that stays although no image has it.
    """
    used = {use.image_id for use in uses}
    going = [
        entry
        for image in images(store)
        for entry in store.names()
        if entry.image_id == image.id
        and (all_unused or not image.names)
        and entry.image_id not in used
        and not keep(image)
    ]
    return _remove(store, going, roots)


def _remove(
    store: ContentStore,
    going: list[Named],
    roots: Iterable[Callable[[], Iterable[Digest]]],
    *,
    keep_unnamed: bool = False,
) -> Removal:
    staying = [entry for entry in store.names() if entry not in going]
    untagged = [line for entry in going for line in _untagged(entry, staying)]
    left = {each.image_id for each in (going if keep_unnamed else staying)}
    gone = {entry.image_id: entry for entry in going if entry.image_id not in left}
    kept_chains = {chain for entry in staying for chain in _chains(store, entry)}
    deleted: dict[Digest, None] = {}
    for image_id, entry in gone.items():
        deleted[image_id] = None
        deleted |= dict.fromkeys(chain for chain in reversed(_chains(store, entry)) if chain not in kept_chains)
    with store.edit() as names:
        for entry in going:
            if entry.ref is not None:
                names.remove(entry.ref)
            else:
                names.drop_unnamed(entry.descriptor.digest)
            if keep_unnamed:
                names.add(entry.descriptor, size=entry.size)
    size = collect(store, roots=roots).size if gone else 0
    return Removal(tuple(dict.fromkeys(untagged)), tuple(deleted), size)


def _untagged(entry: Named, staying: Collection[Named]) -> list[str]:
    lines = [entry.ref.familiar] if entry.ref is not None else []
    digest = entry.repo_digest
    if digest is not None and not any(
        each.repository == entry.repository and each.repo_digest == digest for each in staying
    ):
        lines.append(Reference.parse(entry.repository).with_digest(digest).familiar)
    return lines


def _chains(store: ContentStore, entry: Named) -> tuple[Digest, ...]:
    try:
        return chain_ids(Image(store, entry.descriptor).config_file.rootfs.diff_ids)
    except DockmagicError:
        return ()  # a damaged image can be removed all the same
