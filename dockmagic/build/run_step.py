"""RUN: a program in the state of a step, and what it leaves as the next layer."""

from __future__ import annotations

__all__: list[str] = []
