"""What images are made of and how they differ."""

from __future__ import annotations

from .blame import Blame, blame
from .diff import ConfigDifference, Diff, diff
from .family import Family, family, shared_layers
from .waste import Waste, waste

__all__ = ["Blame", "ConfigDifference", "Diff", "Family", "Waste", "blame", "diff", "family", "shared_layers", "waste"]
