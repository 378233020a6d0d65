"""From a registry's refusal to the error that a person reads (distribution specification, "Error Codes")."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.errors import (
    BlobNotFound,
    Denied,
    DigestMismatch,
    ImageNotFound,
    RateLimited,
    RegistryError,
    RegistryUnavailable,
    SizeMismatch,
    Unauthorized,
)
from dockmagic.registry.transport.parsing import read_json
from dockmagic.registry.transport.retry import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.oci.errors import (
        DockmagicError,
    )

__all__ = ["ErrorTarget", "captive_portal", "refusal"]

_SHOWN = 200  # characters of a registry's own words
_HUB = "docker.io"


class ErrorTarget(msgspec.Struct, frozen=True):
    """What a request was about, for the words of an error.

    Attributes:
        domain: the registry's name.
        name: in full, such as ``docker.io/library/ubuntu:12.04`` or a digest.
        kind: ``image``, ``blob``, ``repository`` or ``registry``.
    """

    domain: str
    name: str
    kind: str = "registry"


class _Item(msgspec.Struct):
    code: str | int | None = None  # a number where a registry repeats the status
    message: str | None = None


class _Body(msgspec.Struct):
    errors: list[_Item] | None = None


def refusal(status: int, headers: Mapping[str, str], body: bytes, target: ErrorTarget) -> DockmagicError:
    """The error for an answer whose status is no success.

    Args:
        status: HTTP status.
        headers: of the answer.
        body: of the answer, or its beginning.
        target: what was asked for.
    """
    codes, words = _read(body)
    said = f": {words}" if words else ""
    kind = next((_BY_CODE[code] for code in codes if code in _BY_CODE), None)
    if kind is not None and status != HTTPStatus.NOT_FOUND:
        return kind(f"{target.domain} refuses {target.name}{said}")
    if status == HTTPStatus.NOT_FOUND:
        return _missing(target, codes)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _limited(headers, target, codes, said)
    failure, message, hint = _words(status, target, codes, said)
    return failure(message, hint=hint, status=status, codes=codes)


def _words(status: int, target: ErrorTarget, codes: tuple[str, ...], said: str) -> tuple[type[RegistryError], str, str]:
    domain = target.domain
    if status == HTTPStatus.UNAUTHORIZED:
        if target.kind in {"image", "repository"}:  # a token server does not tell the one from the other
            hint = f"Check the name, or log in: `login {domain}`"
            return Unauthorized, f"{target.name} does not exist, or needs a login{said}", hint
        return Unauthorized, f"{domain} wants a login{said}", f"Log in: `login {domain}`"
    if status == HTTPStatus.FORBIDDEN:
        hint = f"Check the name, or log in with an account that may: `login {domain}`"
        return Denied, f"access to {target.name} is denied{said}", hint
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        hint = "Try again in a while; what has arrived is kept"
        return RegistryUnavailable, f"{domain} fails with status {status}{said}", hint
    if "MANIFEST_BLOB_UNKNOWN" in codes:
        hint = "Push again: something that the manifest refers to is not there, or no longer"
        return RegistryError, f"{domain} refuses {target.name}{said}", hint
    hint = "If the name is right, ask the registry's operator"
    return RegistryError, f"{domain} refuses the request for {target.name} with status {status}{said}", hint


def captive_portal(domain: str, what: str) -> RegistryUnavailable:
    """The error for a web page where a document should be."""
    return RegistryUnavailable(
        f"{domain} answers with a web page instead of {what}",
        hint="Check that it is a registry; or a network's login page is in between: open a browser, log in, try again",
    )


_BY_CODE: dict[str, type[DockmagicError]] = {
    "DIGEST_INVALID": DigestMismatch,
    "SIZE_INVALID": SizeMismatch,
}


def _read(body: bytes) -> tuple[tuple[str, ...], str]:
    document = read_json(body, _Body)
    items = (document.errors if document is not None else None) or []
    # A registry's words go to a terminal: no control characters, and not many of them.
    words = " ".join("".join(c if c.isprintable() else " " for c in item.message or "") for item in items[:3]).strip()
    return tuple(item.code for item in items if isinstance(item.code, str) and item.code), words[:_SHOWN].rstrip(" .")


def _missing(target: ErrorTarget, codes: tuple[str, ...]) -> DockmagicError:
    if target.kind == "blob":
        return BlobNotFound(
            f"{target.domain} does not have {target.name}", hint="The image is incomplete there: push it again"
        )
    if target.kind == "registry":
        return RegistryError(
            f"{target.domain} does not answer like a registry (status 404)",
            hint="Check its name and port",
            status=404,
            codes=codes,
        )
    if "NAME_UNKNOWN" in codes or target.kind == "repository":
        return ImageNotFound(f"there is no repository for {target.name}", hint=_name_hint(target))
    return ImageNotFound(f"{target.name} is not in its registry", hint=_tag_hint(target))


def _name_hint(target: ErrorTarget) -> str:
    return (
        "Check the name: search TERM finds some"
        if target.domain == _HUB
        else f"Check the name: search {target.domain}/ lists it"
    )


def _tag_hint(target: ErrorTarget) -> str:
    name = target.name.partition("@")[0].removeprefix("docker.io/").removeprefix("library/")
    head, slash, last = name.rpartition("/")
    return f"See which tags there are: tags {head}{slash}{last.partition(':')[0]}"


def _limited(headers: Mapping[str, str], target: ErrorTarget, codes: tuple[str, ...], said: str) -> RateLimited:
    seconds = retry_after(headers.get("Retry-After", ""))
    hint = f"Try again in {_human(seconds)}" if seconds is not None else "Try again later"
    if target.domain == _HUB:
        hint += ", or log in for a higher limit: login"
    return RateLimited(
        f"{target.domain} allows no more requests for now{said}", hint=hint, codes=codes, retry_after=seconds
    )


def _human(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
