"""From local images to the rows of ``images`` and ``system df -v``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.oci.reference import Reference
from dockmagic.oci.times import parse_time
from dockmagic.rows import ImageRow

from .filters import image_filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dockmagic.engine.context import EngineContext
    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore
    from dockmagic.store.names import Named

__all__ = ["image_rows", "intermediate_rows", "with_shares"]

_NONE = "<none>"


def image_rows(context: EngineContext, pattern: str, filters: Sequence[str]) -> tuple[ImageRow, ...]:
    """One row per name that a pattern and filters let through, newest image first.

    Raises:
        InvalidInput: an unknown filter.
    """
    wanted = image_filter(context.store, filters)
    tagged = {
        (named.descriptor.digest, named.repository)
        for named in context.store.names()
        if named.ref is not None and named.ref.tag
    }
    found = [
        named
        for named in context.store.names()
        if _fits(named, pattern)
        and wanted(named)
        # docker does not list a digest on a row of its own beside a tag of the same repository
        and (_has_tag(named) or (named.descriptor.digest, named.repository) not in tagged)
    ]
    found.sort(key=_newest_first)
    used = _used(context)
    return tuple(_row(context, named, used[named.image_id]) for named in found)


def intermediate_rows(store: ContentStore) -> tuple[ImageRow, ...]:
    """One row per intermediate image: what the steps of builds have left."""
    from dockmagic.builder.caching.steps import step_images

    rows = [
        ImageRow(
            repository=_NONE,
            tag=_NONE,
            id=image.id,
            digest=_NONE,
            created_at=image.created,
            size=image.size,
            platform=str(image.platform),
        )
        for image in step_images(store)
    ]
    # Steps that change neither files nor configuration leave the same image.
    return tuple({row.id: row for row in rows}.values())


def with_shares(rows: Iterable[ImageRow], images: Sequence[Image]) -> tuple[ImageRow, ...]:
    """Rows with the bytes that each image shares with the others of `images`, and has alone."""
    from dockmagic.image.analysis import shared_layers

    users = shared_layers(images)
    shared: dict[str, int] = {
        image.id: sum(layer.size for layer in image.layers if len(users[layer.chain_id]) > 1) for image in images
    }
    return tuple(replace(row, shared_size=shared[row.id], unique_size=row.size - shared[row.id]) for row in rows)


def _used(context: EngineContext) -> Counter[str]:
    """Image → how many containers stand on it."""
    if not context.home.containers.is_dir():
        return Counter()
    from dockmagic.runtime.disk.references import records

    return Counter(record.image_id for _, record in records(context.store))


def _row(context: EngineContext, named: Named, containers: int) -> ImageRow:
    repository = Reference.parse(named.repository).familiar_name if named.repository else _NONE
    size = named.size
    if size is None:
        from dockmagic.image.image import Image

        size = Image(context.store, named.descriptor, home=context.home, keep_tables=True).size
    return ImageRow(
        repository=named.ref.familiar_name if named.ref else repository,
        tag=(named.ref.tag if named.ref else "") or _NONE,
        id=named.image_id,
        digest=named.repo_digest or _NONE,
        created_at=parse_time(named.created),
        size=size,
        containers=containers,
        platform=named.platform,
    )


def _has_tag(named: Named) -> bool:
    return named.ref is None or bool(named.ref.tag)


def _fits(named: Named, pattern: str) -> bool:
    if not pattern:
        return True
    ref = named.ref or (Reference.parse(named.repository) if named.repository else None)
    return ref is not None and (ref.matches(pattern) or pattern in (str(ref), ref.name))


def _newest_first(named: Named) -> tuple[float, str]:
    created = parse_time(named.created)
    return (-created.timestamp() if created else 0.0, str(named.ref or ""))
