"""Which ARG and ENV an instruction sees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from dockmagic.builder.options import check_text
from dockmagic.dockerfile import Instruction, expand, expand_text
from dockmagic.dockerfile.arguments import global_arguments, predefined, values
from dockmagic.oci.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockmagic.dockerfile import Arg, Dockerfile, Env
    from dockmagic.oci.platforms import Platform

__all__ = ["PROXY_ARGUMENTS", "Arguments", "Scope", "given_arguments"]

#: Arguments that RUN sees without ARG, and that no cache key or history holds.
PROXY_ARGUMENTS: Final = frozenset(
    ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy",
     "ALL_PROXY", "all_proxy")
)  # fmt: skip

#: Arguments that concern the builder and are no variables of RUN.
_SILENT: Final = frozenset(("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"))

_Any = TypeVar("_Any", bound=Instruction)


def given_arguments(given: Mapping[str, str | None]) -> dict[str, str]:
    """``--build-arg`` with the environment's values for those without one; what it does not have is left out."""
    found = {name: os.environ.get(name) if value is None else value for name, value in given.items()}
    for name, value in found.items():
        check_text(f"{name}={value or ''}", "--build-arg")
    return {name: value for name, value in found.items() if value is not None}


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """Values for ARG that are the same for all stages.

    Attributes:
        given: ``--build-arg``.
        common: what a FROM sees and an ARG without a value takes: the predefined ones and those before the first FROM.
        declared: names that some ARG of the file declares.
    """

    given: Mapping[str, str]
    common: Mapping[str, str]
    declared: frozenset[str]

    @classmethod
    def of(
        cls,
        dockerfile: Dockerfile,
        given: Mapping[str, str | None],
        *,
        platform: Platform,
        build_platform: Platform,
        target: str = "",
    ) -> Arguments:
        """Evaluate the ARGs before the first FROM.

        Args:
            dockerfile: parsed.
            given: ``--build-arg``; one without a value (None) takes the environment's, if it has one.
            platform: to build for.
            build_platform: of this machine.
            target: name of the stage that is asked for.

        Raises:
            DockerfileError: a bad substitution.
        """
        known = given_arguments(given)
        defaults = predefined(platform, build_platform=build_platform, target=target)
        arguments = global_arguments(dockerfile, known, defaults)
        declared = {argument.name for one in dockerfile.instructions for argument in getattr(one, "arguments", ())}
        return cls(given=known, common=values(arguments, known, defaults), declared=frozenset(declared))

    @property
    def unused(self) -> tuple[str, ...]:
        """Names in `given` that no ARG of the file declares: BuildKit warns of them."""
        fine = self.declared | PROXY_ARGUMENTS | self.common.keys() | _SILENT | {"SOURCE_DATE_EPOCH"}
        return tuple(sorted(name for name in self.given if name not in fine and not name.startswith("BUILDKIT_")))


class Scope:
    """The variables of a stage at one place in it; `declare` and `set` give the scope after an instruction.

    As in BuildKit, ARG and ENV of one name hide each other: the later one counts.

    Args:
        arguments: of the build.
        env: the configuration's, ``NAME=value`` each.
        escape: the file's escape character.
        args: `args` of the stage that this one begins with (FROM of a stage hands them on), else nothing.
        declared: its `declared`, likewise.
    """

    def __init__(
        self,
        arguments: Arguments,
        env: Iterable[str] = (),
        *,
        escape: str = "\\",
        args: Mapping[str, str] | None = None,
        declared: Iterable[str] = (),
    ) -> None:
        self._arguments = arguments
        self._declared = tuple(dict.fromkeys(declared))
        self._escape = escape
        self._env = dict(word.partition("=")[::2] for word in env)
        self._args = dict(args or {})
        # ENV takes an ARG of its name away, so what is left of them hides ENV.
        self._variables = self._env | self._args

    @property
    def env(self) -> tuple[str, ...]:
        """The environment as a configuration has it."""
        return tuple(f"{name}={value}" for name, value in self._env.items())

    @property
    def args(self) -> dict[str, str]:
        """The ARGs that have been declared and have a value, those that a later ENV hides left out, in their order."""
        return dict(self._args)

    @property
    def declared(self) -> tuple[str, ...]:
        """Names of all ARGs so far, those without a value too, in their order."""
        return self._declared

    @property
    def told(self) -> tuple[str, ...]:
        """All ARGs so far as the history of a RUN tells them: ``NAME=value`` with what the program sees, or nothing."""
        return tuple(f"{name}={self._variables.get(name, '')}" for name in self._declared)

    @property
    def variables(self) -> dict[str, str]:
        """What an expansion sees: ENV and ARG, the later one of a name."""
        return dict(self._variables)

    @property
    def run_env(self) -> tuple[str, ...]:
        """The environment of RUN: `variables`, and the proxies that were given, in capitals and in small letters."""
        proxies = {
            name: value
            for given, value in sorted(self._arguments.given.items())
            if value and given in PROXY_ARGUMENTS
            for name in (given.upper(), given.lower())
        }
        shown = {name: value for name, value in self._variables.items() if name not in _SILENT}
        return tuple(f"{name}={value}" for name, value in {**proxies, **shown}.items())

    def is_given(self, name: str) -> bool:
        """Whether the build was given a value for the argument `name`, so that its default does not matter."""
        return name in self._arguments.given

    def declare(self, arg: Arg) -> Scope:
        """After an ARG.

        Raises:
            DockerfileError: a bad substitution in a default.
        """
        args = dict(self._args)
        for argument in arg.arguments:
            value = self._arguments.given.get(argument.name)
            if value is None and argument.default is not None:
                try:
                    value = expand(argument.default, self._env | args, escape=self._escape)
                except DockerfileError as error:
                    raise arg.error(error.reason, word=argument.default, hint=error.hint) from None
            elif value is None:
                value = self._arguments.common.get(argument.name)
            if value is not None:
                args.pop(argument.name, None)  # its place is that of the latest
                args[argument.name] = value
        declared = (*self._declared, *(argument.name for argument in arg.arguments))
        return Scope(self._arguments, self.env, escape=self._escape, args=args, declared=declared)

    def set(self, env: Env) -> Scope:
        """After an (expanded) ENV."""
        pairs = {pair.key: pair.value for pair in env.pairs}
        args = {name: value for name, value in self._args.items() if name not in pairs}
        together = self._env | pairs
        words = [f"{name}={value}" for name, value in together.items()]
        return Scope(self._arguments, words, escape=self._escape, args=args, declared=self._declared)

    def expanded(self, instruction: _Any) -> _Any:
        """`instruction` with its variables replaced, as `Instruction.expanded`.

        Raises:
            DockerfileError: a bad substitution.
        """
        return instruction.expanded(self.expand, lambda text: expand_text(text, self._variables))

    def expand(self, word: str) -> str:
        """One word with its variables replaced.

        Raises:
            DockerfileError: a bad substitution.
        """
        return expand(word, self._variables, escape=self._escape)
