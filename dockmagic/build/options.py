"""What a build is asked for, beyond its Dockerfile and its context."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference

__all__ = ["Options", "Secret"]


class Secret(msgspec.Struct, frozen=True):
    """A secret of ``--secret``. Its value shows in no text, key or record.

    Attributes:
        id: what ``RUN --mount=type=secret,id=…`` asks for.
        value: its bytes.
    """

    id: str
    value: bytes

    @classmethod
    def parse(cls, text: str) -> Secret:
        """Read ``id=NAME[,src=FILE|,env=VARIABLE]``; without a source, the variable NAME or the file NAME.

        Raises:
            InvalidInput: not of that form, or neither file nor variable is there.
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"Secret(id={self.id!r})"


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
        jobs: how many steps may run at once.
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
    secrets: tuple[Secret, ...] = ()
    network: str = "host"
    add_hosts: tuple[tuple[str, str], ...] = ()
    shm_size: int = 0
    docker_media_types: bool = False
    epoch: int | None = None
    jobs: int = 4
