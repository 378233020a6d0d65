"""``search``: find repositories by a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput
from dockmagic.rows import SearchRow

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .flags.shared import all_digits, filters, form
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "search",
    "[OPTIONS] TERM",
    ("search postgres", "on Docker Hub"),
    ("search --filter is-official=true --limit 5 python", "official images alone"),
    ("search localhost:5000/app", "in another registry's catalogue"),
    returns="SearchRow",
    magic=True,
)
@argument("term")
@filters
@form
@option("--limit", type=int, default=25, metavar="int", help="Max number of search results")
@all_digits
def command(
    ctx: CommandContext, term: str, filters: tuple[str, ...], form: str | None, limit: int, *, whole: bool
) -> Result:
    """Search a registry for images."""
    official, stars = _filters(filters)
    found = ctx.engine.registries.search(term, limit=limit, is_official=official, stars=stars)
    rows = [
        SearchRow(
            name=one.name,
            description=one.description,
            star_count=one.stars,
            is_official=one.is_official,
            is_automated=one.is_automated,
        )
        for one in found
    ]
    return listing(rows, SearchRow, form=form, whole=whole)


_DIGITS = 18  # no repository has more stars


def _filters(texts: tuple[str, ...]) -> tuple[bool | None, int]:
    official, stars = None, 0
    for text in texts:
        key, _, value = text.partition("=")
        if key == "stars" and value.isascii() and value.isdecimal() and len(value) <= _DIGITS:
            stars = int(value)
        elif key in ("is-official", "is-automated") and value.lower() in ("true", "false", "1", "0"):
            if key == "is-official":
                official = value.lower() in ("true", "1")
        else:
            raise InvalidInput(f"invalid filter {text!r}", hint="There are stars=NUMBER and is-official=true|false")
    return official, stars
