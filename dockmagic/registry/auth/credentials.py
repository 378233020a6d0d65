"""Credentials: docker's config.json, podman's auth.json and credential helpers."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import CredentialError
from dockmagic.oci.reference import DEFAULT_DOMAIN
from dockmagic.registry.secret import Secret

from .authfile import AuthEntry, AuthFile
from .credential_helper import CredentialHelper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


__all__ = ["Credential", "CredentialStore"]

NONE = Secret("")
_HUB_KEY = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"  # noqa: S105  (by this name helpers say that the secret is an identity token)


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name with a password, or a token. Its text never shows the secret.

    Attributes:
        username: empty with a token.
        secret: the password or personal access token.
        identity_token: an OAuth2 refresh token, empty if there is none.
        registry_token: a bearer token to send as it is, empty if there is none.
    """

    username: str
    secret: Secret
    identity_token: Secret = NONE
    registry_token: Secret = NONE


class CredentialStore:
    """Where the user's credentials are, as docker and podman keep them; read anew each time.

    Args:
        files: in the order in which they are asked; a login is kept in the first.
        environ: with which helpers run.
    """

    def __init__(self, files: tuple[AuthFile, ...], environ: Mapping[str, str]) -> None:
        self._files = files
        self._environ = environ

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> CredentialStore:
        """The files that `environ` (None: this process's environment) names; nothing is read yet."""
        environ = os.environ if environ is None else environ
        home = Path(environ.get("HOME") or Path.home())
        paths = [Path(environ["REGISTRY_AUTH_FILE"])] if environ.get("REGISTRY_AUTH_FILE") else []
        paths.append(Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json")
        if environ.get("XDG_RUNTIME_DIR"):
            paths.append(Path(environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json")
        paths.append(Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "containers" / "auth.json")
        return cls(tuple(AuthFile(path) for path in paths), environ)

    def get(self, domain: str, repository: str = "") -> Credential | None:
        """The credential for a repository of the registry `domain`, or None.

        Raises:
            CredentialError: a file or helper that fails.
        """
        keys = list(_keys(domain, repository))
        for file in self._files:
            content = file.read()
            helper = content.helper_for(_names(domain))
            if helper is not None:
                found = CredentialHelper(helper, self._environ).get(_server(domain))
                if found is not None:
                    return _from_helper(*found)
            for key in keys:
                if key in content.auths:
                    credential = _from_entry(content.auths[key], key, file.path)
                    if credential is not None:
                        return credential
        return None

    def store(self, domain: str, credential: Credential) -> str:
        """Keep a credential, in the helper if one is configured, else in docker's file; returns where.

        Raises:
            CredentialError: it cannot be kept.
        """
        file = self._files[0]
        helper = file.read().helper_for(_names(domain))
        if helper is not None:
            username = _TOKEN_USER if credential.identity_token else credential.username
            CredentialHelper(helper, self._environ).store(
                _server(domain), username, credential.identity_token or credential.secret
            )
            return f"docker-credential-{helper}"
        file.put(_server(domain), _to_entry(credential))
        return str(file.path)

    def erase(self, domain: str) -> bool:
        """Forget the credential for `domain`; whether there was one.

        Raises:
            CredentialError: a file or helper that fails.
        """
        erased = False
        for file in self._files:
            helper = file.read().helper_for(_names(domain))
            if helper is not None:
                command = CredentialHelper(helper, self._environ)
                if command.get(_server(domain)) is not None:
                    command.erase(_server(domain))
                    erased = True
            erased = file.remove(_keys(domain, "")) or erased
        return erased


def _server(domain: str) -> str:
    return _HUB_KEY if domain == DEFAULT_DOMAIN else domain


def _names(domain: str) -> tuple[str, ...]:
    return (_HUB_KEY, "docker.io", "index.docker.io") if domain == DEFAULT_DOMAIN else (domain,)


def _keys(domain: str, repository: str) -> Iterator[str]:
    """The keys under which a credential may stand, the most particular first (containers-auth.json(5))."""
    parts = repository.split("/") if repository else []
    for length in range(len(parts), 0, -1):
        yield "/".join((domain, *parts[:length]))
    if domain == DEFAULT_DOMAIN:
        yield from (_HUB_KEY, "docker.io", "index.docker.io", "registry-1.docker.io", "https://registry-1.docker.io")
        yield from ("https://index.docker.io/v1", "https://index.docker.io", "https://docker.io")
    else:
        yield domain
        for scheme in ("https", "http"):
            yield from (f"{scheme}://{domain}", f"{scheme}://{domain}/", f"{scheme}://{domain}/v1/")
            yield from (f"{scheme}://{domain}/v2/", f"{scheme}://{domain}/v1", f"{scheme}://{domain}/v2")


def _from_helper(username: str, secret: Secret) -> Credential:
    return Credential("", NONE, identity_token=secret) if username == _TOKEN_USER else Credential(username, secret)


def _from_entry(entry: AuthEntry, key: str, path: Path) -> Credential | None:
    if entry.registrytoken:
        return Credential("", NONE, registry_token=Secret(entry.registrytoken))
    username, secret = entry.username or "", Secret(entry.password or "")
    if entry.auth:
        try:
            username, _, password = base64.b64decode(entry.auth, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise CredentialError(
                f"the login for {key} in {path} cannot be read", hint=f"Log in again: `login {key}`"
            ) from None
        secret = Secret(password.rstrip("\0"))
        del password
    if entry.identitytoken:
        return Credential(username, NONE, identity_token=Secret(entry.identitytoken))
    return Credential(username, secret) if secret else None


def _to_entry(credential: Credential) -> AuthEntry:
    if credential.identity_token:
        name = base64.b64encode(f"{credential.username}:".encode()).decode()
        return AuthEntry(auth=name, identitytoken=credential.identity_token.reveal())
    return AuthEntry(auth=base64.b64encode(f"{credential.username}:{credential.secret.reveal()}".encode()).decode())
