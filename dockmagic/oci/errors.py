"""The error tree: what can go wrong, as plain exceptions.

Every error is one line: what is wrong, and after it, as `hint`, the next thing to do. The class says which kind of
thing went wrong, so that a caller can catch a family::

    DockmagicError
    ├── InvalidInput                what the user wrote
    │   ├── InvalidReference
    │   ├── InvalidDigest
    │   ├── InvalidPlatform
    │   ├── OutOfRange              a number that there is not
    │   ├── DockerfileError         carries `file`, `lines`, `column` and `suggestion`
    │   └── AmbiguousName
    ├── NotFound                    asked for, not there
    │   ├── ImageNotFound           (store or registry)
    │   ├── BlobNotFound
    │   ├── PlatformNotFound
    │   └── PathNotFound
    ├── InvalidContent              what came from outside is not what it says
    │   ├── InvalidDocument         manifest, index or config that breaks the image specification
    │   ├── UnsupportedMediaType
    │   ├── DigestMismatch
    │   ├── SizeMismatch
    │   ├── InvalidLayer            tar or compression that cannot be read
    │   │   ├── UnsafeEntry         an entry that leads out of the root
    │   │   └── LayerTooLarge       expands beyond the limit
    │   └── InvalidArchive
    ├── RegistryError               a registry's refusal or failure; carries `status` and `codes`
    │   ├── Unauthorized            401
    │   ├── Denied                  403
    │   ├── RateLimited             429; carries `retry_after` seconds
    │   ├── RegistryUnavailable     5xx, resets, time-outs, no route
    │   └── RegistryBlocked         registries.conf or offline samples forbid it
    ├── CredentialError             a config file or credential helper that fails
    ├── StoreError
    │   ├── StoreTooNew
    │   ├── OutOfSpace
    │   └── Conflict                in use, name taken
    ├── ConditionMet                what the caller asked to be told as a failure
    ├── NotSupported                refused by name, with what to do instead
    └── InternalError               an unexpected exception, once a front end shows it
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from .hints import with_program
from .printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

__all__ = [
    "TRACEBACK",
    "UNREADABLE_FLAG",
    "AmbiguousName",
    "BlobNotFound",
    "ConditionMet",
    "Conflict",
    "CredentialError",
    "Denied",
    "DigestMismatch",
    "DockerfileError",
    "DockmagicError",
    "ImageNotFound",
    "InternalError",
    "InvalidArchive",
    "InvalidContent",
    "InvalidDigest",
    "InvalidDocument",
    "InvalidInput",
    "InvalidLayer",
    "InvalidPlatform",
    "InvalidReference",
    "LayerTooLarge",
    "NotFound",
    "NotSupported",
    "OutOfRange",
    "OutOfSpace",
    "PathNotFound",
    "PlatformNotFound",
    "RateLimited",
    "RegistryBlocked",
    "RegistryError",
    "RegistryUnavailable",
    "SizeMismatch",
    "StoreError",
    "StoreTooNew",
    "Unauthorized",
    "UnsafeEntry",
    "UnsupportedMediaType",
    "about",
]


_Error = TypeVar("_Error", bound="DockmagicError")

#: The environment variable that lets a command line show where an unexpected error arose.
TRACEBACK: Final = "DOCKMAGIC_TRACEBACK"

#: The exit code of a command line with a flag that is unknown, or whose value cannot be read.
UNREADABLE_FLAG: Final = 125


class _Frozen(type):
    """Makes errors whose fields do not change once they are made."""

    def __call__(cls, *args: Any, **fields: Any) -> Any:
        error = super().__call__(*args, **fields)
        error.__dict__["_frozen"] = True
        return error


class DockmagicError(Exception, metaclass=_Frozen):
    """Base of every error that dockmagic raises on purpose. Its fields do not change: see `revised`.

    Args:
        message: what is wrong, without a full stop; a single line.
        hint: what to do next, without a full stop; empty only where the class has a `default_hint`. A command stands in
            backquotes and without the program's name, such as "Start it: `start web`": see `told`.

    Attributes:
        exit_code: of a command line that ends with it, docker's where docker has one: 125 for a container that cannot
            be made or started, 126 for a program that cannot be executed, 127 for one that is not there.
        word: what it is about, as the user wrote it, so that who knows the text can tell the column; empty if no
            single word is wrong (see `about`).
    """

    default_hint: ClassVar[str] = ""
    exit_code: int = 1
    word: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        # It may quote names and words of images, files and servers: a terminal shall not obey them.
        self.message = printable(" ".join(message.split()))
        self.hint = printable(hint or self.default_hint)

    def __str__(self) -> str:
        return self.told("dockmagic")

    def told(self, prog: str) -> str:
        """The error in one line, with each command of its hint as it can be pasted.

        Args:
            prog: how the user addresses a command: ``dockmagic`` or ``%docker``.
        """
        return f"{self.message}. {with_program(self.hint, prog)}." if self.hint else f"{self.message}."

    def revised(self, **fields: object) -> Self:
        """The same error with other values for some of its fields, for whoever knows more on its way out.

        It has the traceback and the cause of this one: ``raise error.revised(word="a") from error.__cause__``.

        Raises:
            AttributeError: the error has no such field.
        """
        for name in fields:
            getattr(self, name)
        revised = _rebuild(type(self), self.message, self.__dict__ | fields)
        revised.__cause__, revised.__suppress_context__ = self.__cause__, self.__suppress_context__
        return revised.with_traceback(self.__traceback__)

    def __setattr__(self, name: str, value: object) -> None:
        # Python itself sets the traceback, the cause and the notes, and IPython how it renders the error.
        if "_frozen" in self.__dict__ and not name.startswith("_"):
            raise AttributeError(f"an error does not change: use revised({name}=…)")
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only fields survive pickling between processes only by way of the instance's dict.
        return (_rebuild, (type(self), self.message, dict(self.__dict__)))


def _rebuild(kind: type[_Error], message: str, state: dict[str, object]) -> _Error:
    error = kind.__new__(kind, message)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


@contextmanager
def about(word: str) -> Iterator[None]:
    """Note in an error on its way out that it is about `word`, unless it says that already."""
    try:
        yield
    except DockmagicError as error:
        raise error.revised(word=error.word or word) from error.__cause__


class InvalidInput(DockmagicError):
    """What the user wrote cannot be understood."""


class OutOfRange(InvalidInput):
    """A number that can be read, and that there is not on this machine or in containers."""


class InvalidReference(InvalidInput):
    """Not an image reference (distribution specification, "Pulling manifests")."""

    default_hint = "Write NAME[:TAG] or NAME@sha256:DIGEST, in lower case, such as ubuntu:24.04"


class InvalidDigest(InvalidInput):
    """Not a digest (image specification, descriptor.md, "Digests")."""

    default_hint = "A digest is sha256: and 64 lower-case hexadecimal digits"


class InvalidPlatform(InvalidInput):
    """Not a platform."""

    default_hint = "Write OS/ARCH[/VARIANT], such as linux/arm64"


class DockerfileError(InvalidInput):
    """A Dockerfile, or a `.dockerignore`, that cannot be understood or followed.

    Attributes:
        file: its name as the user knows it; empty while it is not known.
        lines: the first and the last line that it is about, counted from 1; (0, 0) while they are not known.
        column: the character in the first of these lines, counted from 1; 0 where it is the lines as a whole.
        reason: what is wrong, without the place that `message` begins with.
        suggestion: the word that was probably meant; empty if none is near.
        excerpt: the lines around it as (number, text, whether the error is about it), once somebody with the source
            has put them here.
        above: what is odd in the lines above one that cannot be read, a line each.
        source: the whole text that cannot be read, once somebody who has it has put it here.
    """

    def __init__(
        self,
        reason: str,
        *,
        hint: str = "",
        file: str = "",
        lines: tuple[int, int] = (0, 0),
        column: int = 0,
        suggestion: str = "",
    ) -> None:
        place = [file] if file else []
        if lines[0]:
            place += [str(lines[0]), str(column)] if column else [str(lines[0])]
            place = place if file else ["line " + ":".join(place)]
        meant = f" (did you mean {suggestion}?)" if suggestion else ""
        super().__init__(f"{':'.join(place)}: {reason}{meant}" if place else f"{reason}{meant}", hint=hint)
        self.reason = " ".join(reason.split())
        self.file = file
        self.lines = lines
        self.column = column
        self.suggestion = suggestion
        self.excerpt: tuple[tuple[int, str, bool], ...] = ()
        self.above: tuple[str, ...] = ()
        self.source = ""

    def at(self, file: str, lines: tuple[int, int], column: int = 0) -> DockerfileError:
        """The same error at a place that was not known where it arose."""
        return DockerfileError(
            self.reason,
            hint=self.hint,
            file=file,
            lines=lines,
            column=column or self.column,
            suggestion=self.suggestion,
        )


class AmbiguousName(InvalidInput):
    """A name or ID prefix fits several things."""


class NotFound(DockmagicError):
    """What was asked for is not there."""


class ImageNotFound(NotFound):
    """No such repository, tag or manifest, here or in the registry."""


class BlobNotFound(NotFound):
    """A blob that something refers to is missing."""


class PlatformNotFound(NotFound):
    """An index has no manifest for the platform."""


class PathNotFound(NotFound):
    """No such path in an image or layer."""


class InvalidContent(DockmagicError):
    """Content from outside is not what it should be."""


class InvalidDocument(InvalidContent):
    """A manifest, index or configuration that breaks the image specification."""

    default_hint = "The image is damaged or hostile: ask its publisher, or pull another tag"


class UnsupportedMediaType(InvalidContent):
    """A media type that dockmagic does not handle."""


class DigestMismatch(InvalidContent):
    """Bytes whose digest is not the one that names them."""

    default_hint = "Nothing was kept: try again; if it stays so, the registry or a proxy changes content"


class SizeMismatch(InvalidContent):
    """Bytes of another length than their descriptor says."""

    default_hint = "Nothing was kept: try again; if it stays so, the registry or a proxy changes content"


class InvalidLayer(InvalidContent):
    """A layer that is not a readable tar, or not in the compression that it claims."""

    default_hint = "The image is damaged or hostile: ask its publisher, or pull another tag"


class UnsafeEntry(InvalidLayer):
    """A tar entry that leads out of the root file system."""


class LayerTooLarge(InvalidLayer):
    """A layer that expands beyond the limit."""

    default_hint = "Raise the limit with DOCKMAGIC_MAX_LAYER_SIZE (bytes) if you trust the image"


class InvalidArchive(InvalidContent):
    """A docker-archive, oci-archive or root file system archive that cannot be read."""


class RegistryError(DockmagicError):
    """A registry refused or failed (distribution specification, "Error Codes").

    Attributes:
        status: HTTP status, 0 where there was no answer.
        codes: the specification's error codes, such as ``MANIFEST_UNKNOWN``; empty if none were sent.
    """

    def __init__(self, message: str, *, hint: str = "", status: int = 0, codes: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.codes = codes


class Unauthorized(RegistryError):
    """401: no credentials, or wrong ones."""


class Denied(RegistryError):
    """403: the credentials do not allow it."""


class RateLimited(RegistryError):
    """429: too many requests.

    Attributes:
        retry_after: seconds to wait as the registry says, None if it does not say.
    """

    def __init__(
        self, message: str, *, hint: str = "", codes: tuple[str, ...] = (), retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint, status=429, codes=codes)
        self.retry_after = retry_after


class RegistryUnavailable(RegistryError):
    """No usable answer: 5xx, connection reset, time-out, unknown host, bad certificate."""

    default_hint = "Try again; what has arrived is kept and the download goes on from there"


class RegistryBlocked(RegistryError):
    """Configuration forbids this registry."""


class CredentialError(DockmagicError):
    """A credentials file or helper that cannot be used. Never carries the credential."""


class StoreError(DockmagicError):
    """The local store cannot do it."""


class StoreTooNew(StoreError):
    """The store was written by a later version."""

    default_hint = "Upgrade dockmagic, or set DOCKMAGIC_HOME to another folder"


class OutOfSpace(StoreError):
    """The disk is full."""

    default_hint = "Free some space (`system df` shows what is used), then repeat: what has arrived is kept"


class Conflict(StoreError):
    """Something is in use, or a name is taken."""


class ConditionMet(DockmagicError):
    """What the caller asked to be told as a failure is so (``diff --fail-if``)."""


class NotSupported(DockmagicError):
    """Refused by name: dockmagic cannot do this, or not yet."""


class InternalError(DockmagicError):
    """An unexpected exception: a fault of dockmagic's own, or input of a kind that it does not know."""

    default_hint = f"Please report it, with what {TRACEBACK}=1 (in a notebook: %xmode Verbose) shows"
