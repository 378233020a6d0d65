"""Nothing that an image, a file, a program or an error says becomes markup, or an order to a terminal."""

# ruff: noqa: ANN001

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import tarfile
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dockmagic.notebook
from dockmagic.cli import main
from dockmagic.engine import Engine
from dockmagic.notebook import html
from dockmagic.oci.errors import DockmagicError, InvalidDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

HOSTILE = "<img src=x onerror=alert(1)>\"'&\x1b]0;title\x07\x1b[31m\u202e"
NAME = "evil:1"


class _Tags(HTMLParser):
    """Collects elements and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        if tag in ("img", "script", "iframe", "svg") or any(name.startswith("on") for name, _ in attrs):
            self.bad.append(tag)


def check(mime: str, text: str) -> None:
    """No element of ours, no control character."""
    if mime == "text/html":
        assert _Tags(text).bad == [], text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), (mime, text)


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.uname, info.gname = len(data), HOSTILE, HOSTILE
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, HOSTILE.replace("/", "")
        tar.addfile(link)
    return out.getvalue()


def archive(**members: Any) -> bytes:
    """An image whose every text is hostile; `members` replace those of the configuration."""
    hostile_name = HOSTILE.replace("/", "")
    layers = [_tar({f"etc/{hostile_name}": HOSTILE.encode(), "a.txt": b"1\n"}), _tar({"a.txt": HOSTILE.encode()})]
    digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "author": HOSTILE,
        "created": HOSTILE,
        "docker_version": HOSTILE,
        "config": {
            "User": HOSTILE, "Env": [f"A={HOSTILE}"], "Cmd": [HOSTILE], "Entrypoint": [HOSTILE], "WorkingDir": HOSTILE,
            "Labels": {HOSTILE: HOSTILE}, "OnBuild": [f"RUN {HOSTILE}"], "Shell": [HOSTILE], HOSTILE: HOSTILE,
            "Healthcheck": {"Test": ["CMD", HOSTILE]},
        },
        "history": [
            {"created": HOSTILE, "created_by": f"RUN {HOSTILE}", "comment": HOSTILE, "author": HOSTILE} for _ in layers
        ],
        "rootfs": {"type": "layers", "diff_ids": digests},
        HOSTILE: HOSTILE,
    } | members  # fmt: skip
    raw = json.dumps(config).encode()
    name = f"{hashlib.sha256(raw).hexdigest()}.json"
    entries = {f"{place}/layer.tar": layer for place, layer in enumerate(layers)}
    manifest = [{"Config": name, "RepoTags": [NAME], "Layers": list(entries)}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for entry, data in {name: raw, **entries, "manifest.json": json.dumps(manifest).encode()}.items():
            info = tarfile.TarInfo(entry)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
def loaded(shell: InteractiveShell, tmp_path: Path) -> Iterator[InteractiveShell]:
    """A shell with the hostile image, and it as ``img``."""
    path = tmp_path / "evil.tar"
    path.write_bytes(archive())
    shell.run_cell(f"img = %docker load -q -i {path}").raise_error()
    return shell


CELLS = (
    "img", "[one for one in [img]][0].layers", "img.layers[0]", "img.files", "img / 'etc'", "img / 'a.txt'",
    "img / 'link'", "%layers evil:1", "%layers evil:1[1]", "%docker history --no-trunc evil:1", "%history evil:1",
    "%docker files evil:1", "%docker files --blame evil:1 /a.txt", "%docker inspect evil:1",
    "%docker inspect -f '{{.Config}} {{.Author}}' evil:1", "%docker inspect -f '{{json .}}' evil:1", "%images",
    "%docker images --tree", "%diff evil:1[1]", "%diff evil:1[0] evil:1[1]", "%docker diff --path / evil:1[1]",
    "%docker image history --format '{{.CreatedBy}} {{.Comment}}' evil:1", "%docker",
    "%docker cat evil:1 /a.txt", "%docker validate evil:1", "%docker system df -v",
    "__import__('dockmagic.notebook.values.output', fromlist=['ImageList']).ImageList([img, img])",
)  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_no_member_of_an_image_is_markup_on_a_page(loaded: InteractiveShell, cell: str, capsys) -> None:
    """Cards, views, frames, data, text: HTML and its text twin, and what is printed beside."""
    result = loaded.run_cell(cell)
    result.raise_error()
    data, _ = loaded.display_formatter.format(result.result)  # type: ignore[union-attr]  # every shell has one
    for mime, text in data.items():
        if isinstance(text, str) and mime.startswith("text/"):
            check(mime, text)
    assert "\x1b]" not in capsys.readouterr().out


@pytest.mark.parametrize("member", ["architecture", "os", "variant"])
def test_a_platform_is_checked_when_a_configuration_is_read(tmp_path: Path, member: str) -> None:
    """It is compared, and shown in many places: it has letters, digits, dots and dashes, or the document is none."""
    path = tmp_path / "evil.tar"
    path.write_bytes(archive(**{member: "<b>amd64</b>"}))
    with Engine(home=tmp_path / "home") as engine, pytest.raises(InvalidDocument, match=member):
        engine.images.load(path)


def test_only_literals_become_markup() -> None:
    """No text is ever marked: every ``Markup(...)`` in the source is made of one string constant."""
    found = 0
    for path in Path(dockmagic.notebook.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "Markup":
                found += 1
                assert [type(one) for one in node.args] == [ast.Constant], f"{path.name}:{node.lineno}"
    assert found > 20


def test_scripts_never_read_markup() -> None:
    """What the pages' scripts are given goes into text nodes and attributes, and into no style but of numbers."""
    scripts = "".join(path.read_text() for path in Path(dockmagic.notebook.__file__).parent.rglob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|srcdoc", scripts)


def test_all_builders_escape_text() -> None:
    """Also where a caller forgets to."""
    made = [
        html.text(HOSTILE), html.code(HOSTILE, title=HOSTILE), html.muted(HOSTILE), html.bold(HOSTILE),
        html.div(HOSTILE, style=HOSTILE), html.pre(HOSTILE, style=HOSTILE), html.line(HOSTILE, HOSTILE, HOSTILE),
        html.details(HOSTILE, HOSTILE, style=HOSTILE), html.table([[HOSTILE]], header=[HOSTILE]),
        html.facts([(HOSTILE, HOSTILE)]), html.branches([HOSTILE]), html.join(HOSTILE),
        html.run(HOSTILE, f"<b>{HOSTILE}"),
        html.bar(0.5, colour=HOSTILE), html.run(html.bold("a") + HOSTILE),
    ]  # fmt: skip
    for one in made:
        check("text/html", one)
        assert "&lt;img" in one


def test_an_error_is_one_line_that_no_terminal_obeys(shell: InteractiveShell, capsys) -> None:
    """Whatever a registry, file or image has put into it."""
    error = DockmagicError(f"no {HOSTILE}", hint=HOSTILE)
    assert "\x1b" not in str(error)
    shell.run_cell(f"%docker inspect {HOSTILE.split(maxsplit=1)[0]!r}\x1b[31m")
    shown = capsys.readouterr().out.replace("\x1b[31m", "", 1).replace("\x1b[0m", "")
    assert "\x1b]" not in shown


LINES = (
    "history --no-trunc evil:1", "history evil:1", "files evil:1", "files -q evil:1", "layers --no-trunc evil:1",
    "layers evil:1", "inspect evil:1", "inspect -f {{.Config}}{{.Author}}{{.Comment}} evil:1", "inspect -f json evil:1",
    "inspect -f {{json.Config}} evil:1", "images", "images --tree", "diff evil:1[0] evil:1[1]", "diff evil:1[1]",
    "history --format {{.CreatedBy}} evil:1", "history --format json evil:1", "validate evil:1", "files --blame evil:1",
    "files --format {{json.}} evil:1", "system df -v", "tag evil:1 evil:2", "save evil:1 -o /no/\x1b[31m",
    "inspect no\x1b[31m", "rmi evil:1",
)  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=ascii)
def test_a_command_line_prints_no_order_to_a_terminal(tmp_path: Path, line: str, capfdbinary) -> None:
    """Through a pipe, too, whose end may be a terminal."""
    path = tmp_path / "evil.tar"
    path.write_bytes(archive())
    assert main(["load", "-q", "-i", str(path)]) == 0
    capfdbinary.readouterr()
    main([word.replace("{{json.", "{{json .") for word in line.split()])
    out, err = capfdbinary.readouterr()
    for text in (out.decode(), err.decode()):
        check("text/plain", text)
        assert "Traceback" not in text
    if line.startswith("inspect evil"):
        assert json.loads(out)[0]["Config"]["User"] == HOSTILE


def test_cat_passes_bytes_to_a_pipe(tmp_path: Path, capfdbinary) -> None:
    """They are a file's, and what reads them is no terminal."""
    path = tmp_path / "evil.tar"
    path.write_bytes(archive())
    assert main(["load", "-q", "-i", str(path)]) == 0
    capfdbinary.readouterr()
    assert main(["cat", "evil:1", "/a.txt"]) == 0
    assert capfdbinary.readouterr().out == HOSTILE.encode()
