"""Names of machines and name servers inside a container: ``/etc/hosts``, ``/etc/hostname``, ``/etc/resolv.conf``."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from .disk.record import Record

__all__ = ["FILES", "check_address", "check_name", "parse_host", "write_files"]

#: Names of the files in ``/etc`` that a container does not take from its image.
FILES = ("hostname", "hosts", "resolv.conf")
_NAME = re.compile(r"[\w.*-]{1,253}")
_LOCAL = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""


def parse_host(text: str) -> tuple[str, str]:
    """``--add-host``: ``NAME:ADDRESS`` or ``NAME=ADDRESS``; ``host-gateway`` is this machine itself.

    Raises:
        InvalidInput: no such pair.
    """
    name, found, address = text.partition("=" if "=" in text else ":")
    if not found or not name or not address:
        raise InvalidInput(f'bad format for add-host: "{text}"', hint="Write NAME:ADDRESS")
    check_name(name, "add-host")
    if address == "host-gateway":
        return name, "127.0.0.1"
    return name, check_address(address.strip("[]"), f'invalid IP address in add-host: "{address}"')


def check_name(text: str, what: str) -> str:
    """`text`, if it can be the name of a machine: it becomes one word of a line in a file of the container.

    Raises:
        InvalidInput: it has blanks, line feeds or other characters that no name has, or is too long.
    """
    if _NAME.fullmatch(text) is None:
        raise InvalidInput(f"invalid name for {what}: {text!r}", hint="Use up to 253 letters, digits, . _ and -")
    return text


def check_address(text: str, message: str = "") -> str:
    """`text`, if it is the address of a machine (``--dns``).

    Raises:
        InvalidInput: it is none.
    """
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidInput(message or f"{text} is not an ip address", hint="Write for example 192.0.2.1") from None


def write_files(folder: Path, record: Record) -> None:
    """Write the files of a container into `folder`; at every start, for a laptop's name servers change."""
    _write(folder / "hostname", f"{record.hostname}\n")
    lines = _LOCAL
    if record.network == "host":
        with contextlib.suppress(OSError):
            lines = Path("/etc/hosts").read_text().rstrip() + "\n"
    lines += "".join(f"{address}\t{name}\n" for name, address in record.hosts)
    known = {name for line in lines.splitlines() for name in line.partition("#")[0].split()[1:]}
    names = dict.fromkeys((record.hostname, record.hostname.partition(".")[0]))
    if record.hostname not in known:
        lines += f"127.0.1.1\t{' '.join(names)}\n"
    _write(folder / "hosts", lines)
    _write(folder / "resolv.conf", _resolver(record))


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)  # for all users of the container, whatever the umask


def _resolver(record: Record) -> str:
    try:
        text = Path("/etc/resolv.conf").read_text()
    except OSError:
        text = ""
    lines = text.splitlines()
    for word, chosen in (("nameserver", record.dns), ("search", record.dns_search)):
        if chosen:
            lines = [line for line in lines if line.split()[:1] != [word]]
            rows = chosen if word == "nameserver" else [" ".join(chosen)]
            lines += [f"{word} {value}" for value in rows]
            text = "".join(f"{line}\n" for line in lines)
    return text
