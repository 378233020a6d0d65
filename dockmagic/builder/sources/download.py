"""Files from the web, kept for the next time: a server is asked whether what is here is still what it has."""

from __future__ import annotations

import hashlib
import os
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import msgspec
from blake3 import blake3

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DigestMismatch, DockmagicError, InvalidInput, NotFound, RegistryUnavailable
from dockmagic.oci.spec import decode, to_json
from dockmagic.store.home import disk_errors

from .address import split_web, without_password

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from urllib3.response import BaseHTTPResponse

    from dockmagic.store.home import Home

__all__ = ["Downloaded", "download"]

_PIECE: Final = 1 << 18
_REDIRECTS: Final = 10
_LENGTH: Final = re.compile("[0-9]{1,18}")
_AGENT: Final = "dockmagic"


class Downloaded(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was fetched.

    Attributes:
        url: that was asked for, without a password.
        digest: of its bytes.
        mtime: as the server says (Last-Modified), in seconds; 0 if it does not.
        etag: as the server says, for the next question; may be empty.
        modified: likewise, the header's text.
    """

    url: str
    digest: Digest
    mtime: int = 0
    etag: str = ""
    modified: str = ""


def download(
    home: Home,
    url: str,
    *,
    checksum: str = "",
    on_progress: Callable[[str, int, int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Path, Downloaded]:
    """Fetch a file, or find that what is here is still the same.

    Args:
        home: keeps it.
        url: ``http://`` or ``https://``.
        checksum: ``sha256:…`` that it must have; what is here and has it is not asked for again.
        on_progress: hears how far it is: name, bytes so far, bytes in all (0 if not known).
        stop: asked now and then; true ends it with `InterruptedError`.

    Raises:
        DigestMismatch: it is another file.
        NotFound: the server does not have it.
        RegistryUnavailable: there is no answer.
        OutOfSpace: the disk is full.
    """
    wanted = Digest(checksum) if checksum else None
    split_web(url)
    name = blake3(url.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    folder = home.builds / "downloads"
    home.prepare()
    home.make(folder)
    with home.lock(f"download.{name[:3]}", stop=stop):
        known = _known(folder / f"{name}.json", folder / name)
        if known is None or known.digest != wanted:
            known = _ask(url, folder / name, known, on_progress, stop)
            home.write(folder / f"{name}.json", to_json(known), durable=False)
    if wanted is not None and known.digest != wanted:
        raise DigestMismatch(
            f"{without_password(url)} has the digest {known.digest}, not {wanted}",
            hint="The file has changed: look at it, then write its new digest",
        )
    return folder / name, known


def _known(notes: Path, file: Path) -> Downloaded | None:
    try:
        known = decode(notes.read_bytes(), Downloaded, "notes of a download")
    except (OSError, DockmagicError):
        return None  # the file can be fetched again
    return known if file.is_file() else None


def _ask(
    url: str,
    file: Path,
    known: Downloaded | None,
    on_progress: Callable[[str, int, int], None] | None,
    stop: Callable[[], bool],
) -> Downloaded:
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    elif known is not None and known.modified:
        headers["If-Modified-Since"] = known.modified
    answer = _open(url, headers)
    try:
        if answer.status == 304 and known is not None:
            return known
        if answer.status != 200:
            raise NotFound(
                f"{without_password(url)} cannot be fetched: the server answers {answer.status}",
                hint="Check the address in a browser",
            )
        return _receive(url, file, answer, on_progress, stop)
    finally:
        answer.release_conn()
        answer.close()


def _open(url: str, headers: dict[str, str]) -> BaseHTTPResponse:
    from dockmagic.registry.transport.endpoint import Endpoint
    from dockmagic.registry.transport.retry import RetryPolicy
    from dockmagic.registry.transport.transport import Transport

    for _ in range(_REDIRECTS):
        parts = split_web(url)
        endpoint = Endpoint(parts.netloc, parts.netloc.rpartition("@")[2], parts.scheme)
        transport = Transport(endpoint, RetryPolicy(), os.environ)
        sent = dict(headers)
        if parts.username:
            from urllib3.util import make_headers

            sent |= make_headers(basic_auth=f"{parts.username}:{parts.password or ''}")
        answer = transport.send("GET", url.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1), sent)
        where = answer.headers.get("Location")
        if answer.status not in (301, 302, 303, 307, 308) or not where:
            return answer
        answer.drain_conn()
        answer.close()
        target = _target(url, where)
        if parts.scheme == "https" and not target.startswith("https:"):
            raise NotFound(
                f"{without_password(url)} leads to {without_password(target)} over plain HTTP",
                hint="Write that address",
            )
        url = target
    raise NotFound(f"{without_password(url)} leads on and on", hint="Check the address in a browser")


def _target(url: str, where: str) -> str:
    """Where a redirect leads to.

    Raises:
        NotFound: to no address of the web.
    """
    try:
        target = urljoin(url, where)
        split_web(target)
    except (ValueError, InvalidInput):
        shown = without_password(where).encode("ascii", "backslashreplace").decode()
        raise NotFound(
            f"{without_password(url)} leads to {shown[:200]!r}, which is no address of the web",
            hint="Check the address in a browser",
        ) from None
    return target


def _receive(
    url: str,
    file: Path,
    answer: BaseHTTPResponse,
    on_progress: Callable[[str, int, int], None] | None,
    stop: Callable[[], bool],
) -> Downloaded:
    from urllib3.exceptions import HTTPError

    length = answer.headers.get("Content-Length", "")
    total = int(length) if _LENGTH.fullmatch(length) else 0
    name = split_web(url).path.rpartition("/")[2] or split_web(url).netloc.rpartition("@")[2]
    digest = hashlib.sha256()
    done = 0
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with disk_errors(), part.open("wb") as out:
            while piece := answer.read(_PIECE):
                if stop():
                    raise InterruptedError("stopped while fetching a file")
                out.write(piece)
                digest.update(piece)
                done += len(piece)
                if on_progress is not None:
                    on_progress(name, done, total)
        part.replace(file)
    except HTTPError:
        raise RegistryUnavailable(f"{without_password(url)} broke off after {done} bytes") from None
    finally:
        part.unlink(missing_ok=True)
    modified = answer.headers.get("Last-Modified", "")
    return Downloaded(
        url=without_password(url),
        digest=Digest.from_hex(digest.hexdigest()),
        mtime=_seconds(modified),
        etag=answer.headers.get("ETag", ""),
        modified=modified,
    )


def _seconds(text: str) -> int:
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp()))
    except (TypeError, ValueError, OverflowError):
        return 0
