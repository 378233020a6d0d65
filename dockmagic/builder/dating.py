"""The date that ``SOURCE_DATE_EPOCH`` means where it names what has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError

from .sources.address import GitSource
from .sources.dates import date_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dockmagic.dockerfile import Add
    from dockmagic.store.home import Home

    from .reading.epoch import DateOf
    from .sources.context import Context

__all__ = ["find_date"]


def find_date(
    what: DateOf, home: Home, context: Context, contexts: Mapping[str, Context], *, stop: Callable[[], bool]
) -> int | None:
    """Ask for the date, in seconds since 1970; None for what has none, such as a folder of this machine.

    Raises:
        DockerfileError: the source of a stage cannot be had, at its ADD.
    """
    if what.add is not None:
        try:
            return _date_of_source(what.add, home, stop)
        except DockmagicError as error:
            raise what.add.error(error.message, word=what.add.sources[0], hint=error.hint) from error
    return (contexts[what.context] if what.context else context).date()


def _date_of_source(add: Add, home: Home, stop: Callable[[], bool]) -> int | None:
    (source,) = add.sources
    address = GitSource.parse(source)
    if address is None:
        from .sources.download import download

        return date_of(*download(home, source, checksum=add.checksum, stop=stop), home)
    from msgspec.structs import replace

    from .sources.git import GitRepository

    repository = GitRepository(home, replace(address, checksum=add.checksum or address.checksum), stop=stop)
    return repository.date(repository.commit())
