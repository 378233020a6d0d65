"""Moving images between registries, the local store and archives."""

from __future__ import annotations

from .choose import choose
from .plan import LayerPlan, PullPlan, plan, plan_repository
from .pull import pull, pull_repository
from .push import push

__all__ = [
    "LayerPlan",
    "PullPlan",
    "choose",
    "plan",
    "plan_repository",
    "pull",
    "pull_repository",
    "push",
]
