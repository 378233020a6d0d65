"""``%docker images?`` asks for help, and ``%images;`` shows nothing.

IPython alone would look for a magic named ``images;``, and would show its own ``%run`` for ``%docker run?``.
"""

from __future__ import annotations

import re
from tokenize import DEDENT, INDENT
from typing import TYPE_CHECKING, Any

from IPython.core.inputtransformer2 import TokenTransformBase

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["line_transform"]


def line_transform(magics: Iterable[str]) -> type[TokenTransformBase]:
    """A transformer for lines that begin with one of `magics` and end with ``?`` or ``;``."""
    names = "|".join(map(re.escape, magics))
    assigned = re.compile(rf"[^%#'\"]*=\s*%(?:{names})(?:\s.*)?(?<!\\);\s*\Z")
    pattern = re.compile(
        rf"(?P<indent>\s*)%(?P<magic>{names})(?P<rest>|\s.*?|(?=[?;]))\s*(?P<end>\?{{1,2}}|(?<!\\);)\s*\Z"
    )

    class LineTransform(TokenTransformBase):
        priority = 4  # before IPython's own reading of ? (5)

        @classmethod
        def find(cls, tokens_by_line: list[list[Any]]) -> LineTransform | None:
            for tokens in tokens_by_line:
                first = next((token for token in tokens if token.type not in (INDENT, DEDENT)), None)
                if first is None:
                    continue
                if (pattern if first.string == "%" else assigned).match(first.line):
                    return cls(first.start)
            return None

        def transform(self, lines: list[str]) -> list[str]:
            found = pattern.match(lines[self.start_line])
            if found is None:  # x = %images; is quiet already
                plain = lines[self.start_line].rstrip()[:-1] + "\n"
                return [*lines[: self.start_line], plain, *lines[self.start_line + 1 :]]
            rest = found["rest"].strip()
            asks = found["end"] != ";"
            # Before the words: what stands behind run IMAGE is a program's, --help too.
            argument = f"--help {rest}".strip() if asks else rest
            call = f"get_ipython().run_line_magic({found['magic']!r}, {argument!r})"
            line = f"{found['indent']}{call}{'' if asks else ';'}\n"
            return [*lines[: self.start_line], line, *lines[self.start_line + 1 :]]

    return LineTransform
