"""The instructions that start something, now or later: RUN, CMD, ENTRYPOINT, HEALTHCHECK, and SHELL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import DockerfileError

from .characters import parse_bool, parse_duration, parse_number
from .expansion import expand
from .instruction import Device
from .instructions import Cmd, Entrypoint, Healthcheck, Run, Shell
from .mounts import MountSpec, read_fields
from .suggest import nearest

if TYPE_CHECKING:
    from .statement import Flags, Statement

__all__ = ["read_cmd", "read_entrypoint", "read_healthcheck", "read_run", "read_shell"]

_MILLISECOND: Final = 10**6


def read_run(statement: Statement) -> Run:
    """RUN."""
    flags = statement.read_flags({"mount": list, "network": str, "security": str, "device": list})
    network = flags.text("network", "default")
    if network not in ("default", "none", "host"):
        raise statement.error(
            f'invalid network mode "{network}"',
            word="--network",
            suggestion=nearest(network, ("default", "none", "host")),
            hint="It is one of default, none and host",
        )
    security = flags.text("security", "sandbox")
    if security not in ("sandbox", "insecure"):
        raise statement.error(f'security "{security}" is not valid', word="--security")
    if statement.json == ():
        raise statement.error("RUN requires at least one argument")
    return Run(
        **statement.common(),
        words=_program_words(statement),
        shell=statement.json is None,
        heredocs=statement.heredocs,
        mounts=tuple(_mount(statement, text) for text in flags.every("mount")),
        network=network,
        security=security,
        devices=tuple(_device(statement, text) for text in flags.every("device")),
    )


def _mount(statement: Statement, text: str) -> MountSpec:
    try:
        spec = MountSpec.parse(text)
        if "$" not in text:  # else it can only be read when it is expanded
            spec.resolve(lambda word: expand(word, {}, escape=statement.escape))
    except DockerfileError as error:
        raise statement.error(
            error.reason, word=text or "--mount", suggestion=error.suggestion, hint=error.hint
        ) from None
    return spec


def _device(statement: Statement, text: str) -> Device:
    try:
        return _read_device(text)
    except DockerfileError as error:
        raise statement.error(error.reason, word=text or "--device", suggestion=error.suggestion) from None


def _read_device(text: str) -> Device:
    name, required = "", False
    for field in read_fields(text, "devices"):
        key, equals, value = field.partition("=")
        key = key.lower()
        if key == "required":
            try:
                required = not equals or parse_bool(value)
            except ValueError:
                raise DockerfileError(f"invalid value for required: {value}") from None
        elif key == "name" and equals and name:
            raise DockerfileError(f"device name already set to {name}")
        elif key == "name" and equals:
            name = value
        elif not name:
            name = field
        elif equals:
            near = nearest(key, ("name", "required"))
            raise DockerfileError(f"unexpected key '{key}' in '{field}'", suggestion=near)
        else:
            raise DockerfileError(f"invalid field '{field}' must be a key=value pair")
    return Device(name, required)


def read_cmd(statement: Statement) -> Cmd:
    """CMD."""
    statement.read_flags({})
    return Cmd(**statement.common(), words=_program_words(statement), shell=statement.json is None)


def read_entrypoint(statement: Statement) -> Entrypoint:
    """ENTRYPOINT."""
    statement.read_flags({})
    return Entrypoint(**statement.common(), words=_program_words(statement), shell=statement.json is None)


def _program_words(statement: Statement) -> tuple[str, ...]:
    return (statement.rest,) if statement.json is None else statement.json


def read_shell(statement: Statement) -> Shell:
    """SHELL."""
    statement.read_flags({})
    if statement.json is None and statement.rest:
        raise statement.error(
            "SHELL requires the arguments to be in JSON form", word=statement.rest, hint='Write SHELL ["/bin/sh", "-c"]'
        )
    if not statement.json:
        raise statement.error("SHELL requires at least one argument")
    return Shell(**statement.common(), words=statement.json)


def read_healthcheck(statement: Statement) -> Healthcheck:
    """HEALTHCHECK."""
    flags = statement.read_flags(
        {"interval": str, "timeout": str, "start-period": str, "start-interval": str, "retries": str}
    )
    statement.require_words()
    kind, command = statement.first_word()
    if kind.upper() == "NONE":
        if command:
            raise statement.error("HEALTHCHECK NONE takes no arguments", word=command)
        return Healthcheck(**statement.common(), test=("NONE",))
    if kind.upper() != "CMD":
        raise statement.error(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)', word=kind)
    words = statement.read_json(command)
    if not command or words == ():
        raise statement.error("Missing command after HEALTHCHECK CMD", word=kind)
    return Healthcheck(
        **statement.common(),
        test=("CMD-SHELL", command) if words is None else ("CMD", *words),
        interval=_duration(statement, "interval", flags),
        timeout=_duration(statement, "timeout", flags),
        start_period=_duration(statement, "start-period", flags),
        start_interval=_duration(statement, "start-interval", flags),
        retries=_retries(statement, flags.text("retries")),
    )


def _duration(statement: Statement, name: str, flags: Flags) -> int:
    text = flags.text(name)
    if not text:
        return 0
    try:
        duration = parse_duration(text)
    except ValueError:
        raise statement.error(
            f'invalid duration "{text}" for --{name}', word=f"--{name}", hint="Write a number and a unit, such as 30s"
        ) from None
    if duration and duration < _MILLISECOND:
        raise statement.error(f'Interval "{name}" cannot be less than 1ms', word=f"--{name}")
    return duration


def _retries(statement: Statement, text: str) -> int:
    sign = text[:1] if text[:1] in ("+", "-") else ""
    try:
        retries = parse_number(text.removeprefix(sign), most=2**31 - 1) if text else 0
    except ValueError:
        raise statement.error(f'invalid number "{text}" for --retries', word="--retries") from None
    if retries and sign == "-":
        raise statement.error(f"--retries cannot be negative ({text})", word="--retries")
    return retries
