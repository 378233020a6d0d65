"""Values that a magic returns where a verb gives text or data: shown as they are, and easy to go on with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dockmagic.notebook import html
from dockmagic.notebook.text import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from dockmagic.rows import Row

__all__ = ["Data", "ImageList", "TextValue"]

_OPEN_DEPTH = 2
_ONE_LINE = 80


class TextValue:
    """Text that a command gave.

    Attributes:
        text: the text, without a line end at the end.
        data: the bytes that it is made of (``cat``).
    """

    def __init__(
        self,
        text: str,
        data: bytes | None = None,
        *,
        rows: Sequence[Row] = (),
        row_type: type[Row] | None = None,
        shown: tuple[str, ...] | None = None,
    ) -> None:
        self.text = text
        self.data = text.encode() if data is None else data
        self._rows, self._row_type, self._shown = rows, row_type, shown

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return printable(self.text)

    def __bytes__(self) -> bytes:
        return self.data

    def __eq__(self, other: object) -> bool:
        return self.text == (other.text if isinstance(other, TextValue) else other)

    def __hash__(self) -> int:
        return hash(self.text)

    def __iter__(self) -> Iterator[str]:
        return iter(self.text.splitlines())

    def __len__(self) -> int:
        return len(self.text)

    def json(self) -> Any:
        """The text read as JSON; one document a line becomes a list.

        Raises:
            ValueError: it is no JSON.
        """
        try:
            return json.loads(self.text)
        except ValueError:
            return [json.loads(line) for line in self.text.splitlines() if line.strip()]

    def frame(self) -> pd.DataFrame:
        """The rows behind the text, or its lines, as a DataFrame."""
        if self._row_type is not None:
            from dockmagic.rows.frame import frame

            return frame(self._rows, self._row_type, self._shown)
        import pandas as pd

        return pd.DataFrame({"Line": pd.Series(self.text.splitlines(), dtype="str")})

    def to_frame(self) -> pd.DataFrame:
        """The same as `frame`."""
        return self.frame()


class Data:
    """JSON-like data that a command gave; to be indexed like the list or dict that it is.

    Attributes:
        text: as docker prints it.
    """

    def __init__(self, data: Any, text: str = "") -> None:
        self._data = data
        self.text = text or json.dumps(data, indent=4, ensure_ascii=False)

    def __getitem__(self, key: Any) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, item: object) -> bool:
        return item in self._data

    def __eq__(self, other: object) -> bool:
        return bool(self._data == (other._data if isinstance(other, Data) else other))

    __hash__ = None  # type: ignore[assignment]  # it compares like the list or dict inside

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return printable(self.text)

    def _repr_html_(self) -> str:
        whole = self._data[0] if isinstance(self._data, list) and len(self._data) == 1 else self._data
        return html.join(_tree(whole, 0))

    def json(self) -> Any:
        """The list or dict itself."""
        return self._data

    def frame(self) -> pd.DataFrame:
        """A DataFrame with one row per object, nested names joined by dots."""
        import pandas as pd

        return pd.json_normalize(self._data)

    to_frame = frame


class ImageList(tuple[Any, ...]):
    """Images that came or went together (``pull -a``, ``load``)."""

    __slots__ = ()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from dockmagic.notebook.reprs.image import images

        return images(self)


def _tree(value: Any, depth: int) -> html.Markup:
    if isinstance(value, dict):
        pairs = [(str(name), item) for name, item in value.items()]
    elif isinstance(value, list):
        pairs = [(str(place), item) for place, item in enumerate(value)]
    else:
        return html.code("" if value is None else value)
    members = [_member(name, item, depth) for name, item in pairs]
    return html.branches(members) if depth else html.run(*map(html.div, members))


def _member(name: str, item: Any, depth: int) -> html.Markup:
    if not isinstance(item, (dict, list)) or not item:
        shown = html.code(json.dumps(item, ensure_ascii=False) if not isinstance(item, str) else item)
        return html.run(html.bold(name), " ", shown)
    brief = json.dumps(item, ensure_ascii=False)
    if len(brief) <= _ONE_LINE:
        return html.run(html.bold(name), " ", html.code(brief))
    size = html.muted(count(len(item), "member" if isinstance(item, dict) else "item"))
    head = html.run(html.bold(name), " ", size)
    return html.details(head, _tree(item, depth + 1), opened=depth + 1 < _OPEN_DEPTH)
