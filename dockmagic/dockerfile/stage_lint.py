"""The rules about a stage's instructions, which need its variables: what ARG and ENV have set up to there."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Final, Self

import msgspec

from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.glob import clean

from .expansion import trace
from .instructions import Add, Arg, Cmd, Copy, Entrypoint, Env, Expose, Healthcheck, Label, Onbuild, Run, Shell, Workdir
from .ports import PortSpec
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from dockmagic.oci.spec import ConfigFile

    from .ignore import Ignore
    from .instruction import Instruction, Pair
    from .parser import Stage
    from .rules import Report

__all__ = ["StageLint", "Surroundings"]

#: What a container has in PATH if nobody sets it.
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SECRET: Final = re.compile(
    r"(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)", re.IGNORECASE
)
_NO_SECRET: Final = re.compile(r"(?:_|^)(?:public|file|version)(?:_|$)", re.IGNORECASE)
#: Arguments that are for the builder, and no variables.
_FOR_BUILDER: Final = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})
_REMOTE: Final = re.compile(r"(?:https?|git|ssh)://|git@|github\.com/")
_WHOLE_CONTEXT: Final = (".", "/")
_WHOLE: Final = ("*", "**", "**/*")


class Surroundings(msgspec.Struct, kw_only=True):
    """What a stage begins with, and what it leaves to a stage that begins with it.

    Attributes:
        env: the variables, those of ARG among them.
        known: whether `env` is all that there is: the base image's configuration is known.
        declared: names of ARGs, with or without a value.
        has_shell: there was a SHELL.
        has_workdir: there was a WORKDIR in the file.
        triggers: of ONBUILD.
    """

    env: dict[str, str]
    known: bool
    declared: set[str] = msgspec.field(default_factory=set)
    has_shell: bool = False
    has_workdir: bool = False
    triggers: list[Instruction] = msgspec.field(default_factory=list)

    @classmethod
    def of_image(cls, config: ConfigFile | None, *, known: bool) -> Self:
        """What a stage finds that begins with an image, or with nothing."""
        inner = config.config if config else None
        pairs = (inner.env if inner else None) or ()
        env = {"PATH": _PATH} | dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return cls(env=env, known=known, has_shell=bool(inner and inner.shell))

    def inherited(self) -> Self:
        """A copy; the triggers are for this stage alone."""
        return msgspec.structs.replace(self, env=dict(self.env), declared=set(self.declared), triggers=[])


class StageLint:
    """Looks at one stage.

    Args:
        escape: the file's.
        given: the values of ``--build-arg``.
        global_values: of the global scope, which an ARG without a default takes.
        ignore: the context's.
        report: gets what is found.
    """

    def __init__(
        self,
        *,
        escape: str,
        given: Mapping[str, str],
        global_values: Mapping[str, str],
        ignore: Ignore | None,
        report: Report,
    ) -> None:
        self._escape = escape
        self._given = given
        self._global_values = global_values
        self._ignore = ignore
        self._report = report
        self._last: dict[type[Instruction], Instruction] = {}

    def visit(self, stage: Stage, base: Surroundings) -> Surroundings:
        """Apply the rules to a stage that begins with `base`; gives what it leaves."""
        self._now = base.inherited()
        triggers = (msgspec.structs.replace(one, lines=stage.base.lines) for one in base.triggers)
        with suppress(DockerfileError):
            for one in (*triggers, *stage.instructions):
                self._expand_all(one)
                self._look(one)
        return self._now

    def _add(self, rule: str, one: Instruction, message: str, fix: str) -> None:
        self._report.add(rule, one.lines, message, fix, one.comments)

    def _expand_all(self, one: Instruction) -> None:
        """Report the variables that nobody set."""
        unmatched: set[str] = set()

        def expand(word: str, *, quotes: bool = True) -> str:
            text, _, missing = trace(word, self._now.env, escape=self._escape if quotes else "\\", quotes=quotes)
            unmatched.update(missing)
            return text

        if isinstance(one, Run):
            one.resolve_mounts(expand)
        elif not isinstance(one, Expose):
            one.expanded(expand, lambda text: expand(text, quotes=False))
        self._report_unset(one, unmatched)

    def _report_unset(self, one: Instruction, names: AbstractSet[str]) -> None:
        for name in sorted(names - self._now.declared - _FOR_BUILDER) if self._now.known else ():
            near = nearest(name, self._now.env)
            meant = f" (did you mean ${near}?)" if near else ""
            self._add(
                "UndefinedVar",
                one,
                f"Usage of undefined variable '${name}'{meant}",
                f"Write ${near}" if near else f"Write ARG {name} above, or ${{{name}:-}} if it may be unset",
            )

    @singledispatchmethod
    def _look(self, one: Instruction) -> None:
        """Apply the rules of one kind of instruction, and note what it changes."""

    @_look.register
    def _(self, one: Arg) -> None:
        for argument in one.arguments:
            self._check_secret(one, "ARG", argument.name)
            value = self._given.get(argument.name)
            if value is None and argument.default is not None:
                value, _, missing = trace(argument.default, self._now.env, escape=self._escape)
                self._report_unset(one, missing)
            elif value is None:
                value = self._global_values.get(argument.name)
            if value is not None:
                self._now.env[argument.name] = value
            self._now.declared.add(argument.name)

    @_look.register
    def _(self, one: Env) -> None:
        self._check_pairs(one, one.pairs)
        for key, _, _ in one.pairs:
            self._check_secret(one, "ENV", key)
        self._now.env |= {key: trace(value, self._now.env, escape=self._escape).text for key, value, _ in one.pairs}

    @_look.register
    def _(self, one: Label) -> None:
        self._check_pairs(one, one.pairs)

    @_look.register
    def _(self, one: Shell) -> None:
        self._now.has_shell = bool(one.words)

    @_look.register
    def _(self, one: Onbuild) -> None:
        self._now.triggers.append(one.trigger)

    @_look.register
    def _(self, one: Workdir) -> None:
        path = trace(one.path, self._now.env, escape=self._escape).text
        if not self._now.has_workdir and not path.startswith("/"):
            self._add(
                "WorkdirRelativePath",
                one,
                f'Relative workdir "{path}" can have unexpected results if the base image changes',
                f"Write WORKDIR /{path.removeprefix('./')}, or an absolute WORKDIR above",
            )
        self._now.has_workdir = True

    @_look.register
    def _(self, one: Cmd | Entrypoint) -> None:
        self._check_once(one)
        if one.shell and not self._now.has_shell:
            words = ", ".join(f'"{word}"' for word in ("sh", "-c", one.words[0].replace('"', '\\"')))
            self._add(
                "JSONArgsRecommended",
                one,
                f"JSON arguments recommended for {one.keyword} to prevent unintended behavior related to OS signals",
                f"Write {one.keyword} with a JSON array, such as [{words}], or a SHELL above",
            )

    @_look.register
    def _(self, one: Healthcheck) -> None:
        self._check_once(one)

    @_look.register
    def _(self, one: Expose) -> None:
        for text in one.ports:
            for word in trace(text, self._now.env, escape=self._escape).text.split():
                self._check_port(one, word)

    @_look.register
    def _(self, one: Copy | Add) -> None:
        ignore = self._ignore
        # What ! brings back may be below a folder that is excluded.
        if not ignore or ignore.brings_back or (isinstance(one, Copy) and one.from_):
            return
        for source in one.sources:
            path = trace(source, self._now.env, escape=self._escape).text
            if isinstance(one, Add) and _REMOTE.match(path):
                continue
            path = clean(path)
            whole = path in _WHOLE_CONTEXT
            if (
                any(pattern in _WHOLE for pattern in ignore.patterns)
                if whole
                else ignore.excludes(path.removeprefix("/"))
            ):
                command = one.name.capitalize()
                self._add(
                    "CopyIgnoredFile",
                    one,
                    f'Attempting to {command} file "{path}" that is excluded by .dockerignore',
                    f"Take {path} out of .dockerignore, or leave it out here",
                )

    def _check_pairs(self, one: Env | Label, pairs: tuple[Pair, ...]) -> None:
        for pair in pairs:
            if pair.legacy:
                value = pair.value if re.fullmatch(r"\S+", pair.value) else f'"{pair.value}"'
                self._add(
                    "LegacyKeyValueFormat",
                    one,
                    f'"{one.keyword} key=value" should be used instead of legacy "{one.keyword} key value" format',
                    f"Write {one.keyword} {pair.key}={value}",
                )

    def _check_secret(self, one: Instruction, keyword: str, key: str) -> None:
        if _SECRET.search(key) and not _NO_SECRET.search(key):
            self._add(
                "SecretsUsedInArgOrEnv",
                one,
                f'Do not use ARG or ENV instructions for sensitive data ({keyword} "{key}")',
                f"Take it out, and give it to the RUN that needs it: RUN --mount=type=secret,id={key},env={key}",
            )

    def _check_once(self, one: Instruction) -> None:
        before = self._last.get(type(one))
        if before:
            # The one that is not used is the one before.
            self._add(
                "MultipleInstructionsDisallowed",
                before,
                f"Multiple {one.keyword} instructions should not be used in the same stage because only the last one"
                " will be used",
                f"Take this {before.keyword} out, or the one in line {one.lines[0]}",
            )
        self._last[type(one)] = one

    def _check_port(self, one: Expose, word: str) -> None:
        spec = PortSpec.parse(word)
        plain = f"{spec.container}/{spec.protocol.lower()}"
        if spec.protocol != spec.protocol.lower():
            self._add(
                "ExposeProtoCasing",
                one,
                f"Defined protocol '{word}' in EXPOSE instruction should be lowercase",
                f"Write {plain}",
            )
        if spec.ip or spec.host:
            self._add(
                "ExposeInvalidFormat",
                one,
                f"EXPOSE instruction should not define an IP address or host-port mapping, found '{word}'",
                f"Write {plain.removesuffix('/tcp')}, and map it with run -p",
            )
