"""The eighteen instructions of a Dockerfile, typed, as they are written.

Every text field is unexpanded. `Instruction.expanded` gives the same instruction with its variables replaced, where
and as the Dockerfile reference says that this instruction replaces them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .mounts import MountSpec

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
    "Heredoc",
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


class Heredoc(msgspec.Struct, frozen=True, kw_only=True):
    """A document written below its instruction.

    Attributes:
        name: the word after ``<<``, without quotes; the file's name in COPY and ADD.
        content: the lines up to the terminator, with their line ends; leading tabs are still there (see `text`).
        expand: whether variables in it are replaced: its name is not quoted (COPY and ADD only).
        chomp: ``<<-``: tabs that begin a line are no part of it.
        descriptor: the number before ``<<``, 0 without one.
    """

    name: str
    content: str
    expand: bool = True
    chomp: bool = False
    descriptor: int = 0

    @property
    def text(self) -> str:
        """The content, without leading tabs where ``<<-`` says so."""
        raise NotImplementedError


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
        raise NotImplementedError


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """What all instructions have.

    Attributes:
        lines: first and last line in the file, counted from 1; heredocs belong to it.
        keyword: as written, such as ``RUN`` or ``run``.
        original: the instruction as one line: continuation lines joined, comments in between dropped, heredocs not
            included. It is what BuildKit shows in progress.
        comments: of the lines right above, without ``#``.
        file: the Dockerfile's name, for errors.
    """

    lines: tuple[int, int]
    keyword: str
    original: str
    comments: tuple[str, ...] = ()
    file: str = "Dockerfile"

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.upper()

    def expanded(self, expand: Callable[[str], str], expand_raw: Callable[[str], str] | None = None) -> Self:
        """The same with variables replaced where this instruction does so; `self` where it does not.

        It is so for ADD, COPY (not ``--from``), ENV, EXPOSE, LABEL, RUN's ``--mount`` (not its ``from``), STOPSIGNAL,
        USER, VOLUME, WORKDIR. ARG is not among them, for a given value keeps the default from being looked at; nor
        FROM, for its platform is checked first: expand their fields one by one.

        Args:
            expand: replaces the variables of one word (`expansion.expand` with the environment so far).
            expand_raw: the same for the text of heredocs, in which quotes mean nothing (`expansion.expand_text`);
                None leaves them as they are.

        Raises:
            DockerfileError: at these lines, for a bad substitution or what is no longer valid when expanded.
        """
        raise NotImplementedError


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
        """What is run, the heredocs put where the form says."""
        raise NotImplementedError


class Cmd(Instruction, frozen=True, kw_only=True):
    """``CMD``: words of the exec form, or one text for the shell."""

    words: tuple[str, ...]
    shell: bool

    @property
    def program(self) -> Program:
        """What is started."""
        raise NotImplementedError


class Entrypoint(Instruction, frozen=True, kw_only=True):
    """``ENTRYPOINT``: words of the exec form, or one text for the shell; none resets it."""

    words: tuple[str, ...]
    shell: bool

    @property
    def program(self) -> Program:
        """What is started."""
        raise NotImplementedError


class Label(Instruction, frozen=True, kw_only=True):
    """``LABEL key=value …``."""

    pairs: tuple[Pair, ...]


class Maintainer(Instruction, frozen=True, kw_only=True):
    """``MAINTAINER author``, out of use."""

    author: str


class Expose(Instruction, frozen=True, kw_only=True):
    """``EXPOSE port[/protocol] …``: sorted, ranges not yet taken apart."""

    ports: tuple[str, ...]


class Env(Instruction, frozen=True, kw_only=True):
    """``ENV key=value …``."""

    pairs: tuple[Pair, ...]


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


class Volume(Instruction, frozen=True, kw_only=True):
    """``VOLUME path …``."""

    paths: tuple[str, ...]


class User(Instruction, frozen=True, kw_only=True):
    """``USER user[:group]``."""

    user: str


class Workdir(Instruction, frozen=True, kw_only=True):
    """``WORKDIR path``."""

    path: str


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
