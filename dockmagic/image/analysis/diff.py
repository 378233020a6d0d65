"""The difference between anything and anything: images, layers, ranges of layers."""

from __future__ import annotations

import difflib
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dockmagic.image.image import Image
from dockmagic.image.layer import Layer
from dockmagic.layer.compare import compare
from dockmagic.oci.errors import PathNotFound
from dockmagic.oci.spec import config_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dockmagic.image.layer import Layers
    from dockmagic.image.packages import PackageChange
    from dockmagic.layer.compare import Change
    from dockmagic.layer.tree import FileTree, Node
    from dockmagic.oci.spec import History

__all__ = ["ConfigDifference", "Diff", "diff"]

# More than this is not shown as text, in bytes: nobody reads it, and comparing lines takes quadratic time.
_TEXT_LIMIT = 4 << 20


class ConfigDifference(NamedTuple):
    """One member of two configurations, or one step of two histories, that differs.

    Attributes:
        letter: ``A`` added, ``C`` changed, ``D`` deleted.
        name: of the member, such as ``Env PATH`` or ``Cmd``; for a step its place, such as ``step 3``.
        old: as text; empty where it was added.
        new: as text; empty where it was deleted.
    """

    letter: str
    name: str
    old: str
    new: str


class Diff:
    """What differs between two subjects, old and new; each part is computed when it is first asked for.

    Args:
        old: the older subject; None where the layers below the new one stand in.
        new: the newer subject.
    """

    def __init__(self, old: Image | Layer | Layers | None, new: Image | Layer | Layers) -> None:
        self.old = old
        self.new = new

    def __repr__(self) -> str:
        return f"<Diff {self.old!r} {self.new!r}>"

    @cached_property
    def files(self) -> tuple[Change, ...]:
        """Changed paths, sorted by name: letter (A, C, D), path, old and new node."""
        if self.old is None:
            return _layers(self.new).changes
        return tuple(compare(self.old.files, self.new.files))

    @cached_property
    def config(self) -> tuple[ConfigDifference, ...]:
        """Changed members of the configuration, by name; empty unless both are images."""
        if not (isinstance(self.old, Image) and isinstance(self.new, Image)):
            return ()
        old, new = dict(_members(self.old)), dict(_members(self.new))
        return tuple(_differences(old, new))

    @cached_property
    def history(self) -> tuple[ConfigDifference, ...]:
        """Steps that only one of them has, from where their ways part; empty unless both are images."""
        if not (isinstance(self.old, Image) and isinstance(self.new, Image)):
            return ()
        steps = list(zip_longest(self.old.history, self.new.history))
        common = next((place for place, (old, new) in enumerate(steps) if old != new), len(steps))
        gone = [ConfigDifference("D", f"step {place}", _step(old), "") for place, (old, _) in enumerate(steps) if old]
        come = [ConfigDifference("A", f"step {place}", "", _step(new)) for place, (_, new) in enumerate(steps) if new]
        return (*gone[common:], *come[common:])

    @cached_property
    def packages(self) -> tuple[PackageChange, ...]:
        """Packages that differ, by type and name: of the merged views, and of layers alone upon those below them.

        Raises:
            InvalidContent: a layer is not what it should be.
        """
        from dockmagic.image.packages import catalog, package_changes

        old, new = (catalog(tree, layers) for layers, tree in (self._side("old"), self._side("new")))
        return package_changes(old, new)

    @property
    def added(self) -> int:
        """Bytes of added files, and of the new version of changed ones."""
        return sum(_size(change.new) for change in self.files)

    @property
    def deleted(self) -> int:
        """Bytes of deleted files, and of the old version of changed ones."""
        return sum(_size(change.old) for change in self.files)

    def text(self, path: str, *, context: int = 3) -> str:
        """The unified difference of one file; a single line where it is not text. Empty where the content is the same.

        Args:
            path: in both subjects, or one of them.
            context: lines that did not change around those that did.

        Raises:
            PathNotFound: neither side has this file.
            InvalidContent: a layer is not what it should be.
        """
        old, new = self._content("old", path), self._content("new", path)
        if old is None and new is None:
            raise PathNotFound(
                f"neither side has the file {path}", hint="List the changed files with `diff IMAGE IMAGE`"
            )
        name = "/" + path.strip("/")
        if old == new:
            return ""
        try:
            before, after = _lines(old), _lines(new)
        except ValueError:
            return f"Binary files a{name} and b{name} differ\n"
        from_file = "/dev/null" if old is None else f"a{name}"
        to_file = "/dev/null" if new is None else f"b{name}"
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(before, after, from_file, to_file, n=context)
        )

    def _content(self, side: str, path: str) -> bytes | None:
        """The file's content, up to a byte more than is shown; a link's target; None if there is no such file."""
        layers, tree = self._side(side)
        try:
            node = tree.lookup(path, follow=False)
        except PathNotFound:
            return None
        if node.entry.is_symlink:
            return f"-> {node.entry.target}\n".encode("utf-8", "surrogateescape")
        if not node.entry.is_file:
            return None
        content = bytearray()
        for piece in layers[node.source].content(node.entry):
            content += piece
            if len(content) > _TEXT_LIMIT:
                break
        return bytes(content)

    def _side(self, side: str) -> tuple[Layers, FileTree]:
        """All layers of the image that a side belongs to, and the view that is compared."""
        if side == "new":
            layers = _layers(self.new)
            # Alone, layers are seen upon those below them.
            return layers.all, (self.new.files if self.old is not None else layers.all[: layers.stop].files)
        if self.old is not None:
            return _layers(self.old).all, self.old.files
        layers = _layers(self.new)
        return layers.all, layers.below.files


