"""Which servers stand behind a registry's name: registries.conf, certs.d and the rules for loopback."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import RegistryBlocked
from dockmagic.oci.reference import DEFAULT_DOMAIN
from dockmagic.registry.transport.address import is_loopback, split_host
from dockmagic.registry.transport.endpoint import Endpoint, Location

from .certificates import Certificates
from .registries_conf import load_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.oci.reference import Reference

    from .registries_conf import RegistryRule, Site

__all__ = ["RegistryConfiguration"]

_HUB = "registry-1.docker.io"
_OFFLINE = "Samples are on, and offline is offline: %docker samples off goes back to the real registries"


class RegistryConfiguration:
    """The locations of repositories, as registries.conf (version 2, with drop-ins) and certs.d say.

    Args:
        rules: of registries.conf.
        certificates: of certs.d.
        stand_ins: domain → host of its replacement; if not None, all else but loopback is blocked.
    """

    def __init__(
        self,
        rules: Sequence[RegistryRule] = (),
        certificates: Certificates | None = None,
        stand_ins: Mapping[str, str] | None = None,
    ) -> None:
        # The most specific prefix wins.
        self._rules = sorted(rules, key=lambda rule: len(rule.prefix), reverse=True)
        self._certificates = certificates or Certificates(())
        self._stand_ins = stand_ins

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, system: Path = Path("/etc")) -> RegistryConfiguration:
        """Read the user's and the system's configuration; nothing there is no error.

        Args:
            environ: the environment; None for that of this process.
            system: the folder of the system's configuration.

        Raises:
            InvalidInput: a file cannot be read.
        """
        environ = os.environ if environ is None else environ
        home = Path(environ.get("HOME") or Path.home())
        user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        explicit = environ.get("CONTAINERS_REGISTRIES_CONF") or environ.get("REGISTRIES_CONFIG_PATH")
        rules = load_rules(user / "containers", system / "containers", Path(explicit) if explicit else None)
        folders = (
            user / "containers" / "certs.d",
            home / ".docker" / "certs.d",
            system / "containers" / "certs.d",
            system / "docker" / "certs.d",
        )
        return cls(rules, Certificates(folders))

    @classmethod
    def offline(cls, stand_ins: Mapping[str, str]) -> RegistryConfiguration:
        """Only these registries, each replaced by a server on loopback, and loopback itself; all else is blocked.

        Args:
            stand_ins: domain → ``127.0.0.1:PORT``.
        """
        return cls(stand_ins=stand_ins)

    def locate(self, ref: Reference) -> tuple[Location, ...]:
        """Where to look for `ref`: mirrors first, the registry itself last.

        Raises:
            RegistryBlocked: the configuration forbids it.
        """
        rule = next((rule for rule in self._rules if rule.fits(ref.name)), None)
        if rule is None:
            return (Location(self.endpoint(ref.domain), ref.path),)
        if rule.blocked:
            raise RegistryBlocked(
                f"{ref.name} is blocked by {rule.file}",
                hint=f"Remove blocked = true for {rule.prefix} there to allow it",
            )
        rest = ref.name[rule.length(ref.name) :]
        mirrors = [
            replace(self._place(mirror, rest, ref), mirror=True, by_tag=mirror.by_tag, by_digest=mirror.by_digest)
            for mirror in rule.mirrors
        ]
        return (*mirrors, self._place(rule.site, rest, ref))

    def endpoint(self, domain: str) -> Endpoint:
        """The server of the registry `domain` itself, without mirrors.

        Raises:
            RegistryBlocked: the configuration forbids it.
        """
        rule = next((rule for rule in self._rules if rule.prefix == domain or rule.fits_host(domain)), None)
        if rule is None:
            return self._endpoint(domain, insecure=False)
        if rule.blocked:
            raise RegistryBlocked(
                f"{domain} is blocked by {rule.file}", hint=f"Remove blocked = true for {rule.prefix} there to allow it"
            )
        location = rule.site.location.partition("/")[0] if rule.site.location else domain
        return self._endpoint(location, insecure=rule.site.insecure)

    def _place(self, site: Site, rest: str, ref: Reference) -> Location:
        domain, _, path = (site.location + rest if site.location else ref.name).partition("/")
        if domain == DEFAULT_DOMAIN and "/" not in path:
            path = f"library/{path}"
        return Location(self._endpoint(domain, insecure=site.insecure), path)

    def _endpoint(self, domain: str, *, insecure: bool) -> Endpoint:
        if self._stand_ins is not None:
            if domain in self._stand_ins:
                return Endpoint(self._stand_ins[domain], self._stand_ins[domain], "http")
            if not is_loopback(split_host(domain)[0]):
                raise RegistryBlocked(f"{domain} cannot be asked while samples are on", hint=_OFFLINE)
        host = _HUB if domain == DEFAULT_DOMAIN else domain
        authorities, client = self._certificates.of(domain)
        if authorities or client:
            plain = Endpoint(domain, host, authorities=authorities, client_certificate=client)
            return replace(plain, verify=False) if insecure else plain
        if insecure:
            return Endpoint(domain, host, other_scheme="http", verify=False)
        if is_loopback(split_host(host)[0]):
            # Nothing leaves the machine. Most registries there speak plain HTTP, so that is tried first.
            return Endpoint(domain, host, "http", other_scheme="https", verify=False)
        return Endpoint(domain, host)
