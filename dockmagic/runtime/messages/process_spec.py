"""A program of a container: what is to be run, and with which rights."""

from __future__ import annotations

from .message import Message

__all__ = ["ProcessSpec"]


class ProcessSpec(Message):
    """What a forked child of the shim becomes.

    Attributes:
        argv: the program and its arguments.
        env: ``NAME=VALUE`` each, all of them.
        cwd: its working folder; empty for the root.
        user: as ``--user`` takes it; empty for root.
        groups: further groups.
        tty: whether it has a terminal.
        capabilities: a mask.
        no_new_privs: whether it gains no rights by a set-id program.
        rlimits: kind, soft and hard limit of each.
        window: rows and columns of its terminal; None where nobody said.
        make_cwd: whether its working folder is made if it is not there: it is the container's first program.
    """

    argv: list[str]
    env: list[str]
    cwd: str
    user: str
    groups: list[str]
    tty: bool
    capabilities: int
    no_new_privs: bool
    rlimits: list[list[int]]
    window: list[int] | None = None
    make_cwd: bool = False
