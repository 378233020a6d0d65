"""Why the cache had a step, or had it not: keys compared input by input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cache import Cache, CachedStep, Key, KeyInput, StepLocation

__all__ = ["NOT_ASKED", "Explanation", "KeyDifference", "explain"]

#: In which order what differs is told: what a person changed first, what merely follows from it last.
_ORDER: Final = (
    "instruction", "operand", "file", "remote", "argument", "environment", "mount", "shell", "user", "workdir",
    "network", "hosts", "owner", "platform", "epoch", "ownership", "config", "parent",
)  # fmt: skip
_MANY: Final = 3


class KeyDifference(msgspec.Struct, frozen=True):
    """One thing that differs from the nearest earlier record of the step.

    Attributes:
        what: ``file``, ``argument``, ``environment``, ``instruction`` (a flag), ``operand``, ``parent``, ``config``,
            ``platform``, …
        subject: the path, the argument's name, the flag, the operand's name; empty where there is just one.
        old: what it was; empty if it was not there.
        new: what it is; empty if it is no longer there.
    """

    what: str
    subject: str
    old: str
    new: str

    def __str__(self) -> str:
        if self.what == "parent":
            return "an earlier step changed"
        if self.what == "file":
            change = "is new" if not self.old else "is gone" if not self.new else "changed"
            return f"file {self.subject or 'list'} {change}"
        # Beside an instruction's operand there is nothing to tell it from: what it was and is says all.
        name = "instruction" if self.what == "operand" else f"{self.what} {self.subject}".rstrip()
        if len(self.old) + len(self.new) > 60 or "\n" in self.old + self.new:
            return f"{name} changed"
        change = f"{self.old or 'none'} → {self.new or 'none'}"
        return change if name == "instruction" else f"{name}: {change}"


class Explanation(msgspec.Struct, frozen=True):
    """What the cache says of a step.

    Attributes:
        hit: whether it had it.
        why: one short line: ``cached``, ``never built here``, ``file app.py changed``, ``argument V: 1 → 2``.
        differences: from the nearest record; none for a hit, or where there is no record.
        nearest: that record; of a hit, the one found.
    """

    hit: bool
    why: str
    differences: tuple[KeyDifference, ...] = ()
    nearest: CachedStep | None = None


#: Where the cache is not to be looked into.
NOT_ASKED: Final = Explanation(hit=False, why="not asked: --no-cache")


def explain(cache: Cache, location: StepLocation, key: Key, found: CachedStep | None) -> Explanation:
    """Say why `key` was found, or not. Call it before the step is kept."""
    if found is not None:
        return Explanation(hit=True, why="cached", nearest=found)
    nearest = cache.nearest(location, key)
    if nearest is None:
        return Explanation(hit=False, why="never built here")
    if nearest.key == key.digest:
        return Explanation(hit=False, why="its image was removed", nearest=nearest)
    found_here = [*_differences(cache, nearest, key)]
    differences = tuple(sorted(found_here, key=lambda each: (_rank(each.what), each.subject)))
    return Explanation(hit=False, why=_summary(differences), differences=differences, nearest=nearest)


def _rank(what: str) -> int:
    return _ORDER.index(what) if what in _ORDER else len(_ORDER)


def _summary(differences: tuple[KeyDifference, ...]) -> str:
    if not differences:
        return "the order of its inputs changed"
    told = [each for each in differences if each.what != "parent"] or list(differences)
    if len(told) > _MANY and all(each.what == "file" for each in told):
        return f"{len(told)} files changed: {told[0].subject}, {told[1].subject}, …"
    text = "; ".join(str(each) for each in told[:_MANY])
    return f"{text}; …" if len(told) > _MANY else text


def _differences(cache: Cache, old: CachedStep, key: Key) -> Iterator[KeyDifference]:
    before, after = _by_name(old.inputs), _by_name(key.inputs)
    for name in before | after:
        one, other = before.get(name), after.get(name)
        if one is not None and other is not None and one.value == other.value:
            continue
        what = name[0]
        if what == "files":
            yield from _files(cache, one, other)
        else:
            yield KeyDifference(what, name[1], one.value if one else "", other.value if other else "")


def _by_name(inputs: tuple[KeyInput, ...]) -> dict[tuple[str, str, int], KeyInput]:
    """The inputs by name and subject, and where there are several of the same, their order."""
    found: dict[tuple[str, str, int], KeyInput] = {}
    for key_input in inputs:
        place = 0
        while (key_input.name, key_input.subject, place) in found:
            place += 1
        found[key_input.name, key_input.subject, place] = key_input
    return found


def _files(cache: Cache, one: KeyInput | None, other: KeyInput | None) -> Iterator[KeyDifference]:
    before = cache.items(one) if one is not None else {}
    after = cache.items(other) if other is not None else {}
    changed = False
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, ""), after.get(path, "")
        if old != new:
            changed = True
            yield KeyDifference("file", path, old, new)
    if not changed:  # what is known of one of them is gone
        yield KeyDifference("file", "", one.value[:12] if one else "", other.value[:12] if other else "")
