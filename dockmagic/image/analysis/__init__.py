"""What images are made of and how they differ."""

from __future__ import annotations

from .blame import Blame, blame
from .diff import Diff, Difference, diff
from .family import Family, family, shared_layers
from .waste import Waste, waste

__all__ = ["Blame", "Diff", "Difference", "Family", "Waste", "blame", "diff", "family", "shared_layers", "waste"]
