"""The packages that differ between two images."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.rows import PackageChangeRow

    from .package import Package

__all__ = ["PackageChange", "package_changes"]


class PackageChange(NamedTuple):
    """A package that one image has, or both in another version.

    Attributes:
        letter: ``A`` added, ``C`` changed, ``D`` deleted.
        type: of its package URL.
        name: of the package.
        old: version; empty where it was added.
        new: version; empty where it was deleted.
    """

    letter: str
    type: str
    name: str
    old: str
    new: str

    def row(self) -> PackageChangeRow:
        """What ``diff --packages`` shows of it."""
        from dockmagic.rows import PackageChangeRow

        return PackageChangeRow(change=self.letter, name=self.name, type=self.type, old=self.old, new=self.new)


def package_changes(old: Iterable[Package], new: Iterable[Package]) -> tuple[PackageChange, ...]:
    """What differs, by type and name.

    Versions that both have are left out. Where one version of a package gave way to one other, that is a change; where
    a package is there in several, each that went is deleted, and each that came is added.
    """
    return tuple(_changes(_versions(old), _versions(new)))


def _versions(packages: Iterable[Package]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for package in packages:
        found[package.type, package.name].add(package.version)
    return found


def _changes(old: dict[tuple[str, str], set[str]], new: dict[tuple[str, str], set[str]]) -> Iterator[PackageChange]:
    for kind, name in sorted(old.keys() | new.keys()):
        before, after = old.get((kind, name), set()), new.get((kind, name), set())
        went, came = sorted(before - after), sorted(after - before)
        if len(went) == len(came) == 1:
            yield PackageChange("C", kind, name, went[0], came[0])
        else:
            yield from (PackageChange("D", kind, name, version, "") for version in went)
            yield from (PackageChange("A", kind, name, "", version) for version in came)
