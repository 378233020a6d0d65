"""The Dockerfile language: text to typed instructions, and back to what they mean. No input or output."""

from __future__ import annotations

from .expansion import Expansion, expand, expand_text, expand_words, trace
from .heredocs import Heredoc
from .ignore import Ignore
from .instruction import Argument, Device, Instruction, Pair, Program
from .instructions import (
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from .mounts import MountSpec, RunMount
from .parser import Directives, Dockerfile, Stage, parse, parse_trigger
from .unsupported import refuse, refuse_frontend, refuse_mount, refuse_syntax

__all__ = [
    "Add",
    "Arg",
    "Argument",
    "Cmd",
    "Copy",
    "Device",
    "Directives",
    "Dockerfile",
    "Entrypoint",
    "Env",
    "Expansion",
    "Expose",
    "From",
    "Healthcheck",
    "Heredoc",
    "Ignore",
    "Instruction",
    "Label",
    "Maintainer",
    "MountSpec",
    "Onbuild",
    "Pair",
    "Program",
    "Run",
    "RunMount",
    "Shell",
    "Stage",
    "Stopsignal",
    "User",
    "Volume",
    "Workdir",
    "expand",
    "expand_text",
    "expand_words",
    "parse",
    "parse_trigger",
    "refuse",
    "refuse_frontend",
    "refuse_mount",
    "refuse_syntax",
    "trace",
]
