"""What domain objects look like at the end of a cell: an image, a layer, a file tree, a path; as text and as HTML.

`extension` registers these with IPython by the classes' names, so that nothing is imported before something is shown.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from dockmagic.commands.output.format import human_size, short_id
from dockmagic.layer.path_index import PathIndex
from dockmagic.notebook import html
from dockmagic.notebook.folding import folding_html
from dockmagic.notebook.names import image_name
from dockmagic.notebook.text import count, printable
from dockmagic.rows.words import instruction
from dockmagic.store.content import ContentStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.image.path import ImagePath
    from dockmagic.layer.tree import FileTree, Node

    Bundle = dict[str, str]

__all__ = ["file_tree", "image", "image_path", "images", "layer", "layers"]

_CODE_WIDTH = 72
_PER_FOLDER = 40
_ROWS = 110
_PREVIEW_LIMIT = 4096
_PREVIEW_LINES = 12


def image(shown: Image, statuses: Mapping[str, str] | None = None, lines: Sequence[str] = ()) -> Bundle:
    """An image with its layers, the top one first, as they are stacked.

    Args:
        shown: the image.
        statuses: what a transfer did to each layer, by the digest of its blob.
        lines: what docker says at the end of a transfer.
    """
    here = isinstance(shown.source, ContentStore)
    sizes = [layer.size if here else layer.compressed_size for layer in shown.layers]
    size = human_size(sum(sizes)) + ("" if here else " compressed")
    head = f"{image_name(shown)}  {shown.platform}  {size}  {count(len(sizes), 'layer')}"
    return {
        "text/plain": printable(_image_text(shown, sizes, head, lines)),
        "text/html": _image_html(shown, sizes, size, statuses or {}, lines),
    }


def _image_text(shown: Image, sizes: Sequence[int], head: str, lines: Sequence[str]) -> str:
    rows = [_layer_line(layer, size) for layer, size in zip(shown.layers, sizes, strict=True)]
    return "\n".join([head, f"  ID {shown.id}", *(f"  {line}" for line in lines), *reversed(rows)])


def _layer_line(layer: Layer, size: int) -> str:
    made_by = instruction(layer.created_by, _CODE_WIDTH)
    return f"{layer.index:>4}  {human_size(size):>8}  {short_id(layer.diff_id)}  {made_by}"


def _image_html(
    shown: Image, sizes: Sequence[int], size: str, statuses: Mapping[str, str], lines: Sequence[str]
) -> html.Markup:
    names = html.Markup(", ").join([html.bold(ref.familiar) for ref in shown.names] or [html.bold("no name")])
    rest = html.muted(f"{shown.platform} · {size} · {count(len(sizes), 'layer')}")
    largest = max(sizes, default=0) or 1
    rows = [
        [
            str(layer.index),
            human_size(layer_size),
            html.bar(layer_size / largest, width=90),
            html.code(instruction(layer.created_by, _CODE_WIDTH), title=layer.created_by),
            html.code(short_id(layer.diff_id), title=layer.diff_id),
            *([html.muted(statuses.get(layer.descriptor.digest, ""))] if statuses else []),
        ]
        for layer, layer_size in zip(shown.layers, sizes, strict=True)
    ]
    header = ["", "Size", "", "Made by", "DiffID", *(["Transfer"] if statuses else [])]
    about = [("ID", html.code(shown.id)), ("Digest", html.code(shown.repo_digest))]
    if shown.config_file.created:
        about.append(("Created", html.text(shown.config_file.created)))
    return html.join(
        html.div(names, html.SPACE, rest),
        html.table(reversed(rows), header=header, numbers=(0, 1)),
        *(html.div(html.muted(line)) for line in lines),
        html.details(html.muted("ID and digest"), html.facts(about)),
    )


def images(shown: Sequence[Image]) -> Bundle:
    """Several images, one a line."""
    text = "\n".join(f"{image_name(item)}  {short_id(item.id)}" for item in shown)
    rows = [
        [
            html.bold(image_name(item)),
            html.code(short_id(item.id)),
            str(len(item.layers)),
            str(item.platform),
        ]
        for item in shown
    ]
    table = html.table(rows, header=("Image", "ID", "Layers", "Platform"), numbers=(2,))
    return {"text/plain": printable(text), "text/html": html.join(table)}


def layer(shown: Layer) -> Bundle:
    """One layer: what made it, and what it changes."""
    letters = _letters(change.letter for change in shown.changes)
    size = human_size(shown.size)
    text = [
        f"layer {shown.index}  {size}  {letters}",
        f"  {instruction(shown.created_by)}",
        f"  DiffID {shown.diff_id}",
    ]
    about = [
        ("Made by", html.code(instruction(shown.created_by))),
        ("Changes", html.text(letters)),
        ("DiffID", html.code(shown.diff_id)),
        ("ChainID", html.code(shown.chain_id)),
        ("Blob", html.run(html.code(shown.descriptor.digest), " ", html.muted(human_size(shown.compressed_size)))),
    ]
    return {
        "text/plain": "\n".join(text),
        "text/html": html.join(html.div(html.bold(f"layer {shown.index}"), " ", html.muted(size)), html.facts(about)),
    }


def _letters(letters: Iterable[str]) -> str:
    found = list(letters)
    return f"{found.count('A'):,} added, {found.count('C'):,} changed, {found.count('D'):,} deleted"


def layers(shown: Layers) -> Bundle:
    """A range of layers, the top one first."""
    rows = [_layer_line(item, item.size) for item in shown]
    cells = [
        [
            str(item.index),
            human_size(item.size),
            html.code(instruction(item.created_by, _CODE_WIDTH), title=item.created_by),
            html.code(short_id(item.diff_id), title=item.diff_id),
        ]
        for item in shown
    ]
    table = html.table(reversed(cells), header=("", "Size", "Made by", "DiffID"), numbers=(0, 1))
    return {"text/plain": "\n".join(reversed(rows)) or "no layers", "text/html": html.join(table)}


def file_tree(shown: FileTree) -> Bundle:
    """A file tree: the sums of its folders, the biggest first."""
    total = count(len(shown), "path")
    top = "\n".join(_line(node) for node in shown.children())
    index = PathIndex.of_tree(shown)

    def note(number: int) -> html.Markup:
        node: Node = index.items[number]
        link = f"→ {node.entry.target}" if node.entry.link else human_size(node.entry.size)
        return html.text(f"{link} [{node.layer}]")

    tree = folding_html(index, budget=_ROWS, note=note)
    total += f", {human_size(index.size[0])}"
    return {"text/plain": f"{total}\n{top}".rstrip(), "text/html": html.join(html.div(html.muted(total)), tree)}


def _line(node: Node) -> str:
    entry = node.entry
    size = "" if entry.is_dir else human_size(entry.size)
    link = f" -> {entry.target}" if entry.link else ""
    return f"{stat.filemode(entry.st_mode)}  {size:>8}  [{node.layer}]  {printable(entry.path + link)}"


def image_path(shown: ImagePath) -> Bundle:
    """A path of an image: its entry, the layer it comes from, the beginning of a small text."""
    if not shown.exists():
        line = f"{shown.path}: no such path in the image"
        return {"text/plain": line, "text/html": html.join(html.muted(line))}
    entry = shown.entry
    size = "" if entry.is_dir else f"  {human_size(entry.size)}"
    head = f"{stat.filemode(entry.st_mode)}  {entry.uid}:{entry.gid}{size}  {printable(shown.path)}"
    hides = [item.index for item in shown.hides]
    source = f"from layer {shown.layer.index}" + (
        f", hides that of layer {', '.join(map(str, hides))}" if hides else ""
    )
    preview = _preview(shown)
    body = html.pre(preview) if preview else ""
    return {
        "text/plain": f"{head}\n{source}",
        "text/html": html.join(html.div(html.code(head)), html.div(html.muted(source)), body),
    }


def _preview(shown: ImagePath) -> str:
    if shown.is_dir():
        names = [item.name for item in shown.iterdir()]
        more = f"  … and {len(names) - _PER_FOLDER} more" if len(names) > _PER_FOLDER else ""
        return "  ".join(names[:_PER_FOLDER]) + more
    if not shown.is_file() or not 0 < shown.entry.size <= _PREVIEW_LIMIT:
        return ""
    try:
        lines = shown.read_text().splitlines()
    except UnicodeDecodeError:
        return ""
    return "\n".join(lines[:_PREVIEW_LINES] + (["…"] if len(lines) > _PREVIEW_LINES else []))
