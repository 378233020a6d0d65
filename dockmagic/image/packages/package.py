"""One package, and the distribution that it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.rows import PackageRow

__all__ = ["Distribution", "Package", "PackageRecord"]

#: Types of package URLs whose namespace is the distribution, and what it is where the image does not say.
_OF_DISTRIBUTIONS: Final = {"deb": "debian", "apk": "alpine", "rpm": ""}


class Distribution(msgspec.Struct, frozen=True):
    """What ``/etc/os-release`` says (os-release(5)).

    Attributes:
        id: such as ``debian``; empty where the image does not say.
        version_id: such as ``12``; may be empty.
        name: for people, such as ``Debian GNU/Linux 12 (bookworm)``; may be empty.
    """

    id: str = ""
    version_id: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """The qualifier ``distro`` of package URLs, such as ``debian-12``; empty where the image does not say."""
        return "-".join(part for part in (self.id, self.version_id) if part)


class PackageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A package as one file of the image tells of it.

    Attributes:
        type: of package URLs: ``deb``, ``apk``, ``rpm``, ``pypi``, ``npm``, ``conda``, ``golang``.
        name: as the package manager has it.
        version: as the package manager shows it.
        architecture: as the package manager has it; empty for one that has none.
        qualifiers: of the package URL, but for architecture and distribution.
        url_version: in the package URL, where that is another form of `version`.
        files: names of files that came with it, normalised as in `Entry.name`; those that are not there do not matter.
    """

    type: str
    name: str
    version: str
    architecture: str = ""
    qualifiers: Mapping[str, str] = {}
    url_version: str = ""
    files: tuple[bytes, ...] = ()


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One package of an image.

    Attributes:
        type: of package URLs: ``deb``, ``apk``, ``rpm``, ``pypi``, ``npm``, ``conda`` or ``golang``.
        name: as the package manager has it.
        version: as the package manager shows it.
        architecture: as the package manager has it; empty for one that has none.
        layer: index of the layer that supplies it.
        created_by: the instruction that made this layer; empty if the history does not tell.
        path: the file that tells of it.
        purl: its package URL (the purl specification, ECMA-427).
    """

    type: str
    name: str
    version: str
    architecture: str
    layer: int
    created_by: str
    path: str
    purl: str

    @classmethod
    def of(
        cls, record: PackageRecord, distribution: Distribution, *, layer: int, created_by: str, path: str
    ) -> Package:
        """The package that a record of the file `path` tells of."""
        return cls(
            type=record.type, name=record.name, version=record.version, architecture=record.architecture,
            layer=layer, created_by=created_by, path=path, purl=_purl(record, distribution),
        )  # fmt: skip

    def row(self) -> PackageRow:
        """What ``packages`` shows of it."""
        from dockmagic.rows import PackageRow

        return PackageRow(
            name=self.name, version=self.version, type=self.type, architecture=self.architecture, layer=self.layer,
            created_by=self.created_by, path=self.path, purl=self.purl,
        )  # fmt: skip


def _purl(record: PackageRecord, distribution: Distribution) -> str:
    from packageurl import PackageURL

    qualifiers = dict(record.qualifiers)
    namespace, _, name = record.name.rpartition("/")
    if record.type in _OF_DISTRIBUTIONS:
        namespace, name = distribution.id or _OF_DISTRIBUTIONS[record.type], record.name
        qualifiers |= {"arch": record.architecture, "distro": distribution.label}
    told = {key: text for key, text in qualifiers.items() if text}
    return PackageURL(record.type, namespace, name, record.url_version or record.version, told).to_string()
