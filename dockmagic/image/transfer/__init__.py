"""Moving images between registries, the local store and archives."""

from __future__ import annotations

from .choose import choose
from .copy import copy
from .plan import LayerPlan, PullPlan, plan, plan_repository
from .pull import pull, pull_repository
from .push import push

__all__ = [
    "LayerPlan",
    "PullPlan",
    "choose",
    "copy",
    "plan",
    "plan_repository",
    "pull",
    "pull_repository",
    "push",
]
