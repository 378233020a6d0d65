"""``RUN --mount``: its keys, their aliases and what goes together (Dockerfile reference, "RUN --mount")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, Literal, cast

import msgspec

from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.ids import parse_id

from .characters import parse_bool, parse_number, parse_size
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MountSpec", "RunMount", "read_fields"]

MountType = Literal["bind", "cache", "tmpfs", "secret", "ssh"]
Sharing = Literal["shared", "private", "locked"]

_TYPES: Final[tuple[MountType, ...]] = ("bind", "cache", "tmpfs", "secret", "ssh")
_SHARINGS: Final[tuple[Sharing, ...]] = ("shared", "private", "locked")
_ALIASES: Final = {
    "src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite",
}  # fmt: skip
_KEYS: Final = (
    "type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode", "uid", "gid", "src",
    "dst", "destination", "ro", "rw", "readwrite", "env",
)  # fmt: skip
_SWITCHES: Final = frozenset({"readonly", "readwrite", "required"})
#: Keys that only some types have.
_ONLY_FOR: Final[dict[str, tuple[MountType, ...]]] = {
    "required": ("secret", "ssh"),
    "size": ("tmpfs",),
    "sharing": ("cache",),
    "mode": ("secret", "ssh", "cache"),
    "uid": ("secret", "ssh", "cache"),
    "gid": ("secret", "ssh", "cache"),
    "env": ("secret",),
}


class RunMount(msgspec.Struct, frozen=True, kw_only=True):
    """One mount, read and checked, its defaults filled in.

    Attributes:
        type: of the mount.
        from_: stage, image or named context; empty means the build context (bind) or an empty folder (cache).
        source: path in `from_`.
        target: where it appears, relative to the working directory; empty for a secret that is in `env` only.
        readonly: the default for bind, secret and ssh is yes, for cache and tmpfs no.
        id: of cache (by default its target), secret (by default the last part of its target) or ssh (``default``).
        sharing: of a cache.
        required: fail if the secret is not given.
        size: of a tmpfs, in bytes; 0 is without limit.
        env: the environment variable that holds the secret; empty if there is none.
        mode: of the file or folder; None is the default (0400 secret, 0600 ssh, 0755 cache); likewise uid and gid (0).
    """

    type: MountType = "bind"
    from_: str = ""
    source: str = ""
    target: str = ""
    readonly: bool = True
    id: str = ""
    sharing: Sharing = "shared"
    required: bool = False
    size: int = 0
    env: str = ""
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None


class MountSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One mount as written, its values unexpanded.

    Attributes:
        text: what stands after ``--mount=``.
        from_: known without expansion, for it takes no variables: what the stage depends on; empty if not given.
    """

    text: str
    from_: str = ""

    @classmethod
    def parse(cls, text: str) -> MountSpec:
        """Split it, and look for what it depends on.

        Raises:
            DockerfileError: quotes that do not close, or a variable in ``from``.
        """
        from_ = ""
        for field in read_fields(text, "mounts"):
            key, _, value = field.partition("=")
            if key.lower() == "from":
                if "$" in value[:-1]:
                    raise DockerfileError(
                        "'from' doesn't support variable expansion, define alias stage instead",
                        hint=f"Write FROM {value} AS NAME above, and from=NAME here",
                    )
                from_ = value
        return cls(text=text, from_=from_)

    def resolve(self, expand: Callable[[str], str]) -> RunMount:
        """Expand the values and read them.

        Raises:
            DockerfileError: an unknown key, a bad value, or keys that do not go together.
        """
        values: dict[str, str] = {}
        for field in read_fields(self.text, "mounts"):
            written, equals, value = field.partition("=")
            key = _ALIASES.get(written.lower(), written.lower())
            if key not in _KEYS:
                near = nearest(key, _KEYS)
                raise DockerfileError(f"unexpected key '{written}' in '{field}'", suggestion=near)
            if not equals:
                if key not in _SWITCHES:
                    raise DockerfileError(f"invalid field '{field}' must be a key=value pair")
                value = "true"
            values.pop(key, None)
            values[key] = expand(value) if equals else value
        return _read(values)


