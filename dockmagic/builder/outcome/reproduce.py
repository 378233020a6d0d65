"""``build --verify-reproducible``: built twice without the cache, and every difference explained."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from dockmagic.layer.compare import differences
from dockmagic.oci.spec import config_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer
    from dockmagic.layer.entry import Entry

    from .result import Build, StepResult

__all__ = ["BuildDifference", "Verdict", "verify_reproducible"]

Aspect = Literal["mtime", "order", "owner", "mode", "content", "presence", "link", "xattrs", "type", "config"]

#: How much of two contents is shown around the first byte that differs.
_AROUND: Final = 12
_ASPECTS: Final[dict[str, Aspect]] = {"device": "type"}

#: What usually makes files differ, by a part of their path; the first that fits.
#: Like the other reasons they have at most 50 letters, since a notebook's frame shows no more of a text.
_HABITS: Final = (
    (".pyc", "has the source's time: PYTHONDONTWRITEBYTECODE=1"),
    ("/var/log/", "a log tells times: remove it in the same RUN"),
    ("/var/cache/", "a cache: use RUN --mount=type=cache"),
    ("/var/lib/apt/", "package lists change: remove them in the same RUN"),
    ("/etc/machine-id", "a random number: empty the file"),
    ("/etc/hostname", "a random name: remove it"),
    ("/tmp/", "a temporary file: remove it in the same RUN"),  # noqa: S108  (a path in an image)
    (".gz", "gzip writes the time into it: use gzip -n"),
    (".jar", "archives hold times: build it with fixed ones"),
    (".zip", "archives hold times: build it with fixed ones"),
    (".a", "archives hold times: build it with ar -D"),
    ("/.git/", "an index of git holds times: leave .git out"),
    ("/.cache/", "a cache: use RUN --mount=type=cache"),
)
_REASONS: Final[dict[str, str]] = {
    "mtime": "written at another time: set SOURCE_DATE_EPOCH",
    "owner": "given to whoever is there: use chown or --chown",
    "mode": "depends on an umask: set it by chmod or --chmod",
    "presence": "made only sometimes, or under a random name",
    "link": "it names something random or of the time",
    "xattrs": "attributes depend on the machine",
    "type": "something else is made each time",
    "content": "something random or of the time is written",
    "order": "the same members, in another form or order",
}


class BuildDifference(msgspec.Struct, frozen=True):
    """One thing that two builds of the same do not have in common.

    Attributes:
        step: number of the step; 0 for the image's documents.
        text: the step's instruction.
        path: in the layer, absolute; of a document, the place in it.
        aspect: what differs.
        first: in the first build.
        second: in the second.
        reason: what usually makes it so, and what to do.
    """

    step: int
    text: str
    path: str
    aspect: Aspect
    first: str
    second: str
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """How alike two builds are.

    Attributes:
        first: the first build.
        second: the second.
        differences: none if both are the same, bit for bit.
    """

    first: Build
    second: Build
    differences: tuple[BuildDifference, ...]

    @property
    def same(self) -> bool:
        """Whether manifests, and so everything, are the same."""
        return self.first.image.digest == self.second.image.digest


def verify_reproducible(build: Callable[[], Build]) -> Verdict:
    """Build twice and compare.

    Args:
        build: builds without the cache, with the same options and epoch each time: `execute.build`, partly applied.
    """
    first, second = build(), build()
    found: list[BuildDifference] = []
    if first.image.digest != second.image.digest:
        for one, other in zip(first.steps, second.steps, strict=True):
            if one.diff_id != other.diff_id:
                found += _of_step(one, other)
        found += _of_documents(first.image, second.image)
        if not found:
            found.append(_compressed(first.image, second.image))
    return Verdict(first, second, tuple(found))


def _of_step(one: StepResult, other: StepResult) -> Iterator[BuildDifference]:
    def told(path: str, aspect: Aspect, first: str, second: str) -> BuildDifference:
        return BuildDifference(one.info.number, one.info.text, path, aspect, first, second, _reason(path, aspect))

    if one.diff_id is None or other.diff_id is None or one.image is None or other.image is None:
        yield told("", "presence", _layer_or_none(one), _layer_or_none(other))
        return
    mine, theirs = one.image.layers[-1], other.image.layers[-1]
    left = {entry.name: entry for entry in mine.table.entries}
    right = {entry.name: entry for entry in theirs.table.entries}
    left_gone, right_gone = set(mine.table.whiteouts), set(theirs.table.whiteouts)
    seen = False
    for name in sorted(left.keys() | right.keys() | left_gone | right_gone):
        old, new = left.get(name), right.get(name)
        if old is None or new is None:
            if old is not new or (name in left_gone) != (name in right_gone):
                path = "/" + name.decode("utf-8", "surrogateescape")
                yield told(path, "presence", _shape(old, name in left_gone), _shape(new, name in right_gone))
                seen = True
            continue
        for what in differences(old, new):
            aspect = _ASPECTS.get(what, what)
            yield told(old.path, aspect, *_values(what, old, new, mine, theirs))  # type: ignore[arg-type]
            seen = True
    if not seen:
        yield told("", "order", str(one.diff_id), str(other.diff_id))


def _layer_or_none(step: StepResult) -> str:
    return str(step.diff_id) if step.diff_id else "no layer"


def _shape(entry: Entry | None, gone: bool) -> str:  # noqa: FBT001  (private, two callers)
    return "removed" if gone else stat.filemode(entry.st_mode) if entry is not None else "not there"


_SHOWN: Final[dict[str, Callable[[Entry], str]]] = {
    "mode": lambda entry: stat.filemode(entry.st_mode),
    "type": lambda entry: stat.filemode(entry.st_mode),
    "owner": lambda entry: f"{entry.uid}:{entry.gid}",
    "mtime": lambda entry: str(entry.mtime),
    "link": lambda entry: entry.target,
    "device": lambda entry: f"{entry.major}:{entry.minor}",
    "xattrs": lambda entry: str(entry.xattrs),
}


def _values(what: str, old: Entry, new: Entry, mine: Layer, theirs: Layer) -> tuple[str, str]:
    show = _SHOWN.get(what)
    return (show(old), show(new)) if show else _first_bytes(old, new, mine, theirs)


def _first_bytes(old: Entry, new: Entry, mine: Layer, theirs: Layer) -> tuple[str, str]:
    """What the contents hold around the first byte that differs."""
    one, other = b"".join(mine.content(old)), b"".join(theirs.content(new))
    shorter = min(len(one), len(other))
    place = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    start = max(0, place - _AROUND)
    return (
        f"byte {place}: {one[start : place + _AROUND]!r}",
        f"byte {place}: {other[start : place + _AROUND]!r}",
    )


def _reason(path: str, aspect: str) -> str:
    if aspect in ("content", "presence", "order"):
        for part, reason in _HABITS:
            if path.endswith(part) or (part.endswith("/") and part in path) or path == part:
                return reason
    return _REASONS[aspect]


def _of_documents(first: Image, second: Image) -> Iterator[BuildDifference]:
    one = config_members(first.raw_config)
    other = config_members(second.raw_config)
    for document in (one, other):
        document.pop("rootfs", None)  # told layer by layer
        for row in document.get("history") or ():
            row.pop("created", None)  # as the image's own
    for path, old, new in _leaves(one, other, ""):
        is_time = path.endswith("created")
        reason = "it says when it was built: set SOURCE_DATE_EPOCH" if is_time else "an argument or a base has changed"
        yield BuildDifference(0, "", path, "config", _text(old), _text(new), reason)


def _leaves(one: Any, other: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _leaves(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _leaves(mine, theirs, f"{path}[{index}]")
    elif one != other:
        yield path, one, other


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _compressed(first: Image, second: Image) -> BuildDifference:
    reason = "compressed differently: set SOURCE_DATE_EPOCH"
    return BuildDifference(0, "", "manifest", "config", str(first.digest), str(second.digest), reason)
