"""The eighteen instructions of a Dockerfile, typed, as they are written.

Every text field is unexpanded. `Instruction.expanded` gives the same instruction with its variables replaced, where
and as the Dockerfile reference says that this instruction replaces them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from dockmagic.oci.errors import DockerfileError

from .heredocs import parse_heredoc
from .ports import container_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .heredocs import Heredoc
    from .mounts import Mount, MountSpec

__all__ = [
    "Add",
    "Arg",
    "Argument",
    "Cmd",
    "Copy",
    "Device",
    "Entrypoint",
    "Env",
    "Expose",
    "From",
    "Healthcheck",
    "Instruction",
    "Label",
    "Maintainer",
    "Onbuild",
    "Pair",
    "Program",
    "Run",
    "Shell",
    "Stopsignal",
    "User",
    "Volume",
    "Workdir",
]


class Pair(NamedTuple):
    """A key and its value, in ENV and LABEL; `legacy` where a space stands between them instead of ``=``."""

    key: str
    value: str
    legacy: bool = False


class Argument(NamedTuple):
    """One name of an ARG.

    Attributes:
        name: of the argument.
        default: None where there is no ``=``, which differs from an empty one.
        description: from a comment ``# NAME description`` right above; empty if there is none.
    """

    name: str
    default: str | None = None
    description: str = ""


class Device(NamedTuple):
    """A ``RUN --device``: parsed to be refused by name."""

    name: str
    required: bool = False


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What a RUN, CMD or ENTRYPOINT starts.

    Attributes:
        words: the words of the exec form; for the shell form one text.
        shell: the words go behind those of SHELL (``/bin/sh -c`` by default).
        file: a script of its own (a heredoc that begins with ``#!``), to be put, executable (0755), in place of
            `words[0]` (``/dev/pipes/NAME``) for as long as it runs; None otherwise.
    """

    words: tuple[str, ...]
    shell: bool
    file: Heredoc | None = None

    def command(self, shell: Iterable[str] = ("/bin/sh", "-c")) -> tuple[str, ...]:
        """The words to start, behind `shell` where this is the shell form."""
        return (*shell, " ".join(self.words)) if self.shell else self.words


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """What all instructions have.

    Attributes:
        lines: first and last line in the file, counted from 1; heredocs belong to it.
        keyword: as written, such as ``RUN`` or ``run``.
        original: the instruction as one line: continuation lines joined, comments in between dropped, heredocs not
            included. It is what BuildKit shows in progress.
        source: the lines as they stand in the file, heredocs and all.
        comments: of the lines right above, without ``#``.
        file: the Dockerfile's name, for errors.
    """

    lines: tuple[int, int]
    keyword: str
    original: str
    source: str = ""
    comments: tuple[str, ...] = ()
    file: str = "Dockerfile"

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.upper()

    def expanded(self, expand: Callable[[str], str], expand_raw: Callable[[str], str] | None = None) -> Self:
        """The same with variables replaced where this instruction does so; `self` where it does not.

        It is so for ADD, COPY (not ``--from`` and ``--exclude``), ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and
        WORKDIR. It is not for ARG, where a given value keeps the default from being looked at, nor for FROM, which
        sees other variables: expand their fields one by one. RUN's mounts are expanded by `Run.resolve_mounts`.

        Args:
            expand: replaces the variables of one word (`expansion.expand` with the environment so far).
            expand_raw: the same for the text of heredocs, in which quotes mean nothing (`expansion.expand_text`);
                None leaves them as they are.

        Raises:
            DockerfileError: at these lines, for a bad substitution or what is no longer valid when expanded.
        """
        try:
            return self._expand(expand, expand_raw or _same)
        except DockerfileError as error:
            raise error if error.lines[0] else self.error(error.reason, hint=error.hint) from None

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return self

    def error(self, reason: str, *, word: str = "", hint: str = "", suggestion: str = "") -> DockerfileError:
        """An error at the first place where `word` stands in this instruction, or about it as a whole."""
        line, column = self.lines[0], 0
        for number, text in enumerate(self.source.splitlines(), line) if word else ():
            at = text.find(word)
            if at >= 0:
                line, column = number, at + 1
                break
        place = (line, line) if column else self.lines
        return DockerfileError(reason, file=self.file, lines=place, column=column, suggestion=suggestion, hint=hint)


def _same(text: str) -> str:
    return text


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

    def resolve_mounts(self, expand: Callable[[str], str]) -> tuple[Mount, ...]:
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
