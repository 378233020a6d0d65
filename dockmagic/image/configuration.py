"""What CMD, ENV, LABEL and their like do to an image's configuration, and the history row that each leaves.

Both are as BuildKit writes them (moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go), so that a history or an
inspection does not show who built the image.
"""

from __future__ import annotations

import posixpath
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from dockmagic.dockerfile import (
    Cmd,
    Entrypoint,
    Env,
    Expose,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Shell,
    Stopsignal,
    User,
    Volume,
)
from dockmagic.dockerfile.ports import container_ports
from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.oci.signals import parse_signal
from dockmagic.oci.spec import Config, HealthcheckConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.dockerfile import Instruction

__all__ = ["DEFAULT_PATH", "SHELL", "Settings", "apply", "begin", "work_in"]

#: What PATH is where the base image says nothing.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: What the shell form is given to where SHELL says nothing.
SHELL = ("/bin/sh", "-c")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the instructions of a stage have set so far, beside its variables.

    Attributes:
        config: of the image.
        author: of the image.
        own_cmd: whether this stage has a CMD of its own, which an ENTRYPOINT then leaves alone.
    """

    config: Config = Config()
    author: str = ""
    own_cmd: bool = False

    @property
    def shell(self) -> tuple[str, ...]:
        """Words that come before a shell form."""
        return self.config.shell or SHELL

    @property
    def workdir(self) -> str:
        """Absolute."""
        return posixpath.join("/", self.config.working_dir or "/")

    @property
    def user(self) -> str:
        """As USER has it; empty for root."""
        return self.config.user or ""


def begin(config: Config, *, author: str = "") -> Settings:
    """What holds right after FROM: what the base image says, and a PATH; its triggers are used up."""
    words = config.env or ()
    if not any(word.startswith("PATH=") for word in words):
        words = (*words, f"PATH={DEFAULT_PATH}")
    return Settings(config=replace(config, env=words, on_build=None), author=author)


def work_in(settings: Settings, path: str) -> Settings:
    """After WORKDIR `path`: a relative one goes on from the last."""
    where = posixpath.normpath(posixpath.join(settings.workdir, path))
    # POSIX leaves two leading slashes to the system.
    return replace(settings, config=replace(settings.config, working_dir="/" + where.lstrip("/")))


def apply(settings: Settings, instruction: Instruction) -> tuple[Settings, str | None]:
    """After an expanded instruction that makes no layer.

    Args:
        settings: so far.
        instruction: any but ADD, ARG, COPY, FROM, RUN and WORKDIR.

    Returns:
        What holds then, and the text of the history row; None for ONBUILD, which has none.

    Raises:
        InvalidInput: a port or signal that is none.
    """
    return _apply(instruction, settings)


@singledispatch
def _apply(instruction: Instruction, _settings: Settings) -> tuple[Settings, str | None]:
    raise NotSupported(f"{instruction.name} changes no configuration")


def _with(settings: Settings, **changes: Any) -> Settings:
    return replace(settings, config=replace(settings.config, **changes))


@_apply.register
def _(instruction: Maintainer, settings: Settings) -> tuple[Settings, str | None]:
    return replace(settings, author=instruction.author), f"MAINTAINER {instruction.author}"


@_apply.register
def _(instruction: Env, settings: Settings) -> tuple[Settings, str | None]:
    env = dict(word.partition("=")[::2] for word in settings.config.env or ())
    env.update((pair.key, pair.value) for pair in instruction.pairs)
    text = " ".join(f"{pair.key}={pair.value}" for pair in instruction.pairs)
    return _with(settings, env=tuple(f"{name}={value}" for name, value in env.items())), f"ENV {text}"


@_apply.register
def _(instruction: Label, settings: Settings) -> tuple[Settings, str | None]:
    new = {pair.key: pair.value for pair in instruction.pairs}
    text = " ".join(f"{pair.key}={pair.value}" for pair in instruction.pairs)
    return _with(settings, labels={**(settings.config.labels or {}), **new}), f"LABEL {text}"


@_apply.register
def _(instruction: Onbuild, settings: Settings) -> tuple[Settings, str | None]:
    return _with(settings, on_build=(*(settings.config.on_build or ()), instruction.expression)), None


@_apply.register
def _(instruction: Cmd, settings: Settings) -> tuple[Settings, str | None]:
    words = instruction.program.command(settings.shell)
    settings = replace(_with(settings, cmd=words, args_escaped=True), own_cmd=True)
    return settings, f"CMD {_quoted(words)}"


@_apply.register
def _(instruction: Entrypoint, settings: Settings) -> tuple[Settings, str | None]:
    words = instruction.program.command(settings.shell)
    settings = _with(settings, entrypoint=words or None)
    if not settings.own_cmd:
        settings = _with(settings, cmd=None)  # the base image's was meant for the base image's entry point
    return settings, f"ENTRYPOINT {_quoted(words)}"


@_apply.register
def _(instruction: Healthcheck, settings: Settings) -> tuple[Settings, str | None]:
    check = HealthcheckConfig(
        test=instruction.test,
        interval=instruction.interval or None,
        timeout=instruction.timeout or None,
        start_period=instruction.start_period or None,
        start_interval=instruction.start_interval or None,
        retries=instruction.retries or None,
    )
    text = (
        f"{{Test:[{' '.join(instruction.test)}] Interval:{_duration(instruction.interval)} "
        f"Timeout:{_duration(instruction.timeout)} StartPeriod:{_duration(instruction.start_period)} "
        f"StartInterval:{_duration(instruction.start_interval)} Retries:{instruction.retries}}}"
    )
    return _with(settings, healthcheck=check), f"HEALTHCHECK {text}"


@_apply.register
def _(instruction: User, settings: Settings) -> tuple[Settings, str | None]:
    return _with(settings, user=instruction.user), f"USER {instruction.user}"


@_apply.register
def _(instruction: Volume, settings: Settings) -> tuple[Settings, str | None]:
    if not all(instruction.paths):
        raise InvalidInput("VOLUME names an empty path", hint="Write VOLUME /path")
    new: dict[str, Any] = {path: {} for path in instruction.paths}
    text = f"VOLUME [{' '.join(instruction.paths)}]"
    return _with(settings, volumes={**(settings.config.volumes or {}), **new}), text


@_apply.register
def _(instruction: Stopsignal, settings: Settings) -> tuple[Settings, str | None]:
    text = instruction.signal
    parse_signal(text)
    return _with(settings, stop_signal=text), f"STOPSIGNAL {text}"


@_apply.register
def _(instruction: Shell, settings: Settings) -> tuple[Settings, str | None]:
    return _with(settings, shell=instruction.words), f"SHELL [{' '.join(instruction.words)}]"


@_apply.register
def _(instruction: Expose, settings: Settings) -> tuple[Settings, str | None]:
    # A variable may hold several ports.
    ports = container_ports(word for port in instruction.ports for word in port.split())
    new: dict[str, Any] = {port: {} for port in ports}
    settings = _with(settings, exposed_ports={**(settings.config.exposed_ports or {}), **new})
    return settings, f"EXPOSE [{' '.join(ports)}]"


def _quoted(words: Iterable[str]) -> str:
    """A list of strings as Go's ``%q`` prints it."""
    return "[" + " ".join(_quote(word) for word in words) + "]"


_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v",
            "\\": r"\\", '"': r"\""}  # fmt: skip


def _quote(word: str) -> str:
    def one(char: str) -> str:
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char.isprintable():
            return char
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return '"' + "".join(one(char) for char in word) + '"'


_SECOND = 10**9
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE


def _duration(nanoseconds: int) -> str:
    """As Go prints a duration: ``1m30s``, ``500ms``, ``0s``."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < _SECOND:
        for unit, size in (("ms", 10**6), ("µs", 10**3), ("ns", 1)):
            if nanoseconds >= size:
                return f"{_trim(nanoseconds, size)}{unit}"
    hours, rest = divmod(nanoseconds, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    text = f"{_trim(rest, _SECOND)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def _trim(value: int, unit: int) -> str:
    whole, part = divmod(value, unit)
    digits = len(str(unit)) - 1
    return str(whole) if not part else f"{whole}." + f"{part:0{digits}d}".rstrip("0")
