"""Git repositories as sources, fetched with the ``git`` program."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from dockmagic.oci.errors import DigestMismatch, InvalidInput, NotFound, NotSupported, PathNotFound

from .address import without_password

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.store.home import Home

    from .address import GitSource

__all__ = ["GitRepository", "subfolder"]

_HEX: Final = re.compile(r"[0-9a-f]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_GLANCE: Final = 0.05
#: What a stranger's repository may not make git do: no hooks, no filters that run programs, no transports but these.
_SAFE: Final = (
    "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.fsmonitor=false",
    "-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main", "-c", "gc.auto=0",
)  # fmt: skip


class GitRepository:
    """One repository, of which a bare copy is kept for the next time.

    Args:
        home: keeps it.
        source: what is asked for.
        stop: asked now and then; true ends git, and raises `InterruptedError`.

    Raises:
        NotSupported: git is not installed.
    """

    def __init__(self, home: Home, source: GitSource, *, stop: Callable[[], bool] = lambda: False) -> None:
        git = shutil.which("git")
        if git is None:
            raise NotSupported(
                f"{without_password(source.url)} is a git repository, and git is not installed",
                hint="Install git, or add the files to the context",
            )
        self._git = git
        self._home = home
        self._source = source
        self._stop = stop
        self._name = blake3(source.url.encode()).hexdigest()[:32]
        self._bare = home.builds / "git" / self._name

    def commit(self) -> str:
        """The commit that is meant now; the remote is asked, unless a whole commit is written.

        Raises:
            NotFound: there is no such ref, or no such repository.
            DigestMismatch: it is not the commit that the checksum says.
        """
        source = self._source
        if source.checksum and not _HEX.fullmatch(source.checksum):
            raise InvalidInput(f"invalid checksum {source.checksum!r}: expected hex commit hash")
        if _COMMIT.fullmatch(source.ref):
            return self._checked(source.ref)
        if source.by_commit:
            if not _COMMIT.fullmatch(source.checksum):
                raise InvalidInput("fetch-by-commit needs a whole commit as checksum", hint="Add &checksum=COMMIT")
            return source.checksum
        if not source.ref and _COMMIT.fullmatch(source.checksum):
            return source.checksum
        lines = self._run("ls-remote", "--", source.url).splitlines()
        refs = {name: commit for commit, _, name in (line.partition("\t") for line in lines)}
        names = (source.ref, f"refs/heads/{source.ref}", f"refs/tags/{source.ref}") if source.ref else ("HEAD",)
        for name in names:
            found = refs.get(f"{name}^{{}}") or refs.get(name)  # of an annotated tag, the commit
            if found:
                return self._checked(found)
        if re.fullmatch(r"[0-9a-f]{7,39}", source.ref):
            found = self._abbreviated(source.ref)
            if found:
                return self._checked(found)
        raise NotFound(
            f"repository does not contain ref {source.ref or 'HEAD'}: {without_password(source.url)}",
            hint="Name a branch, a tag or a whole commit",
        )

    def _checked(self, commit: str) -> str:
        wanted = self._source.checksum
        if wanted and not commit.startswith(wanted):
            raise DigestMismatch(
                f"expected checksum to match {wanted}, got {commit}",
                hint="The branch or tag was moved: look at what changed",
            )
        return commit

    def _abbreviated(self, short: str) -> str:
        with self._home.lock(f"git.{self._name[:3]}", stop=self._stop):
            self._prepare()
            self._run(
                "--git-dir", self._bare, "fetch", "-q", "--tags", "--", self._source.url, "+refs/heads/*:refs/heads/*"
            )
            try:
                return self._run("--git-dir", self._bare, "rev-parse", "--verify", "-q", f"{short}^{{commit}}").strip()
            except NotFound:
                return ""

    def date(self, commit: str) -> int:
        """When a commit was made, in seconds since 1970.

        Raises:
            NotFound: the repository does not have it.
        """
        self._home.prepare()
        with self._home.lock(f"git.{self._name[:3]}", stop=self._stop):
            self._prepare(commit)
            self._fetch(commit)
            return int(self._run("--git-dir", self._bare, "show", "-s", "--format=%ct", f"{commit}^{{commit}}"))

    def _prepare(self, commit: str = "") -> None:
        if not (self._bare / "HEAD").exists():
            self._home.make(self._bare.parent)
            self._run("init", "-q", "--bare", *_format(commit), "--", self._bare)

    @contextlib.contextmanager
    def checkout(self, commit: str, *, keep_git_dir: bool = False) -> Iterator[Path]:
        """The files of a commit in a folder that is removed at the end.

        Raises:
            NotFound: the repository does not have it.
            PathNotFound: it has no such folder.
        """
        self._home.prepare()
        with tempfile.TemporaryDirectory(dir=self._home.root, prefix=".git.") as text:
            tree = Path(text) / "tree"
            with self._home.lock(f"git.{self._name[:3]}", stop=self._stop):
                self._prepare(commit)
                self._fetch(commit)
                self._run("init", "-q", *_format(commit), "--", tree)
                self._in(tree, "fetch", "-q", "--depth=1", "--", self._bare, f"{commit}:refs/dockmagic/wanted")
            self._in(tree, "checkout", "-q", "-f", "--detach", commit)
            if self._source.submodules and (tree / ".gitmodules").is_file():
                self._in(tree, "remote", "add", "origin", self._source.url)  # relative URLs are relative to it
                self._update_submodules(tree)
            if not keep_git_dir:
                shutil.rmtree(tree / ".git")
            if self._source.dated:
                _date(tree, self.date(commit))
            yield tree

    def _fetch(self, commit: str) -> None:
        """Bring a commit into the bare copy, if it is not there."""
        with contextlib.suppress(NotFound):
            self._run("--git-dir", self._bare, "cat-file", "-e", f"{commit}^{{commit}}")
            return
        name = f"{commit}:refs/dockmagic/{commit}"
        try:
            self._run("--git-dir", self._bare, "fetch", "-q", "--depth=1", "--", self._source.url, name)
        except NotFound:
            # A server that gives no single commits gives branches and tags.
            wanted = "+refs/*:refs/remotes/origin/*"
            self._run("--git-dir", self._bare, "fetch", "-q", "--", self._source.url, wanted)
        self._run("--git-dir", self._bare, "update-ref", f"refs/dockmagic/{commit}", commit)

    def _update_submodules(self, tree: Path) -> None:
        words = ("submodule", "update", "-q", "--init", "--recursive")
        try:
            self._in(tree, *words, "--depth=1")
        except NotFound:  # a server of plain files gives a history only whole
            self._in(tree, *words)

    def _in(self, tree: Path, *words: str | Path) -> str:
        return self._run("-C", tree, *words)

    def _run(self, *words: str | Path) -> str:
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name == "GIT_SSH_COMMAND"
        }
        environ |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_LFS_SKIP_SMUDGE": "0"}
        environ.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(  # noqa: S603 - words that cannot be options, no shell
                [self._git, *_SAFE, *map(str, words)],
                env=environ, umask=0o022, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            ) as process,
        ):  # fmt: skip
            output = self._await(process)
            errors.seek(0)
            told = errors.read().decode("utf-8", "replace").strip()
        if process.returncode:
            last = without_password(told.splitlines()[-1]) if told else f"git ended with {process.returncode}"
            raise NotFound(
                f"git cannot fetch {without_password(self._source.url)}: {last}",
                hint="Check the address, and that git can read it without asking for a password",
            )
        return output

    def _await(self, process: subprocess.Popen[bytes]) -> str:
        while True:
            try:
                return process.communicate(timeout=_GLANCE)[0].decode("utf-8", "surrogateescape")
            except subprocess.TimeoutExpired:
                if self._stop():
                    process.kill()
                    process.wait()
                    raise InterruptedError("stopped while git was fetching") from None
                time.sleep(0)
            except BaseException:
                process.kill()
                raise


def _format(commit: str) -> tuple[str, ...]:
    """What ``git init`` must be told of the hash that this commit's name is."""
    return ("--object-format=sha256",) if len(commit) == 64 else ()


def _date(tree: Path, seconds: int) -> None:
    """Give all files and folders one time."""
    for folder, folders, files in os.walk(os.fsencode(tree), topdown=False):
        for name in (*folders, *files, b"."):
            os.utime(os.path.join(folder, name), (seconds, seconds), follow_symlinks=False)  # noqa: PTH118 - bytes


def subfolder(tree: Path, subdir: str) -> Path:
    """The folder `subdir` of a checked-out tree; links in it never lead out (CVE-2024-32473's kind).

    Raises:
        PathNotFound: it is not there, or no folder.
    """
    found = (tree / subdir.strip("/")).resolve() if subdir.strip("/") else tree.resolve()
    if not found.is_relative_to(tree.resolve()) or not found.is_dir():
        raise PathNotFound(f"the repository has no folder {subdir}", hint="Check what follows the colon of #REF:FOLDER")
    return found
