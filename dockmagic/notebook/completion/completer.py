"""Completion of commands, flags, images, containers, volumes, and paths inside them: what is here, never the network.

Names of verbs come from a table, flags from the verb's own parameters, images from the store's list of names, paths
from the merged view of an image or a container, remote tags from what ``tags`` has shown before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from IPython.core.completer import SimpleCompletion

from dockmagic.notebook.magics.line import split
from dockmagic.oci.errors import DockmagicError, PathNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import click
    from IPython.core.completer import CompletionContext
    from IPython.core.interactiveshell import InteractiveShell

    from dockmagic.commands.cmdline.incomplete import Unfinished
    from dockmagic.engine.options.option import Kind
    from dockmagic.image.image import Image
    from dockmagic.layer.tree import FileTree, Node
    from dockmagic.notebook.magics.docker import DockMagics

__all__ = ["Completion"]

_COMMAND: Final = re.compile(r"\s*(?:[A-Za-z_][\w.]*\s*=\s*)?%(?P<cell>%?)(?P<magic>\w+)(?P<rest>\s.*|)\Z", re.DOTALL)
_PATH: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\s*/\s*|\.files\[|\.files\.lookup\()[\"'](?P<path>[^\"']*)\Z")
_LAYER: Final = re.compile(r"(?P<image>.+?)\[[\d:-]*\]\Z")
_LIMIT: Final = 200
_PROGRAMS: Final = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")


class Completion:
    """An IPython matcher (API version 2) for one shell."""

    matcher_api_version = 2
    matcher_identifier = "dockmagic"
    matcher_priority = 50

    def __init__(self, shell: InteractiveShell, magics: DockMagics) -> None:
        self._shell = shell
        self._magics = magics
        self.__qualname__ = self.matcher_identifier  # IPython asks every matcher for it, as if it were a function
        self._seen: Image | None = None
        self._below = ""  # the magic of the cell that is typed
        self._is_command = False  # whether a command is typed, as far as it has been looked at

    def __call__(self, context: CompletionContext) -> dict[str, Any]:
        """What fits at the cursor."""
        before = context.line_with_cursor[: context.cursor_position]
        self._below = context.full_text.partition("\n")[2] if context.full_text.startswith("%%") else ""
        self._is_command = False
        try:
            found, fragment = self._find(before, context)
        except (DockmagicError, OSError):
            found, fragment = [], ""  # a store that cannot be read completes nothing; the command will say why
        word = re.split(r"\s", before)[-1]
        if self._is_command and not found and "{" not in word:
            # Names of Python mean nothing here, and IPython leaves them out only where there is something else.
            found, fragment = [(word, "text")], word
        completions = [SimpleCompletion(text=text, type=kind) for text, kind in found]
        result: dict[str, Any] = {"completions": completions, "suppress": bool(completions), "ordered": True}
        if completions:
            result["matched_fragment"] = fragment
        return result

    def _find(self, before: str, context: CompletionContext) -> tuple[list[tuple[str, str]], str]:
        inside = _PATH.search(before)
        if inside is not None:
            return self._in_python(inside["name"], inside["path"])
        command = _COMMAND.match(before)
        if (command is not None and context.cursor_line == 0) or (command is not None and not command["cell"]):
            return self._in_command(command["magic"], command["rest"])
        first = context.full_text.split("\n", 1)[0].split()
        if context.cursor_line and first[:1] == ["%%docker"] and all(word.startswith("--") for word in first[1:]):
            from dockmagic.notebook.magics.line import commands

            line = next(commands(before), "")
            return self._in_command("docker", f" {line}")
        return [], ""

    def _in_command(self, magic: str, rest: str) -> tuple[list[tuple[str, str]], str]:
        from dockmagic.commands.cmdline.index import MAGICS

        if not rest or (magic not in ("docker", "browse") and magic not in MAGICS):
            return [], ""
        self._is_command = True
        words = [word.text for word in split(rest, strict=False)]
        fragment = "" if rest[-1].isspace() or not words else words.pop()
        # %browse takes what `files` takes; it is no verb, as a terminal has no such view.
        argv = words if magic == "docker" else ["files" if magic == "browse" else magic, *words]
        return list(self._words(argv, fragment))[:_LIMIT], fragment

    def _words(self, argv: list[str], fragment: str) -> Iterator[tuple[str, str]]:
        from dockmagic.commands.cmdline.table import ALIASES, NOUNS, VERBS

        names = [*VERBS, *ALIASES]
        if not argv:
            firsts = dict.fromkeys([*(name for name in VERBS if " " not in name), *NOUNS])
            yield from ((name, "command") for name in firsts if name.startswith(fragment))
            return
        if len(argv) == 1 and argv[0] in NOUNS:
            seconds = (name.partition(" ")[2] for name in names if name.startswith(f"{argv[0]} "))
            yield from ((name, "command") for name in dict.fromkeys(seconds) if name.startswith(fragment))
            return
        yield from self._arguments(argv, fragment)

    def _arguments(self, argv: list[str], fragment: str) -> Iterator[tuple[str, str]]:
        from dockmagic.commands.cmdline.incomplete import read_unfinished
        from dockmagic.commands.cmdline.parameters import kinds_of
        from dockmagic.notebook.magics.cell_flags import FLAGS
        from dockmagic.notebook.text import PROG

        line = read_unfinished(argv, fragment, prog=PROG, flags=FLAGS)
        kinds = kinds_of(line.parameter)
        is_argument = line.parameter is None or line.parameter.param_type_name == "argument"
        if is_argument and fragment.startswith("-") and "program" not in kinds:
            yield from sorted(_flags(line.verb.params, fragment))
            return
        beginning = fragment.removeprefix(line.prefix)
        choices = getattr(getattr(line.parameter, "type", None), "choices", ())
        found = [(str(choice), "value") for choice in choices if str(choice).startswith(beginning)]
        for kind in kinds:
            found += self._named(kind, line, beginning)
        yield from ((line.prefix + text, what) for text, what in found)

    def _named(self, kind: Kind, line: Unfinished, beginning: str) -> Iterable[tuple[str, str]]:
        """What a parameter of this kind may name."""
        sources: dict[Kind, Callable[[], Iterable[tuple[str, str]]]] = {
            "container": lambda: self._containers(beginning),
            "container path": lambda: self._container_paths(beginning),
            "image": lambda: self._images(beginning),
            "image path": lambda: self._paths_of(line.values.get("image", ""), beginning),
            "program": lambda: self._words_of_program(line, beginning),
            "remote tag": lambda: self._remote_tags(beginning),
            "stage": lambda: self._stages(line, beginning),
            "volume": lambda: self._volumes(beginning),
        }
        return sources[kind]() if kind in sources else ()

    def _stages(self, line: Unfinished, fragment: str) -> Iterator[tuple[str, str]]:
        from .stages import stage_names

        names = stage_names(line.values, self._below)
        yield from ((name, "stage") for name in names if name.startswith(fragment))

    def _remote_tags(self, fragment: str) -> Iterator[tuple[str, str]]:
        names = (f"{repository}:{tag}" for repository, tags in self._magics.seen_tags.items() for tag in tags)
        yield from ((name, "remote tag") for name in names if name.startswith(fragment))

    def _images(self, fragment: str) -> Iterator[tuple[str, str]]:
        names = {named.ref.familiar for named in self._magics.engine.store.names() if named.ref is not None}
        yield from ((name, "image") for name in sorted(names) if name.startswith(fragment))
        name, bracket, _ = fragment.partition("[")
        if bracket and name:
            count = len(self._magics.engine.images.get(name).layers)
            layers = (f"{name}[{number}]" for number in range(count))
            yield from ((layer, "layer") for layer in layers if layer.startswith(fragment))

    def _containers(self, fragment: str, *, end: str = "") -> Iterator[tuple[str, str]]:
        names = sorted(container.name for container in self._magics.engine.containers.list())
        yield from ((name + end, "container") for name in names if name.startswith(fragment))

    def _container_paths(self, fragment: str) -> Iterator[tuple[str, str]]:
        name, colon, path = fragment.partition(":")
        if not colon:
            yield from self._containers(fragment, end=":")
            return
        found = self._magics.engine.containers.get(name)
        yield from ((f"{name}:{path}", kind) for path, kind in _children(found.files, path, whole=True))

    def _volumes(self, fragment: str) -> Iterator[tuple[str, str]]:
        names = (row.name for row in self._magics.engine.volumes.rows())
        yield from ((name, "volume") for name in names if name.startswith(fragment))

    def _words_of_program(self, line: Unfinished, fragment: str) -> Iterator[tuple[str, str]]:
        """Programs and paths of the image or container that the words before name."""
        engine = self._magics.engine
        image, container = (str(line.values.get(name, "")) for name in ("image", "name"))
        if fragment.startswith("/"):
            if image:
                yield from self._paths_of(image, fragment)
            else:
                yield from _children(engine.containers.get(container).files, fragment, whole=True)
        elif not line.values.get("words"):
            of = engine.images.get(image) if image else engine.containers.get(container)
            yield from _programs(of.files, fragment)

    def _paths_of(self, image: str, fragment: str) -> list[tuple[str, str]]:
        layer = _LAYER.match(image)
        found = self._magics.engine.images.get(layer["image"] if layer else image)
        if self._seen is None or self._seen.digest != found.digest:
            self._seen = found  # and with it the merged view, which the next key stroke needs again
        return list(_children(self._seen.files, fragment, whole=True))

    def _in_python(self, name: str, path: str) -> tuple[list[tuple[str, str]], str]:
        value = self._shell.user_ns.get(name)
        tree = getattr(value, "files", None)
        if tree is None or not hasattr(tree, "children"):
            return [], ""
        return list(_children(tree, path, whole=False)), path.rpartition("/")[2]


def _flags(parameters: Iterable[click.Parameter], fragment: str) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        if getattr(parameter, "hidden", False):
            continue
        for name in parameter.opts:
            if (name.startswith("--") and name.startswith(fragment)) or name == fragment != "-":
                yield name, "flag"  # a page prints the type beside the names, so that a sentence covers them


def _children(tree: Any, fragment: str, *, whole: bool) -> Iterator[tuple[str, str]]:
    """Members of the folder that `fragment` is in; each as the whole path, or by its name alone."""
    folder, slash, beginning = fragment.rpartition("/")
    for node in tree.children(folder)[: _LIMIT * 50]:
        name = node.entry.path.rpartition("/")[2]
        if name.startswith(beginning):
            mark = "/" if node.entry.is_dir else ""
            yield f"{folder + slash if whole else ''}{name}{mark}", "folder" if node.entry.is_dir else "file"


def _programs(tree: FileTree, fragment: str) -> Iterator[tuple[str, str]]:
    """Names of what can be run without a path."""
    names = {
        node.entry.path.rpartition("/")[2]
        for folder in _PROGRAMS
        for node in _listed(tree, folder)
        if node.entry.is_symlink or (not node.entry.is_dir and node.entry.mode & 0o111)
    }
    yield from ((name, "program") for name in sorted(names) if name.startswith(fragment))


def _listed(tree: FileTree, folder: str) -> Iterable[Node]:
    try:
        return tree.children(folder)
    except PathNotFound:
        return ()
