"""``RUN --mount``: its keys, their aliases and what goes together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Mount", "MountSpec"]


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One mount, read and checked.

    Attributes:
        type: of the mount.
        from_: stage, image or named context; empty means the build context (bind) or an empty folder (cache).
        source: path in `from_`; for a secret its old name for `id`.
        target: where it appears; empty only for a secret (then ``/run/secrets/ID``, or nowhere if `env` is given).
        readonly: the default for bind, secret and ssh is yes, for cache and tmpfs no.
        id: of cache, secret or ssh; empty means the target (cache) or the target's or source's last part (secret).
        sharing: of a cache: ``shared`` (the default), ``private`` or ``locked``.
        required: fail if the secret is not given.
        size: of a tmpfs, in bytes; 0 is without limit.
        env: the secret's environment variable; empty means that of its id; None means that there is none.
        mode: of the file or folder; None is the default (0400 secret, 0755 cache, 0600 ssh); likewise uid and gid (0).
    """

    type: Literal["bind", "cache", "tmpfs", "secret", "ssh"] = "bind"
    from_: str = ""
    source: str = ""
    target: str = ""
    readonly: bool = True
    id: str = ""
    sharing: Literal["", "shared", "private", "locked"] = ""
    required: bool = False
    size: int = 0
    env: str | None = None
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

    def resolve(self, expand: Callable[[str], str]) -> Mount:
        """Expand the values and read them.

        Raises:
            DockerfileError: an unknown key, a bad value, or keys that do not go together.
        """
        raise NotImplementedError
