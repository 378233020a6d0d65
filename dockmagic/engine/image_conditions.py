"""Conditions on what a new image has more, or less, than an old one: ``size>+10MB``, ``efficiency<0.9``."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci.errors import InvalidInput
from dockmagic.rows.sizes import bytes_of
from dockmagic.rows.words import human_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image

__all__ = ["METRICS", "Condition"]

#: Name → what is measured: bytes, a count, or a share of 1.
METRICS: Final[dict[str, Callable[[Image], float]]] = {
    "size": lambda image: image.size,
    "compressed": lambda image: image.compressed_size,
    "layers": lambda image: len(image.layers),
    "files": lambda image: len(image.files),
    "packages": lambda image: len(image.packages),
    "waste": lambda image: sum(one.size for one in image.waste),
    "efficiency": lambda image: image.efficiency,
}
_BYTES: Final = ("size", "compressed", "waste")
_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_FORM: Final = re.compile(
    r"\s*(?P<metric>[a-z]+)\s*(?P<operator>[<>]=?)\s*(?P<sign>[+-]?)(?P<number>\d[^\s%]*)(?P<percent>%?)\s*"
)


class Condition(NamedTuple):
    """What is asked of two images.

    Attributes:
        text: as it was written.
        metric: one of `METRICS`.
        operator: ``>``, ``>=``, ``<`` or ``<=``.
        limit: what the metric is compared with; of the new image, or, where it is `relative`, of the difference.
        relative: whether the difference of the two images counts: the limit was written with a sign.
        percent: whether the limit is in percent of the old image's.
    """

    text: str
    metric: str
    operator: str
    limit: float
    relative: bool
    percent: bool

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read ``METRIC OPERATOR LIMIT``; a limit with a sign is one of the difference, in units or in percent.

        Raises:
            InvalidInput: it is no condition.
        """
        found = _FORM.fullmatch(text)
        if found is None or found["metric"] not in METRICS or (found["percent"] and not found["sign"]):
            raise InvalidInput(
                f"{text[:60]!r} is no condition",
                hint=f"Write for example size>+10MB, size>+5% or efficiency<0.9; there are {', '.join(METRICS)}",
            )
        if found["metric"] in _BYTES and not found["percent"]:
            limit: float = bytes_of(found["number"])
        else:
            try:
                limit = float(found["number"])
            except ValueError as error:
                raise InvalidInput(f"{found['number'][:40]!r} in {text[:60]!r} is no number") from error
        signed = -limit if found["sign"] == "-" else limit
        return cls(
            text.strip(), found["metric"], found["operator"], signed, bool(found["sign"]), bool(found["percent"])
        )

    def holds(self, old: Image, new: Image) -> bool:
        """Whether it is true of these two."""
        return _OPERATORS[self.operator](self.value(old, new), self.limit)

    def value(self, old: Image, new: Image) -> float:
        """What is compared with the limit: of the new image, or the difference, if so asked in percent of the old."""
        after = METRICS[self.metric](new)
        if not self.relative:
            return after
        before = METRICS[self.metric](old)
        if not self.percent:
            return after - before
        if not before:
            return 0.0 if not after else float("inf")
        return 100 * (after - before) / before

    def told(self, old: Image, new: Image) -> str:
        """Its value, as people read it: ``size is +12.3MB``."""
        value = self.value(old, new)
        sign = "+" if self.relative and value > 0 else ""
        if self.percent:
            shown = f"{value:.1f} %"
        elif self.metric in _BYTES:
            shown = ("-" if value < 0 else "") + human_size(abs(round(value)))
        else:
            shown = f"{value:g}" if self.metric != "efficiency" else f"{value:.3f}"
        return f"{self.metric} is {sign}{shown}"