def diff(old: Image | Layer | Layers, new: Image | Layer | Layers | None = None) -> Diff:
    """Compare two subjects: images by their merged views, layers and ranges by the merged view of just these.

    With one subject, what it does to the layers below: a range or layer its changes, an image those of its top layer.
    """
    if new is not None:
        return Diff(old, new)
    if isinstance(old, Image):
        return Diff(None, old.layers[max(len(old.layers) - 1, 0) :])
    return Diff(None, old)


def _layers(subject: Image | Layer | Layers) -> Layers:
    if isinstance(subject, Image):
        return subject.layers
    return subject.alone if isinstance(subject, Layer) else subject


def _size(node: Node | None) -> int:
    return node.entry.size if node is not None and node.entry.is_file else 0


def _lines(content: bytes | None) -> list[str]:
    if content is not None and (len(content) > _TEXT_LIMIT or b"\0" in content):
        raise ValueError("not text")
    return (content or b"").decode().splitlines(keepends=True)


def _step(step: History) -> str:
    return step.created_by or step.comment or "(no instruction)"


def _members(image: Image) -> Iterator[tuple[str, str]]:
    """The members of a configuration one by one, as people call them; its layers and history not."""
    document = config_members(image.raw_config)
    for name, value in document.items():
        if name == "config" and isinstance(value, dict):
            for inner, content in value.items():
                yield from _member(inner, content)
        elif name not in ("rootfs", "history", "container", "container_config", "docker_version", "id", "parent"):
            yield from _member(name, value)


def _member(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if name == "Env" and isinstance(value, list):
        for variable in value:
            key, _, content = str(variable).partition("=")
            yield f"Env {key}", content
    elif name in ("Labels", "ExposedPorts", "Volumes") and isinstance(value, dict):
        for key, content in value.items():
            yield f"{name.removesuffix('s')} {key}", content if isinstance(content, str) else ""
    elif value not in (None, "", [], {}, False):
        yield name, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[ConfigDifference]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield ConfigDifference("A", name, "", new[name])
        elif name not in new:
            yield ConfigDifference("D", name, old[name], "")
        elif old[name] != new[name]:
            yield ConfigDifference("C", name, old[name], new[name])
