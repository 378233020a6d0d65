"""Platforms: what an image runs on, named as containerd names them (image-index.md, `platform`)."""

from __future__ import annotations

import os
import platform as machine  # the standard library's
import re

import msgspec

from .errors import InvalidPlatform

__all__ = ["Platform", "is_platform_word"]

_WORD = re.compile(r"[A-Za-z0-9_.-]+")


def is_platform_word(text: str) -> bool:
    """Whether `text` can be a system, an architecture or a variant."""
    return _WORD.fullmatch(text) is not None


_ARCHITECTURES = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386", "x86": "386",
    "armhf": "arm", "armel": "arm", "armv7l": "arm", "armv6l": "arm", "riscv64": "riscv64",
}  # fmt: skip
_VARIANTS = {"armhf": "v7", "armel": "v6", "armv7l": "v7", "armv6l": "v6"}
_DEFAULT_VARIANT = {"arm64": "v8", "arm": "v7"}
_SYSTEMS = {"macos": "darwin"}
_RUNS_TOO = {"amd64": "386"}
_ARM_OLDER = {"v8": ("v7", "v6", "v5"), "v7": ("v6", "v5"), "v6": ("v5",)}


class Platform(msgspec.Struct, frozen=True, rename={"os_version": "os.version", "os_features": "os.features"}):
    """Operating system and processor of an image.

    Attributes:
        architecture: Go's name, such as ``amd64``.
        os: Go's name, such as ``linux``.
        variant: of the processor, such as ``v7``; empty where there is none.
        os_version: of Windows images, else empty.
        os_features: of Windows images.
    """

    architecture: str = ""
    os: str = ""
    variant: str | None = ""
    os_version: str | None = ""
    os_features: tuple[str, ...] | None = ()

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read ``os/arch[/variant]``, or an architecture or system alone, under any common name.

        Raises:
            InvalidPlatform: not of that form.
        """
        parts = text.split("/")
        if not 1 <= len(parts) <= 3 or not all(_WORD.fullmatch(part) for part in parts):
            raise InvalidPlatform(f"{text!r} is not a platform")
        words = [part.lower() for part in parts]
        if len(words) == 1:
            if words[0] in ("linux", "windows", "darwin", "macos", "freebsd"):
                words.append(cls.local().architecture)
            elif (
                words[0] in _ARCHITECTURES
                or words[0] in _ARCHITECTURES.values()
                or words[0] in ("arm", "s390x", "ppc64le")
            ):
                words.insert(0, "linux")
            else:
                raise InvalidPlatform(f"{text!r} is neither an operating system nor a processor that is known")
        return cls._normal(*words)

    @classmethod
    def _normal(cls, system: str, architecture: str, variant: str = "") -> Platform:
        variant = variant or _VARIANTS.get(architecture, "")
        architecture = _ARCHITECTURES.get(architecture, architecture)
        if variant.isdigit():
            variant = f"v{variant}"
        if variant == _DEFAULT_VARIANT.get(architecture) and architecture == "arm64":
            variant = ""
        if architecture == "arm" and not variant:
            variant = _DEFAULT_VARIANT["arm"]
        if architecture == "amd64" and variant == "v1":
            variant = ""
        return cls(architecture=architecture, os=_SYSTEMS.get(system, system), variant=variant)

    @classmethod
    def local(cls) -> Platform:
        """This machine's processor; the system is always ``linux``, for containers are."""
        return cls._normal("linux", machine.machine().lower())

    @classmethod
    def default(cls) -> Platform:
        """``DOCKER_DEFAULT_PLATFORM`` if it is set, else this machine's.

        Raises:
            InvalidPlatform: the variable is not a platform.
        """
        wanted = os.environ.get("DOCKER_DEFAULT_PLATFORM", "")
        return cls.parse(wanted) if wanted else cls.local()

    def normalized(self) -> Platform:
        """The same under its usual names, without what plays no part in choosing."""
        return self._normal(self.os.lower() or "linux", self.architecture.lower(), (self.variant or "").lower())

    def choices(self) -> tuple[Platform, ...]:
        """What this platform can run, best first: an ARM also older variants, an arm64 v8, an amd64 386."""
        own = self.normalized()
        if own.architecture != "arm":
            plain = (own,) if not own.variant else (own, Platform(architecture=own.architecture, os=own.os))
            other = _RUNS_TOO.get(own.architecture)
            return (*plain, Platform(architecture=other, os=own.os)) if other else plain
        older = _ARM_OLDER.get(own.variant or "", ())
        return (own, *(Platform(architecture="arm", os=own.os, variant=variant) for variant in older))

    def accepts(self, other: Platform) -> bool:
        """Whether this platform can run what is for `other`; as in docker, also what names no processor."""
        return not other.architecture or other.normalized() in self.choices()

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)
