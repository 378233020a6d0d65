"""Image references: ``[domain/]path[:tag][@digest]``.

The grammar is that of the distribution project's ``reference`` package, which docker, containerd and podman share, and
so are the normalisations: a bare name belongs to ``docker.io``, a top-level one to ``docker.io/library``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from .digest import Digest
from .errors import DockerfileError, InvalidDigest, InvalidInput, InvalidReference

__all__ = ["DEFAULT_DOMAIN", "DEFAULT_TAG", "Parts", "Reference", "is_domain", "is_identifier", "split"]

DEFAULT_DOMAIN: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
_OFFICIAL: Final = "library/"
_LEGACY_DOMAIN: Final = "index.docker.io"
_PATH_LIMIT: Final = 255

_ALNUM = r"[a-z0-9]+"
_COMPONENT = rf"{_ALNUM}(?:(?:[._]|__|[-]+){_ALNUM})*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_IPV6 = r"\[(?:[a-fA-F0-9:]+)\]"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|{_IPV6})(?::[0-9]+)?"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[\w][\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_REFERENCE = re.compile(rf"(?:({_DOMAIN})/)?({_PATH})(?::({_TAG}))?(?:@({_DIGEST}))?", re.ASCII)
_DOMAIN_ONLY = re.compile(_DOMAIN, re.ASCII)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


class Parts(NamedTuple):
    """A reference taken apart by the grammar alone; what is not there is empty."""

    domain: str
    path: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """``domain/path``, or the path alone."""
        return f"{self.domain}/{self.path}" if self.domain else self.path


def is_identifier(text: str) -> bool:
    """Whether `text` is a full image ID without its algorithm: 64 lower-case hexadecimal digits."""
    return _IDENTIFIER.fullmatch(text) is not None


#: Docker's words, which scripts look for.
_FORMAT: Final = "invalid reference format"


def is_domain(text: str) -> bool:
    """Whether `text` is a registry's host, with or without a port."""
    return _DOMAIN_ONLY.fullmatch(text) is not None


def split(text: str) -> Parts:
    """Take `text` apart by the grammar, adding nothing.

    Raises:
        InvalidReference: it does not follow the grammar, or its path is longer than 255 characters.
    """
    return _split(text, written=text)


def _split(text: str, *, written: str) -> Parts:
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise InvalidReference(f"{_FORMAT}: {_complaint(written)}")
    domain, path, tag, digest = (group or "" for group in match.groups())
    if len(path) > _PATH_LIMIT:
        raise InvalidReference(
            f"{_FORMAT}: the repository name {path[:40]}… has {len(path)} characters, more than {_PATH_LIMIT}"
        )
    if digest:
        try:
            Digest(digest)
        except InvalidDigest as error:
            raise InvalidReference(f"{_FORMAT}: {written[:200]!r}: {error.message}", hint=error.hint) from None
    return Parts(domain, path, tag, digest)


def _complaint(text: str) -> str:
    shown = repr(text if len(text) <= 200 else text[:200] + "…")
    if not text:
        return "the image reference is empty"
    if text != text.strip():
        return f"the image reference {shown} begins or ends with white space"
    if text.startswith(("http://", "https://", "docker://")):
        return f"{shown} is a URL, not an image reference: leave out {text.partition('//')[0]}//"
    if text.lower() != text and _REFERENCE.fullmatch(text.lower()):
        return f"repository name {shown} must be lowercase"
    return f"{shown} is not an image reference"


class Reference(msgspec.Struct, frozen=True, order=True):
    """A normalised image reference; always has a domain, and may have a tag, a digest, both or neither.

    Attributes:
        domain: the registry's host and port, ``docker.io`` by default.
        path: the repository inside the registry, such as ``library/ubuntu``.
        tag: empty if there is none.
        digest: empty if there is none.
    """

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> Reference:
        """Read a reference as people write it: ``ubuntu``, ``ubuntu:12.04``, ``quay.io/org/app@sha256:…``.

        Raises:
            InvalidReference: not of that form, or a bare 64-digit identifier.
        """
        if is_identifier(text):
            raise InvalidReference(
                f"{text!r} is an ID, not a repository name", hint="Write sha256: before it where an ID is meant"
            )
        domain, rest = _split_domain(text)
        name_end = len(rest.partition("@")[0].partition(":")[0])
        if rest[:name_end] != rest[:name_end].lower():
            raise InvalidReference(f"{_FORMAT}: repository name {text[:200]!r} must be lowercase")
        parts = _split(f"{domain}/{rest}", written=text)
        if not parts.domain:
            # The grammar takes a_b.c/app for a path, but the dot said that a_b.c is meant for a host.
            raise InvalidReference(f"{_FORMAT}: {domain[:200]!r} is not the name of a registry")
        return cls(parts.domain, parts.path, parts.tag, parts.digest)

    @property
    def name(self) -> str:
        """``domain/path``: the repository's full name."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The repository as docker shows it: without ``docker.io/`` and ``library/``."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        short = self.path.removeprefix(_OFFICIAL)
        # docker.io/library/foo/bar is not foo/bar, which is a user's repository.
        return self.path if "/" in short else short

    @property
    def familiar(self) -> str:
        """The whole reference as docker shows it."""
        return self.familiar_name + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name + self._suffix

    def or_latest(self) -> Reference:
        """This reference, with the tag ``latest`` if it has neither tag nor digest."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def canonical(self) -> Reference:
        """What a registry is asked for: the digest alone where there is one, else the tag or ``latest``."""
        return replace(self, tag="") if self.digest else self.or_latest()

    def with_tag(self, tag: str) -> Reference:
        """The same repository under this tag.

        Raises:
            InvalidReference: not a tag.
        """
        if re.fullmatch(_TAG, tag, re.ASCII) is None:
            raise InvalidReference(
                f"{tag!r} is not a tag",
                hint="A tag has up to 128 letters, digits, _ . and -, and begins with none of . -",
            )
        return replace(self, tag=tag, digest="")

    def with_digest(self, digest: str) -> Reference:
        """The same repository at this digest."""
        return replace(self, tag="", digest=Digest(digest))

    def matches(self, pattern: str) -> bool:
        """Whether a glob such as ``foo/*`` fits the familiar name, with or without the tag.

        It is the pattern of ``docker images PATTERN``: Go's ``path.Match``, in which ``*`` and ``?`` stop at a slash.

        Raises:
            InvalidInput: it is none.
        """
        from .glob import compile_pattern

        try:
            fits = compile_pattern(pattern).fullmatch
        except DockerfileError as error:
            raise InvalidInput(error.reason, hint=error.hint) from None
        return fits(self.familiar) is not None or fits(self.familiar_name) is not None


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        domain, rest = DEFAULT_DOMAIN, text
    elif first == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    else:
        domain = first
    if domain == DEFAULT_DOMAIN and "/" not in rest:
        rest = _OFFICIAL + rest
    return domain, rest
