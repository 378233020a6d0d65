"""The protocol of ``docker-credential-*`` (docker/docker-credential-helpers): an action, a line in, JSON out."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dockmagic.oci.errors import CredentialError
from dockmagic.registry.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CredentialHelper", "HelperCredential"]

_SECONDS = 60  # some ask the user to unlock a keyring
_NOT_FOUND = b"credentials not found in native keychain"


class HelperCredential(NamedTuple):
    """What a helper knows of a registry."""

    username: str
    secret: Secret


class _Answer(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""

    def __repr__(self) -> str:
        return "Answer(…)"


class CredentialHelper:
    """One helper program.

    Args:
        suffix: of its name, ``docker-credential-SUFFIX``.
        environ: with which it runs.
    """

    def __init__(self, suffix: str, environ: Mapping[str, str]) -> None:
        self._name = f"docker-credential-{suffix}"
        self._environ = dict(environ)

    def get(self, server: str) -> HelperCredential | None:
        """The credential for `server`, None if the helper has none.

        Raises:
            CredentialError: the helper fails.
        """
        status, output = self._run("get", Secret(server))
        if status != 0:
            if _NOT_FOUND in output.reveal().encode():
                return None
            raise self._failed("get", f"with status {status}")
        try:
            return _found(output)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._failed("get", "and answers with something else than JSON") from None

    def store(self, server: str, username: str, secret: Secret) -> None:
        """Keep a credential.

        Raises:
            CredentialError: the helper fails.
        """
        entry = {"ServerURL": server, "Username": username}
        status, _ = self._run("store", Secret(msgspec.json.encode({**entry, "Secret": secret.reveal()}).decode()))
        if status != 0:
            raise self._failed("store", f"with status {status}")

    def erase(self, server: str) -> None:
        """Forget a credential.

        Raises:
            CredentialError: the helper fails.
        """
        status, output = self._run("erase", Secret(server))
        if status != 0 and _NOT_FOUND not in output.reveal().encode():
            raise self._failed("erase", f"with status {status}")

    def _run(self, action: str, line: Secret) -> tuple[int, Secret]:
        program = shutil.which(self._name, path=self._environ.get("PATH"))
        if program is None:
            raise CredentialError(
                f"the credential helper {self._name} is not installed",
                hint="Install it, or remove its line (credsStore or credHelpers) from docker's config.json",
            )
        try:
            done = subprocess.run(  # noqa: S603  (the user's own configuration names it)
                [program, action],
                input=line.reveal().encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environ,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._failed(action, f"to answer within {_SECONDS} s") from None
        except OSError as error:
            raise self._failed(action, f"to start: {error.strerror}") from None
        return done.returncode, Secret(done.stdout.decode(errors="replace"))

    def _failed(self, action: str, how: str) -> CredentialError:
        # What it printed is not shown: it may hold the secret.
        return CredentialError(
            f"the credential helper {self._name} failed {how}",
            hint=f"Run {self._name} {action} in a terminal to see why",
        )


def _found(output: Secret) -> HelperCredential:
    answer = msgspec.json.decode(output.reveal(), type=_Answer)
    return HelperCredential(answer.username, Secret(answer.secret))
