"""What a build is asked for, beyond its Dockerfile and its context."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference

__all__ = ["BuildSecret", "Options", "check_text"]

#: The most that a secret may hold, in bytes, as in BuildKit (session/secrets, MaxSecretSize).
_MOST: Final = 500 * 1024
_HOW: Final = "Write id=NAME,src=FILE or id=NAME,env=VARIABLE"


class BuildSecret(msgspec.Struct, frozen=True):
    """A secret of ``--secret``. Its value shows in no text, key or record.

    Attributes:
        id: what ``RUN --mount=type=secret,id=…`` asks for.
        value: its bytes.
    """

    id: str
    value: bytes

    @classmethod
    def parse(cls, text: str) -> BuildSecret:
        """Read ``id=NAME[,src=FILE|,env=VARIABLE]``; without a source, the variable NAME or the file NAME.

        Raises:
            InvalidInput: not of that form, too large, or neither file nor variable is there.
        """
        from dockmagic.dockerfile.mounts import read_fields

        fields = {}
        for field in read_fields(text, "secret"):
            key, equals, value = field.partition("=")
            key = {"source": "src"}.get(key.lower(), key.lower())
            if not equals or key not in ("type", "id", "src", "env"):
                raise InvalidInput(
                    f"invalid field {field!r} in a secret", hint="Write id=NAME,src=FILE or id=NAME,env=NAME"
                )
            fields[key] = value
        name = fields.get("id", "")
        if not name:
            raise InvalidInput("a secret needs an id", hint=_HOW)
        file, variable = fields.get("src", ""), fields.get("env", "")
        if fields.get("type") == "env" and not variable:
            file, variable = "", file or name
        if not file and not variable:
            variable, file = (name, "") if name in os.environ else ("", name)
        return cls.of(name, cls._from_variable(name, variable)) if variable else cls.from_file(name, file)

    @classmethod
    def of(cls, name: str, value: bytes) -> BuildSecret:
        """A secret with this value.

        Raises:
            InvalidInput: it is too large.
        """
        if len(value) > _MOST:
            raise InvalidInput(f"the secret {name} has more than {_MOST >> 10} KiB", hint="Use a bind mount for files")
        return cls(name, value)

    @staticmethod
    def _from_variable(name: str, variable: str) -> bytes:
        try:
            return os.environb[os.fsencode(variable)]
        except KeyError:
            raise InvalidInput(f"the secret {name}: there is no variable {variable} in the environment") from None

    @classmethod
    def from_file(cls, name: str, file: str) -> BuildSecret:
        """A secret with the content of a file.

        Raises:
            InvalidInput: the file cannot be read, or is too large.
        """
        try:
            with Path(file).expanduser().open("rb") as source:
                return cls.of(name, source.read(_MOST + 1))
        except OSError as error:
            raise InvalidInput(
                f"the secret {name}: {file}: {(error.strerror or str(error)).lower()}",
                hint=_HOW,
            ) from None

    def __repr__(self) -> str:
        return f"Secret(id={self.id!r})"


def check_text(text: str, what: str) -> None:
    """Refuse text with bytes that are not UTF-8: JSON holds none.

    Raises:
        InvalidInput: it has some.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise InvalidInput(f"{what} {shown[:200]} is not UTF-8", hint="Write it in UTF-8") from None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The flags of ``build``, read and typed; it crosses threads, so nobody changes it.

    Attributes:
        tags: names for the result, given all at once at the end.
        target: stage to build; empty for the last.
        build_args: values for ARG; one without a value (None) is taken from the environment if it is set there.
        labels: over the Dockerfile's.
        annotations: of the manifest.
        no_cache: use nothing of the cache.
        no_cache_filter: stages that use nothing of it.
        pull: ask registries for newer base images.
        platform: to build for; None for this machine's (or ``DOCKER_DEFAULT_PLATFORM``).
        secrets: for ``RUN --mount=type=secret``.
        network: of RUN, ``host`` or ``none``.
        add_hosts: ``(name, address)`` for ``/etc/hosts`` of RUN.
        shm_size: bytes of ``/dev/shm`` in RUN; 0 for 64 MiB.
        docker_media_types: Docker's media types instead of OCI's.
        epoch: ``SOURCE_DATE_EPOCH``; None for the present time.
    """

    tags: tuple[Reference, ...] = ()
    target: str = ""
    build_args: dict[str, str | None] = {}
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    pull: bool = False
    platform: Platform | None = None
    secrets: tuple[BuildSecret, ...] = ()
    network: str = "host"
    add_hosts: tuple[tuple[str, str], ...] = ()
    shm_size: int = 0
    docker_media_types: bool = False
    epoch: int | None = None

    def __post_init__(self) -> None:
        """Refuse text that no image can hold.

        Raises:
            InvalidInput: it is not UTF-8.
        """
        for flag, values in (
            ("--build-arg", self.build_args),
            ("--label", self.labels),
            ("--annotation", self.annotations),
        ):
            for name, value in values.items():
                check_text(f"{name}={value or ''}", flag)
