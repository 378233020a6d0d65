"""Generate `index` after a verb's metadata has changed: ``python -m dockmagic.commands.cmdline.reindex``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .table import VERBS, load

__all__ = ["index_source"]

_HEAD: Final = '''"""What must be known of the verbs before they are imported.

Generated from the verbs by ``python -m dockmagic.commands.cmdline.reindex``: edit them, and not this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALIASES", "CELL_MAGICS", "MAGICS"]

'''


def index_source() -> str:
    """The text of the module."""
    verbs = {name: load(name) for name in VERBS}
    aliases = sorted((alias, name) for name, verb in verbs.items() for alias in verb.aliases)
    magics = [name for name, verb in verbs.items() if verb.magic]
    cells = [name for name in magics if verbs[name].cell_magic]
    lines = [
        "#: Docker's noun forms and other aliases → verb.",
        "ALIASES: Final[Mapping[str, str]] = {",
        *(f'    "{alias}": "{name}",' for alias, name in aliases),
        "}",
        "#: Verbs with a magic of their own, which IPython leaves free; the others are reached by %docker alone.",
        *_tuple("MAGICS", magics),
        "#: Of these the ones that a cell's body is for.",
        *_tuple("CELL_MAGICS", cells),
    ]
    return _HEAD + "\n".join(lines) + "\n"


def _tuple(name: str, words: list[str]) -> list[str]:
    return [f"{name}: Final[tuple[str, ...]] = (", *(f'    "{word}",' for word in words), ")"]


if __name__ == "__main__":
    Path(__file__).with_name("index.py").write_text(index_source())
