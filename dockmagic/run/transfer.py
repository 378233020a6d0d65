"""Files between a container and this machine (``docker cp``)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from .work import work

if TYPE_CHECKING:
    from .container import Container

__all__ = ["copy_in", "copy_out"]


def copy_out(container: Container, path: str, out: BinaryIO, *, follow: bool = False) -> bool:
    """Write a tar of what lies at `path` in the container to the real file `out`.

    Links are followed inside the container's root only; the last one if `follow`.

    Returns:
        Whether it is a folder.

    Raises:
        PathNotFound: it is not there.
    """
    answer = work(
        container.isolation,
        "get",
        descriptors=(out.fileno(),),
        spec=container.spec(),
        pid=container.state.pid,
        path=path,
        follow=follow,
    )
    return bool(answer["folder"])


def copy_in(container: Container, path: str, source: BinaryIO, *, rename: str = "", keep_owners: bool = False) -> None:
    """Unpack a tar below the folder `path` of the container.

    Args:
        container: running or not.
        path: an existing folder; links are followed inside the container's root only.
        source: a real file, read from where it stands.
        rename: name for the top member; empty for its own, ``.`` for its content only.
        keep_owners: owners as the tar says, else root.

    Raises:
        PathNotFound: no such folder.
        InvalidInput: a folder would go over a file, or the other way round; or the tar leads out.
    """
    # A buffered file may stand elsewhere than its descriptor, which is what the worker reads.
    os.lseek(source.fileno(), source.tell(), os.SEEK_SET)
    work(
        container.isolation,
        "put",
        descriptors=(source.fileno(),),
        spec=container.spec(),
        pid=container.state.pid,
        path=path,
        rename=rename,
        keep_owners=keep_owners,
    )
