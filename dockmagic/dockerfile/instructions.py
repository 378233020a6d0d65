"""The eighteen instructions of a Dockerfile, typed, as they are written.

Every text field is unexpanded. `Instruction.expanded` gives the same instruction with its variables replaced, where
and as the Dockerfile reference says that this instruction replaces them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

from dockmagic.oci.errors import DockerfileError

from .heredocs import parse_heredoc
from .instruction import Instruction, Pair, Program
from .ports import container_ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from .heredocs import Heredoc
    from .instruction import Argument, Device
    from .mounts import MountSpec, RunMount

__all__ = [
    "Add",
    "Arg",
    "Cmd",
    "Copy",
    "Entrypoint",
    "Env",
    "Expose",
    "From",
    "Healthcheck",
    "Label",
    "Maintainer",
    "Onbuild",
    "Run",
    "Shell",
    "Stopsignal",
    "User",
    "Volume",
    "Workdir",
]


def _each(texts: tuple[str, ...], expand: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(map(expand, texts))


def _each_value(pairs: tuple[Pair, ...], expand: Callable[[str], str]) -> tuple[Pair, ...]:
    return tuple(Pair(expand(pair.key), expand(pair.value), pair.legacy) for pair in pairs)


def _each_heredoc(heredocs: tuple[Heredoc, ...], expand_raw: Callable[[str], str]) -> tuple[Heredoc, ...]:
    # The tabs go first: a variable's value may have tabs of its own.
    return tuple(
        msgspec.structs.replace(heredoc, content=expand_raw(heredoc.text), chomp=False) if heredoc.expand else heredoc
        for heredoc in heredocs
    )


class From(Instruction, frozen=True, kw_only=True):
    """``FROM [--platform=P] IMAGE [AS NAME]``.

    Attributes:
        image: image, earlier stage or ``scratch``.
        stage: the name in lower case; empty without AS.
        platform: empty if not given.
        description: from a comment ``# NAME description`` right above; empty if there is none.
    """

    image: str
    stage: str = ""
    platform: str = ""
    description: str = ""


class Run(Instruction, frozen=True, kw_only=True):
    """``RUN [flags] command``, in shell, exec or heredoc form.

    Attributes:
        words: the words of the exec form, or the one line of the shell form; see `program`.
        shell: the shell form.
        heredocs: below it, in their order.
        mounts: unexpanded, in their order.
        network: ``default``, ``none`` or ``host``.
        security: ``sandbox`` or ``insecure``.
        devices: of ``--device``.
    """

    words: tuple[str, ...]
    shell: bool
    heredocs: tuple[Heredoc, ...] = ()
    mounts: tuple[MountSpec, ...] = ()
    network: str = "default"
    security: str = "sandbox"
    devices: tuple[Device, ...] = ()

    @property
    def program(self) -> Program:
        """What is run.

        A line that is nothing but a heredoc is a script: the shell's, or its own interpreter's where it begins with
        ``#!``. Any other line keeps its heredocs, and the shell reads them.
        """
        if not self.heredocs:
            return Program(words=self.words, shell=self.shell)
        line, script = self.words[0], self.heredocs[0]
        if parse_heredoc(line):
            if script.text.startswith("#!"):
                return Program(words=(f"/dev/pipes/{script.name}",), shell=self.shell, file=script)
            return Program(words=(script.text,), shell=True)  # noqa: S604 - no process is started here
        whole = "".join([line, *(f"\n{heredoc.content}{heredoc.name}" for heredoc in self.heredocs)])
        return Program(words=(whole,), shell=True)  # noqa: S604 - as above

    def resolve_mounts(self, expand: Callable[[str], str]) -> tuple[RunMount, ...]:
        """The mounts, their values expanded.

        Raises:
            DockerfileError: at the mount, for an unknown key, a bad value, or keys that do not go together.
        """
        mounts = []
        for spec in self.mounts:
            try:
                mounts.append(spec.resolve(expand))
            except DockerfileError as error:
                raise self.error(error.reason, word=spec.text, hint=error.hint, suggestion=error.suggestion) from None
        return tuple(mounts)


class _Starting(Instruction, frozen=True, kw_only=True):
    """What says how a container begins: words of the exec form, or one text for the shell."""

    words: tuple[str, ...]
    shell: bool

    @property
    def program(self) -> Program:
        """What is started."""
        return Program(words=self.words, shell=self.shell)


class Cmd(_Starting, frozen=True, kw_only=True):
    """``CMD``: words of the exec form, or one text for the shell."""


class Entrypoint(_Starting, frozen=True, kw_only=True):
    """``ENTRYPOINT``: words of the exec form, or one text for the shell; none resets it."""


class Label(Instruction, frozen=True, kw_only=True):
    """``LABEL key=value …``."""

    pairs: tuple[Pair, ...]

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return msgspec.structs.replace(self, pairs=_each_value(self.pairs, expand))


class Maintainer(Instruction, frozen=True, kw_only=True):
    """``MAINTAINER author``, out of use."""

    author: str


class Expose(Instruction, frozen=True, kw_only=True):
    """``EXPOSE port[/protocol] …``: sorted, ranges not yet taken apart."""

    ports: tuple[str, ...]

    @property
    def container_ports(self) -> tuple[str, ...]:
        """Each port as the configuration has it, such as ``80/tcp``; to be read when expanded.

        Raises:
            DockerfileError: at this line, for what is no port.
        """
        try:
            return container_ports(self.ports)
        except DockerfileError as error:
            raise self.error(error.reason, hint=error.hint) from None

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        # One variable may hold several ports.
        return msgspec.structs.replace(self, ports=tuple(port for text in self.ports for port in expand(text).split()))


class Env(Instruction, frozen=True, kw_only=True):
    """``ENV key=value …``."""

    pairs: tuple[Pair, ...]

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return msgspec.structs.replace(self, pairs=_each_value(self.pairs, expand))


class Copy(Instruction, frozen=True, kw_only=True):
    """``COPY [flags] source … dest``.

    Attributes:
        sources: paths or patterns, without the heredocs.
        dest: where to.
        heredocs: files written below it, named in it.
        from_: stage, number, image or named context; empty means the build context.
        chown: ``USER[:GROUP]``; empty if not given.
        chmod: octal or symbolic; empty if not given.
        link: make a layer of its own, independent of what is below.
        parents: keep the sources' parent folders (after a ``/./`` pivot, if there is one).
        exclude: patterns in the manner of `.dockerignore`.
    """

    sources: tuple[str, ...]
    dest: str
    heredocs: tuple[Heredoc, ...] = ()
    from_: str = ""
    chown: str = ""
    chmod: str = ""
    link: bool = False
    parents: bool = False
    exclude: tuple[str, ...] = ()

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:
        return msgspec.structs.replace(
            self,
            sources=_each(self.sources, expand),
            dest=expand(self.dest),
            heredocs=_each_heredoc(self.heredocs, expand_raw),
            chown=expand(self.chown),
            chmod=expand(self.chmod),
        )


class Add(Instruction, frozen=True, kw_only=True):
    """``ADD [flags] source … dest``: COPY that also takes URLs, git repositories and archives.

    Attributes:
        sources: paths, patterns, URLs or git repositories, without the heredocs.
        dest: where to.
        heredocs: files written below it, named in it.
        chown: ``USER[:GROUP]``; empty if not given.
        chmod: octal or symbolic; empty if not given.
        link: make a layer of its own, independent of what is below.
        exclude: patterns in the manner of `.dockerignore`.
        checksum: of an HTTP source (``sha256:…``) or the commit of a git one; empty if not given.
        keep_git_dir: keep ``.git`` of a git source; None if not given.
        unpack: unpack archives; None is the default: local ones yes, remote ones no.
    """

    sources: tuple[str, ...]
    dest: str
    heredocs: tuple[Heredoc, ...] = ()
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()
    checksum: str = ""
    keep_git_dir: bool | None = None
    unpack: bool | None = None

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:
        return msgspec.structs.replace(
            self,
            sources=_each(self.sources, expand),
            dest=expand(self.dest),
            heredocs=_each_heredoc(self.heredocs, expand_raw),
            chown=expand(self.chown),
            chmod=expand(self.chmod),
            checksum=expand(self.checksum),
        )


class Volume(Instruction, frozen=True, kw_only=True):
    """``VOLUME path …``."""

    paths: tuple[str, ...]

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return msgspec.structs.replace(self, paths=_each(self.paths, expand))


class User(Instruction, frozen=True, kw_only=True):
    """``USER user[:group]``."""

    user: str

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return msgspec.structs.replace(self, user=expand(self.user))


class Workdir(Instruction, frozen=True, kw_only=True):
    """``WORKDIR path``."""

    path: str

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return msgspec.structs.replace(self, path=expand(self.path))


class Arg(Instruction, frozen=True, kw_only=True):
    """``ARG name[=default] …``."""

    arguments: tuple[Argument, ...]


class Onbuild(Instruction, frozen=True, kw_only=True):
    """``ONBUILD instruction``.

    Attributes:
        expression: what the image's configuration keeps, heredocs included; `parser.parse_trigger` reads it again.
        trigger: the instruction.
    """

    expression: str
    trigger: Instruction


class Stopsignal(Instruction, frozen=True, kw_only=True):
    """``STOPSIGNAL signal``."""

    signal: str

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return msgspec.structs.replace(self, signal=expand(self.signal))


class Healthcheck(Instruction, frozen=True, kw_only=True):
    """``HEALTHCHECK [flags] CMD command`` or ``HEALTHCHECK NONE``.

    Attributes:
        test: as the configuration has it: ``("NONE",)``, ``("CMD", …)`` or ``("CMD-SHELL", text)``.
        interval: nanoseconds, 0 if not given; so are the next three.
        retries: 0 if not given.
    """

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class Shell(Instruction, frozen=True, kw_only=True):
    """``SHELL ["executable", "parameter", …]``."""

    words: tuple[str, ...]
