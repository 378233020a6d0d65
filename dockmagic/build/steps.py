"""Steps of the builds that were made here, as images: ``@failed``, ``@3``, and the unnamed ones of ``images -a``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore

__all__ = ["find_step", "is_step", "roots", "step_images"]


def is_step(text: str) -> bool:
    """Whether `text` names a step of the latest build: ``@failed``, ``@failed^``, ``@3``, ``@3^``."""
    return text.startswith("@")


def find_step(store: ContentStore, text: str) -> Image:
    """The image that stands for a state of the latest build here, or for a step's image ID or a prefix of it.

    ``@3`` is the state after step 3 of the latest build, ``@3^`` the one before it. ``@failed`` is what the step
    left that failed last, with all that its program had written until then; ``@failed^`` is the state it began with.

    Raises:
        ImageNotFound: there is no such step, or the collector has taken it.
        AmbiguousName: a prefix that fits several.
    """
    raise NotImplementedError


def step_images(store: ContentStore) -> Iterator[Image]:
    """Every image of a step that the cache keeps, newest first: what ``images -a`` lists without a name."""
    raise NotImplementedError


def roots(store: ContentStore) -> Iterator[Digest]:
    """Manifests of the latest build's steps and of the failed one, for the collector (the cache has its own)."""
    raise NotImplementedError
