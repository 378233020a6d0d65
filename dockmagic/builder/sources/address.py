"""Addresses of git repositories: which of them are git's, and what they ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from dockmagic.dockerfile.characters import parse_bool
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["GitSource", "split_web", "without_password"]

_SCP: Final = re.compile(r"(?:[A-Za-z0-9_-]+@)[A-Za-z0-9._-]+:(?!//).+")
_PASSWORD: Final = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://[^/?#:@]*):[^/?#]*@")
_PREFIXES: Final = {"branch": "refs/heads/", "tag": "refs/tags/"}
#: Words of a query that need no value → the attribute.
_SWITCHES: Final = {"keep-git-dir": "keep_git_dir", "submodules": "submodules", "fetch-by-commit": "by_commit"}


class GitSource(msgspec.Struct, frozen=True, kw_only=True):
    """What ``URL#REF:FOLDER`` or ``URL?ref=…&subdir=…`` asks for.

    Attributes:
        url: of the repository.
        ref: branch, tag or commit; empty for the default branch.
        subdir: the folder in it; empty for all of it.
        checksum: the commit that it must be, or its beginning; empty for any.
        keep_git_dir: what the URL says of it; None if nothing.
        submodules: whether they are fetched too.
        dated: files have the time of the commit (``mtime=commit``), not that of the checkout.
        by_commit: the checksum is fetched whatever `ref` points to now (``fetch-by-commit``).
    """

    url: str
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool | None = None
    submodules: bool = True
    dated: bool = False
    by_commit: bool = False

    @classmethod
    def parse(cls, text: str, *, context: bool = False) -> GitSource | None:
        """Read a URL; None if it is not git's.

        Args:
            text: ``git://``, ``ssh://``, ``user@host:path``, or ``http(s)://….git``.
            context: whether ``github.com/…`` alone is meant, too, as in ``docker build github.com/…``.

        Raises:
            InvalidInput: it is, and cannot be understood.
        """
        if context and text.startswith("github.com/"):
            text = f"https://{text}"
            is_git = True
        else:
            is_git = text.startswith(("git://", "ssh://")) or _SCP.fullmatch(text.partition("#")[0]) is not None
        url, _, fragment = text.partition("#")
        path, _, query = url.partition("?")
        if not is_git and not (path.startswith(("http://", "https://")) and path.endswith(".git")):
            return None
        ref, _, subdir = fragment.partition(":")
        return cls._asked(path, ref, subdir, query, text)

    @classmethod
    def _asked(cls, url: str, ref: str, subdir: str, query: str, text: str) -> GitSource:
        asked: dict[str, Any] = {"ref": ref, "subdir": subdir}
        for name, values in parse_qs(query, keep_blank_values=True).items():
            if len(values) > 1:
                raise InvalidInput(f"query {name!r} has multiple values in {without_password(text)}")
            (value,) = values
            if name in _SWITCHES:
                asked[_SWITCHES[name]] = _truth(value, name)
            elif not value:
                raise InvalidInput(f"query {name!r} has no value in {without_password(text)}")
            elif name in ("ref", "branch", "tag"):
                prefix = _PREFIXES.get(name, "")
                asked["ref"] = _same(asked["ref"], prefix + value.removeprefix(prefix), "ref", text)
            elif name == "subdir":
                asked["subdir"] = _same(asked["subdir"], value, "subdir", text)
            elif name in ("checksum", "commit"):
                asked["checksum"] = value
            elif name == "mtime":
                asked["dated"] = _is_dated(value)
            else:
                raise InvalidInput(f"unexpected query {name!r} in {without_password(text)}")
        option = next((word for word in (url, asked["ref"], asked.get("checksum", "")) if word.startswith("-")), "")
        if option:  # for git
            raise InvalidInput(f"{option!r} is no git repository or ref")
        return cls(url=url, **asked)


def _same(old: str, new: str, what: str, text: str) -> str:
    if old and old != new:
        raise InvalidInput(f"{what} conflicts in {without_password(text)}: {old!r} and {new!r}")
    return new


def _is_dated(value: str) -> bool:
    if value not in ("checkout", "commit"):
        raise InvalidInput(f"invalid mtime value: {value!r}", hint="Write mtime=checkout or mtime=commit")
    return value == "commit"


def _truth(value: str, name: str) -> bool:
    try:
        return not value or parse_bool(value)
    except ValueError:
        raise InvalidInput(f"invalid {name} value: {value!r}", hint="Write true or false") from None


def without_password(url: str) -> str:
    """`url` as it may be shown and kept."""
    # Not as `urlsplit` has it, which minds what is no address: that is shown, too.
    return _PASSWORD.sub(r"\g<1>:***@", url, count=1)


def split_web(url: str) -> SplitResult:
    """The parts of an address that is fetched from.

    Raises:
        InvalidInput: it is none of the web.
    """
    try:
        url.encode()
        parts = urlsplit(url)
        hostname, _ = parts.hostname, parts.port  # which says now what is wrong with it
    except ValueError as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        reason = reason[:1].lower() + reason[1:]
        raise InvalidInput(f"{without_password(url)} is no address: {reason}", hint="Correct the address") from None
    if parts.scheme not in ("http", "https"):
        raise InvalidInput(f"{without_password(url)} is no address of the web", hint="Write http:// or https://")
    if not hostname:
        raise InvalidInput(f"{without_password(url)} names no server", hint="Write https://SERVER/PATH")
    return parts
