"""Reading registries.conf and its drop-ins (containers-registries.conf(5), versions 2 and 1)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.oci.errors import InvalidInput, RegistryError
from dockmagic.registry.transport.url import parse

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RegistryRule", "Site", "load_rules"]


@dataclass(frozen=True, slots=True)
class Site:
    """A place that serves what a prefix names.

    Attributes:
        location: what the prefix is replaced with; empty to leave the name as it is.
        insecure: whether plain HTTP and unverified certificates will do.
        by_tag: whether a mirror is asked for tags.
        by_digest: whether a mirror is asked for digests.
    """

    location: str
    insecure: bool = False
    by_tag: bool = True
    by_digest: bool = True


@dataclass(frozen=True, slots=True)
class RegistryRule:
    """One ``[[registry]]``.

    Attributes:
        prefix: of full names, such as ``example.com/team`` or ``*.example.com``.
        site: the registry itself.
        mirrors: asked before it.
        blocked: whether it may not be used.
        file: that says so.
    """

    prefix: str
    site: Site
    mirrors: tuple[Site, ...]
    blocked: bool
    file: Path

    def fits(self, name: str) -> bool:
        """Whether the rule is about the repository `name`."""
        if self.prefix.startswith("*."):
            return self.fits_host(name.partition("/")[0])
        return name == self.prefix or name.startswith(f"{self.prefix}/")

    def fits_host(self, host: str) -> bool:
        """Whether the rule is about every repository of `host`, by a wildcard."""
        return self.prefix.startswith("*.") and host.partition(":")[0].endswith(self.prefix[1:])

    def length(self, name: str) -> int:
        """How much of `name` the prefix stands for."""
        return len(name.partition("/")[0]) if self.prefix.startswith("*.") else len(self.prefix)


class _Mirror(msgspec.Struct, rename="kebab"):
    location: str
    insecure: bool = False
    pull_from_mirror: str = "all"


class _Registry(msgspec.Struct, rename="kebab"):
    prefix: str = ""
    location: str = ""
    insecure: bool = False
    blocked: bool = False
    mirror_by_digest_only: bool = False
    mirror: list[_Mirror] = []


class _Document(msgspec.Struct):
    registry: list[_Registry] = []


class _Names(msgspec.Struct):
    registries: list[str] = []


class _Registries(msgspec.Struct):
    insecure: _Names = msgspec.field(default_factory=_Names)
    block: _Names = msgspec.field(default_factory=_Names)


class _FirstVersion(msgspec.Struct):
    registries: _Registries


def load_rules(user: Path, system: Path, explicit: Path | None = None) -> list[RegistryRule]:
    """The rules in force: the user's file or else the system's, then both folders of drop-ins; later files win.

    Args:
        user: the folder ``~/.config/containers``.
        system: the folder ``/etc/containers``.
        explicit: a file that takes the place of the user's and the system's.

    Raises:
        InvalidInput: a file cannot be read.
    """
    files = [explicit or next((f for f in (user / "registries.conf", system / "registries.conf") if f.is_file()), None)]
    for folder in (system / "registries.conf.d", user / "registries.conf.d"):
        files += sorted(folder.glob("*.conf"))
    rules: dict[str, RegistryRule] = {}
    for file in files:
        if file is not None:
            rules.update((rule.prefix, rule) for rule in _read(file))
    return list(rules.values())


def _read(file: Path) -> list[RegistryRule]:
    try:
        document = tomllib.loads(file.read_text())
        if isinstance(document.get("registries"), dict):
            return _first_version(document, file)
        return [_rule(entry, file) for entry in msgspec.convert(document, _Document).registry]
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
        raise InvalidInput(
            f"{file} cannot be read: {error}", hint="Correct it; containers-registries.conf(5) describes the form"
        ) from None


def _rule(entry: _Registry, file: Path) -> RegistryRule:
    prefix = entry.prefix or entry.location
    if not prefix:
        raise InvalidInput(f"{file} has a [[registry]] without location", hint="Add location, such as docker.io")
    if not entry.location and not prefix.startswith("*."):
        entry.location = prefix
    only_digest = entry.mirror_by_digest_only
    mirrors = tuple(
        Site(
            _bare(mirror.location, file),
            mirror.insecure,
            by_tag=not only_digest and mirror.pull_from_mirror != "digest-only",
            by_digest=mirror.pull_from_mirror != "tag-only",
        )
        for mirror in entry.mirror
    )
    location = _bare(entry.location, file) if entry.location else ""
    return RegistryRule(_bare(prefix, file), Site(location, entry.insecure), mirrors, entry.blocked, file)


def _bare(location: str, file: Path) -> str:
    if "://" in location:
        raise InvalidInput(f"{file}: {location} is a URL", hint="Write the host and path alone")
    host = location.removeprefix("*.").partition("/")[0]
    try:
        parse(f"https://{host}")
    except RegistryError:
        raise InvalidInput(
            f"{file}: {host[:100]!r} is not the address of a registry", hint="Write HOST or HOST:PORT"
        ) from None
    return location.rstrip("/")


def _first_version(document: dict[str, Any], file: Path) -> list[RegistryRule]:
    old = msgspec.convert(document, _FirstVersion).registries
    blocked, insecure = set(old.block.registries), set(old.insecure.registries)
    return [
        RegistryRule(name, Site(name, name in insecure), (), name in blocked, file)
        for name in sorted(blocked | insecure)
    ]
