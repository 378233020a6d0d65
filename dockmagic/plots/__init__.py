"""Pictures of images, repositories and builds, drawn with matplotlib: a module for each kind.

Each takes `ax` as pandas' plots do, and gives a `Chart`, which shows itself on a page and has its figures as text, too.
"""

from __future__ import annotations

from .chart import Chart
from .family import plot_family
from .growth import TagSizes, plot_growth
from .layers import plot_layers
from .steps import StepTime, plot_steps
from .treemap import plot_files
from .waste import plot_waste

__all__ = [
    "Chart",
    "StepTime",
    "TagSizes",
    "plot_family",
    "plot_files",
    "plot_growth",
    "plot_layers",
    "plot_steps",
    "plot_waste",
]
