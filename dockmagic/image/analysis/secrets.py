"""Files that look like secrets: keys, tokens and passwords, told by their names and by what is written in them.

What looks like one need not be one, and what does not may be: this is a column to look through, not a verdict.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from dockmagic.image.workers import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.image.layer import Layer, Layers
    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import Node

__all__ = ["find_secrets", "secret_by_name", "secret_in"]

#: Bytes of a file at most; keys and tokens are short.
_LIMIT: Final = 1 << 20
#: A file with a zero byte in its first so many bytes is no text; libraries have the marks of keys in them.
_HEAD: Final = 8192

#: Ends of paths that programs keep passwords or keys in.
_NAMES: Final = {
    b".aws/credentials": "AWS credentials",
    b".docker/config.json": "docker credentials",
    b".git-credentials": "git credentials",
    b".kube/config": "Kubernetes credentials",
    b".netrc": "passwords of hosts",
    b".pgpass": "PostgreSQL passwords",
    b"id_dsa": "SSH key",
    b"id_ecdsa": "SSH key",
    b"id_ed25519": "SSH key",
    b"id_rsa": "SSH key",
}
_SUFFIXES: Final = {
    b".kdbx": "password database",
    b".keystore": "key store",
    b".p12": "key store",
    b".pfx": "key store",
}

#: Kind → text that every such secret has, which is quick to look for, and its whole form as its issuer describes it,
#: where no letter or digit stands on either side.
_FORMS: Final = {
    "private key": (b"PRIVATE KEY", rb"PRIVATE KEY(?: BLOCK)?-----\r?\n[A-Za-z0-9+/=\r\n:, -]{40,}"),
    "AWS access key": (b"AKIA", rb"AKIA[A-Z2-7]{16}"),
    "GitHub token": (b"gh", rb"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})"),
    "GitLab token": (b"glpat-", rb"glpat-[A-Za-z0-9_-]{20}"),
    "Slack token": (b"xox", rb"xox[abprs]-[0-9]{10,}-[A-Za-z0-9-]{20,}"),
    "npm token": (b"npm_", rb"npm_[A-Za-z0-9]{36}"),
    "PyPI token": (b"pypi-AgE", rb"pypi-AgE[A-Za-z0-9_-]{60,}"),
    "Google API key": (b"AIza", rb"AIza[A-Za-z0-9_-]{35}"),
    "registry token": (b"_authToken", rb"_authToken\s*=\s*[A-Za-z0-9-]{16,}"),
}
_PATTERNS: Final = {
    kind: (mark, re.compile(rb"(?<![A-Za-z0-9])" + form + rb"(?![A-Za-z0-9])")) for kind, (mark, form) in _FORMS.items()
}


def find_secrets(nodes: Iterable[Node], layers: Layers) -> dict[bytes, str]:
    """The files of a tree that look like secrets; each layer is inflated once.

    Args:
        nodes: of the tree.
        layers: of the image, all of them.

    Returns:
        Name of the file, as in `Entry.name` → what it looks like, such as ``SSH key`` or ``GitHub token``.

    Raises:
        InvalidContent: a layer is not what it should be.
    """
    found: dict[bytes, str] = {}
    wanted: dict[int, dict[int, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for node in nodes:
        entry = node.entry
        if not entry.is_file or not entry.size:
            continue
        if kind := secret_by_name(entry.name):
            found[entry.name] = kind
        elif entry.size <= _LIMIT and entry.offset >= 0:
            wanted[node.source][entry.offset].append(entry)

    def read(index: int, stop: Callable[[], bool]) -> None:
        _read_layer(layers[index], wanted[index], found, stop)

    side_by_side(sorted(wanted, key=lambda index: -layers[index].compressed_size), read)
    return found


def secret_by_name(name: bytes) -> str:
    """What a file of this name usually keeps; empty for one that keeps no secret."""
    base = name.rpartition(b"/")[2]
    for end, kind in _NAMES.items():
        if base == end or (b"/" in end and name.endswith(end)):
            return kind
    return next((kind for end, kind in _SUFFIXES.items() if base.endswith(end)), "")


def secret_in(content: bytes) -> str:
    """What stands in a text; empty if nothing that looks like a secret does, and for what is no text."""
    if b"\0" in content[:_HEAD]:
        return ""
    return next((kind for kind, (mark, form) in _PATTERNS.items() if mark in content and form.search(content)), "")


def _read_layer(
    layer: Layer, wanted: dict[int, list[Entry]], found: dict[bytes, str], stop: Callable[[], bool]
) -> None:
    for entry, chunks in layer.contents(names[0] for names in wanted.values()):
        if stop():
            raise InterruptedError("stopped while looking for secrets")
        if kind := secret_in(b"".join(chunks)):
            found.update((one.name, kind) for one in wanted[entry.offset])