def read_fields(text: str, what: str) -> list[str]:
    """The fields of one line of comma-separated values (RFC 4180).

    Args:
        text: the line.
        what: the fields are about.

    Raises:
        DockerfileError: nothing is there, or quotes do not close.
    """
    import csv

    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise DockerfileError(f"failed to parse csv {what}: {error}") from None
    if not fields:
        raise DockerfileError(f"failed to parse csv {what}: there are none")
    return fields


def _read(values: dict[str, str]) -> RunMount:
    kind = _choice("type", values.get("type", "bind"), _TYPES, "unsupported mount type")
    for key, types in _ONLY_FOR.items():
        if key in values and kind not in types:
            raise DockerfileError(f"unexpected key '{key}' for mount type '{kind}'")
    mount = RunMount(
        type=cast("MountType", kind),
        from_=values.get("from", ""),
        source=values.get("source", ""),
        target=values.get("target", ""),
        readonly=_readonly(values, default=kind not in ("cache", "tmpfs")),
        id=values.get("id", ""),
        sharing=cast(
            "Sharing", _choice("sharing", values.get("sharing", "shared"), _SHARINGS, "unsupported sharing value")
        ),
        required=_bool("required", values.get("required", "false")),
        size=_size(values.get("size", "0")),
        mode=_mode(values.get("mode")),
        uid=_id("uid", values.get("uid")),
        gid=_id("gid", values.get("gid")),
    )
    match mount.type:
        case "secret":
            return _secret(mount, values.get("env"))
        case "cache":
            return msgspec.structs.replace(mount, id=mount.id or posixpath.normpath(mount.target))
        case "ssh":
            return msgspec.structs.replace(mount, id=mount.id or "default")
    return mount


def _secret(mount: RunMount, env: str | None) -> RunMount:
    if mount.from_:
        raise DockerfileError("secret mount should not have a from")
    if not (mount.source or mount.target or mount.id):
        raise DockerfileError("invalid secret mount. one of source, target required", hint="Write id=NAME")
    if mount.source and mount.id:
        raise DockerfileError("both source and id can't be set", hint="Leave out source, the older name of id")
    name = mount.source or mount.id or posixpath.basename(mount.target)
    target = mount.target or ("" if env is not None else f"/run/secrets/{posixpath.basename(name)}")
    return msgspec.structs.replace(
        mount, id=name, source="", target=target, env="" if env is None else env or posixpath.basename(name)
    )


def _choice(key: str, value: str, options: tuple[str, ...], complaint: str) -> str:
    if value.lower() in options:
        return value.lower()
    raise DockerfileError(
        f'{complaint} "{value}"',
        suggestion=nearest(value, options),
        hint=f"{key} is one of {', '.join(options)}",
    )


def _bool(key: str, value: str) -> bool:
    try:
        return parse_bool(value)
    except ValueError:
        raise DockerfileError(f"invalid value for {key}: {value}", hint="Write true or false") from None


def _readonly(values: dict[str, str], *, default: bool) -> bool:
    # The one written last counts.
    for key in reversed(values):
        if key in ("readonly", "readwrite"):
            return _bool(key, values[key]) is (key == "readonly")
    return default


def _size(value: str) -> int:
    try:
        return parse_size(value)
    except ValueError:
        raise DockerfileError(
            f"invalid value for size: {value}", hint="Write bytes, or a number with k, m or g"
        ) from None


def _mode(value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return parse_number(value, most=2**32 - 1, base=8)
    except ValueError:
        raise DockerfileError(f"invalid value {value} for mode") from None


def _id(key: str, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        number = parse_id(value)
    except ValueError as error:
        raise DockerfileError(f"invalid value {value} for {key}: {error}") from None
    if number is None:
        raise DockerfileError(f"invalid value {value} for {key}")
    return number
