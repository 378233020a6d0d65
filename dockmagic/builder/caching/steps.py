"""Steps of the builds that were made here, as images: ``@failed``, ``@3``, and the unnamed ones of ``images -a``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from dockmagic.image.local import by_manifest
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import AmbiguousName, BlobNotFound, ImageNotFound, InvalidInput
from dockmagic.oci.spec import to_json

from .cache import Cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dockmagic.builder.outcome.result import StepResult
    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

__all__ = ["find_step", "forget", "is_step", "remember", "roots", "step_images"]

_STEP = re.compile(r"@(failed|[0-9]+)(\^?)")
_ID = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")


class _Latest(msgspec.Struct):
    """Manifests of the states that `find_step` knows by name.

    Attributes:
        states: of the latest build, by what stands for them: ``@3``, ``@3^``.
        failed: what the step that failed last left, and what it began with: ``@failed``, ``@failed^``.
    """

    states: dict[str, str] = {}
    failed: dict[str, str] = {}


def _path(home: Home) -> Path:
    return home.builds / "latest.json"


def _read(home: Home) -> _Latest:
    return home.recall(_path(home), _Latest) or _Latest()


def remember(store: ContentStore, results: Sequence[StepResult]) -> None:
    """Let the names of steps stand for those of this build. Call it while a lease still holds their images.

    Args:
        store: where the images are.
        results: of all steps, those that failed too.
    """
    latest = _Latest(failed=_read(store.home).failed)
    images = {result.info.number: result.image for result in results}
    for result in results:
        info = result.info
        before = images.get(info.number - 1) if info.place > 1 else None
        named = {"": result.image, "^": before}
        words = {mark: str(image.digest) for mark, image in named.items() if image is not None}
        if result.outcome == "failed":
            if before is not None:  # a step that starts no program leaves nothing of its own behind
                words.setdefault("", words["^"])
            latest.failed = {f"@failed{mark}": digest for mark, digest in words.items()}
        latest.states |= {f"@{info.number}{mark}": digest for mark, digest in words.items()}
    store.home.write(_path(store.home), to_json(latest), durable=False)


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
        InvalidInput: neither a step nor an ID.
    """
    if not is_step(text):
        return _with_id(store, text)
    if _STEP.fullmatch(text) is None:
        raise InvalidInput(
            f"{text!r} is no step", hint="Write @failed, @3 for the state after step 3, or @3^ before it"
        )
    latest = _read(store.home)
    digest = (latest.states | latest.failed).get(text)
    if digest is None:
        known = ", ".join(name for name in latest.states if "^" not in name)
        raise ImageNotFound(
            "no step has failed here" if "failed" in text else f"the latest build has no step {text}",
            hint=f"There are {known}" if known else "Build something first",
        )
    return by_manifest(store, Digest(digest))


def _with_id(store: ContentStore, text: str) -> Image:
    match = _ID.fullmatch(text)
    found = {image.id: image for image in step_images(store) if match and image.id.hex.startswith(match[1])}
    if len(found) > 1:
        raise AmbiguousName(
            f"{text} fits {len(found)} steps",
            hint=f"Write more of it: {', '.join(sorted(each.short for each in found))}",
        )
    if not found:
        raise ImageNotFound(f"there is no step {text} here", hint="`images -a` lists them")
    return next(iter(found.values()))


def step_images(store: ContentStore) -> Iterator[Image]:
    """Every image of a step that is kept, each once: what ``images -a`` lists without a name."""
    named = {entry.descriptor.digest for entry in store.names()}
    for digest in dict.fromkeys([*(record.image for record in Cache(store.home).records()), *roots(store)]):
        if digest not in named:
            try:
                yield by_manifest(store, digest)
            except (BlobNotFound, ImageNotFound):
                continue


def roots(store: ContentStore) -> Iterator[Digest]:
    """Manifests of the latest build's steps and of the failed one, for the collector (the cache has its own)."""
    latest = _read(store.home)
    for digest in dict.fromkeys([*latest.states.values(), *latest.failed.values()]):
        yield Digest(digest)


def forget(home: Home) -> None:
    """Let go of the latest build's steps and of the failed one: their names mean nothing any more."""
    _path(home).unlink(missing_ok=True)
