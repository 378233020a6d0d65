"""A harness for copies: images made of layers, and what a COPY makes of them."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from dockmagic.builder.copy.copy_op import image_files, make_folder, prepare
from dockmagic.builder.sources.context import open_context
from dockmagic.dockerfile import Add, Copy, parse
from dockmagic.image.layer_writer import store_tar
from dockmagic.image.mutate import append_layer, empty_image
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import History

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.builder.copy.copy_op import CopyOp
    from dockmagic.builder.sources.files import Files
    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

MOMENT = 1_700_000_000


class CopyHarness:
    """A store, a context folder, and the image so far.

    Args:
        store: where images go.
        folder: the context.
    """

    def __init__(self, store: ContentStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.image = empty_image(store, Platform("amd64", "linux"))

    def write(self, name: str, content: str = "", mode: int = 0o644) -> Path:
        """Put a file into the context."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)
        return path

    def base(self, *members: tuple[tarfile.TarInfo, bytes]) -> Image:
        """Begin with an image of one layer."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for info, data in members:
                tar.addfile(info, io.BytesIO(data))
        path = self.folder.parent / "layer.tar"
        path.write_bytes(out.getvalue())
        with self.store.lease() as keep, path.open("rb") as tar_file:
            layer = store_tar(self.store, tar_file, keep)
            empty = empty_image(self.store, Platform("amd64", "linux"))
            self.image = append_layer(self.store, empty, layer.descriptor, layer.diff_id, History(created_by="base"))
        return self.image

    def prepared(self, line: str, files: Files | None = None, *, workdir: str = "/") -> CopyOp:
        """A COPY or ADD, prepared."""
        (instruction,) = parse(f"FROM scratch\n{line}\n").stages[0].instructions
        assert isinstance(instruction, Copy | Add)
        if files is not None:
            return prepare(instruction, files, home=self.store.home, workdir=workdir)
        with open_context(self.store.home, str(self.folder)) as context:
            context = context.ignoring("Dockerfile")  # noqa: PLW2901 - the same, seen through its ignore file
            return prepare(instruction, context.files, home=self.store.home, workdir=workdir)

    def run(
        self, line: str, files: Files | None = None, *, workdir: str = "/", epoch: int | None = None
    ) -> dict[str, str]:
        """Do a COPY or ADD on top of the image so far; the tree that comes of it, told in words."""
        copy_op = self.prepared(line, files, workdir=workdir)
        with self.store.lease() as keep:
            layer = copy_op.write(self.store, self.image, keep, moment=MOMENT, epoch=epoch)
            if layer is not None:
                self.image = append_layer(
                    self.store, self.image, layer.descriptor, layer.diff_id, History(created_by=line)
                )
        return self.told()

    def workdir(self, path: str, owner: str = "") -> bool:
        """Do a WORKDIR; whether it made a layer."""
        with self.store.lease() as keep:
            layer = make_folder(self.store, self.image, path, keep, owner=owner, moment=MOMENT)
            if layer is not None:
                self.image = append_layer(self.store, self.image, layer.descriptor, layer.diff_id, History())
        return layer is not None

    def as_source(self) -> Files:
        """The image so far, to copy from."""
        return image_files(self.image, "stage one", self.store.home)

    def told(self) -> dict[str, str]:
        """The image's tree: ``MODE UID:GID`` and the content, the link or ``/``."""
        return {node.entry.path: self._tell(node.entry.path) for node in self.image.files}

    def _tell(self, path: str) -> str:
        node = self.image.files.lookup(path, follow=False)
        entry = node.entry
        start = f"{entry.mode:o} {entry.uid}:{entry.gid} "
        if entry.is_dir:
            return start + "/"
        if entry.is_symlink:
            return f"{start}-> {entry.target}"
        return start + b"".join(self.image.layers[node.source].content(entry)).decode(errors="replace")
