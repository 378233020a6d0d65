"""Which ARG and ENV an instruction sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockmagic.oci.dockerfile import Dockerfile
    from dockmagic.oci.dockerfile.instructions import Arg, Env, Instruction
    from dockmagic.oci.platforms import Platform

__all__ = ["PROXY_ARGUMENTS", "Arguments", "Scope"]

#: Arguments that RUN sees without ARG, and that no cache key or history holds.
PROXY_ARGUMENTS: Final = (
    "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy",
    "ALL_PROXY", "all_proxy",
)  # fmt: skip


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """Values for ARG that are the same for all stages.

    Attributes:
        given: ``--build-arg``.
        meta: the ARGs before the first FROM, with their values.
        platform: to build for: ``TARGET…``; likewise `build_platform`, ``BUILD…``.
    """

    given: Mapping[str, str]
    meta: Mapping[str, str]
    platform: Platform
    build_platform: Platform

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

        Raises:
            DockerfileError: a bad substitution.
        """
        raise NotImplementedError

    @property
    def unused(self) -> tuple[str, ...]:
        """Names in `given` that no ARG of the file declares: BuildKit warns of them."""
        raise NotImplementedError


class Scope:
    """The variables of a stage at one place in it; `declare` and `set` give the scope after an instruction.

    Args:
        arguments: of the build.
        env: the configuration's, ``NAME=value`` each.
        escape: the file's escape character.
        args: ARGs that a base stage declared (FROM of a stage hands on its environment, and not its ARGs: empty).
    """

    def __init__(
        self,
        arguments: Arguments,
        env: Iterable[str] = (),
        *,
        escape: str = "\\",
        args: Mapping[str, str | None] | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def env(self) -> tuple[str, ...]:
        """The environment as a configuration has it."""
        raise NotImplementedError

    @property
    def args(self) -> dict[str, str]:
        """The declared ARGs that have a value, those that ENV hides left out; proxies only if declared."""
        raise NotImplementedError

    @property
    def variables(self) -> dict[str, str]:
        """What an expansion sees: `args`, and `env` over them."""
        raise NotImplementedError

    @property
    def run_env(self) -> tuple[str, ...]:
        """The environment of RUN: `env`, `args`, and the proxies that were given."""
        raise NotImplementedError

    def declare(self, arg: Arg) -> Scope:
        """After an ARG.

        Raises:
            DockerfileError: a bad substitution in a default.
        """
        raise NotImplementedError

    def set(self, env: Env) -> Scope:
        """After an (expanded) ENV."""
        raise NotImplementedError

    def expanded(self, instruction: Instruction) -> Instruction:
        """`instruction` with its variables replaced, as `Instruction.expanded`.

        Raises:
            DockerfileError: a bad substitution.
        """
        raise NotImplementedError

    def expand(self, word: str) -> str:
        """One word with its variables replaced.

        Raises:
            DockerfileError: a bad substitution.
        """
        raise NotImplementedError
