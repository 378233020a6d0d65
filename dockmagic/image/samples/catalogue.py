"""What the samples are: small stand-ins of well-known images, FROM scratch.

Their layers are the same on every machine, but for the one with programs that stand-ins of systems have on top.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from dockmagic.oci.media import Compression
from dockmagic.registry.server import Listing

from .recipe import Binary, Link, Sample, Step

if TYPE_CHECKING:
    from .recipe import Content

__all__ = ["LISTINGS", "SAMPLES"]

_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BASH: Final[dict[str, Any]] = {"Env": [_PATH], "Cmd": ["/bin/bash"]}
_PROGRAMS: Final = Step("/bin/sh -c #(nop) ADD file:programs-of-this-machine in /", programs=True)
_CMD: Final = Step('/bin/sh -c #(nop) CMD ["/bin/bash"]')
_FIXED: Final = ("amd64",)

_ROOT: Final[dict[str, Content]] = {
    "bin": 0o755,
    "boot": 0o755,
    "dev": 0o755,
    "etc": 0o755,
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "home": 0o755,
    "lib": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "root/.bashrc": "# ~/.bashrc: executed by bash(1) for non-login shells.\nPS1='\\u@\\h:\\w\\$ '\n",
    "root/.profile": "# ~/.profile: executed by Bourne-compatible login shells.\nmesg n\n",
    "sys": 0o555,
    "tmp": 0o1777,
    "usr": 0o755,
    "usr/bin": 0o755,
    "usr/lib": 0o755,
    "usr/sbin": 0o755,
    "var": 0o755,
    "var/lib": 0o755,
    "var/log": 0o755,
}


def _program(name: str, size: int) -> Binary:
    """Bytes in the place of a program: samples teach layers, and have sizes that one can compare."""
    line = f"stand-in for {name}\n".encode()
    return Binary((line * (size // len(line) + 1))[:size])


def _ubuntu(version: str, word: str, codename: str, *, lts: bool, packages: dict[str, str]) -> tuple[Step, ...]:
    full = f"Ubuntu {version}" + (" LTS" if lts else "")
    mirror = "deb http://archive.ubuntu.com/ubuntu/"
    sources = f"{mirror} {word} main restricted\n# {mirror} {word} universe\n"
    grown = int(float(version) * 100) * 100  # later releases are larger
    rootfs: dict[str, Content] = {
        "bin/bash": _program("bash", 200_000 + grown),
        "bin/sh": Link("bash"),
        "etc/apt": 0o755,
        "etc/apt/sources.list": sources,
        "etc/debian_version": {"precise": "wheezy/sid", "quantal": "wheezy/sid"}.get(word, "jessie/sid") + "\n",
        "etc/issue": f"{full} \\n \\l\n",
        "etc/lsb-release": f"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={version}\nDISTRIB_CODENAME={word}\n"
        f'DISTRIB_DESCRIPTION="{full}"\n',
        "etc/os-release": f'NAME="Ubuntu"\nVERSION="{version}, {codename}"\nID=ubuntu\nID_LIKE=debian\n'
        f'PRETTY_NAME="{full}"\nVERSION_ID="{version}"\n',
        "lib/libc.so.6": _program("libc", 400_000 + 2 * grown),
        "var/lib/apt": 0o755,
        "var/lib/apt/lists": 0o755,
        "var/lib/apt/lists/archive.ubuntu.com_ubuntu_dists": f"Origin: Ubuntu\nSuite: {word}\n" * 7000,
        "var/lib/dpkg": 0o755,
        "var/lib/dpkg/status": "\n".join(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {installed}\n"
            for name, installed in packages.items()
        ),
    }
    return (
        Step(f"/bin/sh -c #(nop) ADD file:{word} in /", _ROOT | rootfs),
        Step(
            "/bin/sh -c echo '#!/bin/sh' > /usr/sbin/policy-rc.d && echo 'exit 101' >> /usr/sbin/policy-rc.d",
            {"usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n"},
        ),
        Step(
            "/bin/sh -c rm -rf /var/lib/apt/lists/*",
            removed=("var/lib/apt/lists/archive.ubuntu.com_ubuntu_dists",),
        ),
        Step(
            "/bin/sh -c sed -i 's/^# \\(.*universe\\)$/\\1/g' /etc/apt/sources.list",
            {"etc/apt/sources.list": sources.replace("# ", "")},
        ),
        _PROGRAMS,
        _CMD,
    )


_PRECISE = _ubuntu(
    "12.04", "precise", "Precise Pangolin", lts=True,
    packages={"apt": "0.8.16~exp12ubuntu10", "bash": "4.2-2ubuntu2", "libc6": "2.15-0ubuntu10"},
)  # fmt: skip
_QUANTAL = _ubuntu(
    "12.10", "quantal", "Quantal Quetzal", lts=False,
    packages={"apt": "0.9.7.5ubuntu5", "bash": "4.2-5ubuntu1", "libc6": "2.15-0ubuntu20"},
)  # fmt: skip
_TRUSTY = _ubuntu(
    "14.04", "trusty", "Trusty Tahr", lts=True,
    packages={"apt": "1.0.1ubuntu2", "bash": "4.3-6ubuntu1", "libc6": "2.19-0ubuntu6"},
)  # fmt: skip

_FEDORA = (
    Step(
        "/bin/sh -c #(nop) ADD file:fedora-20 in /",
        _ROOT
        | {
            "bin/bash": _program("bash", 420_000),
            "bin/sh": Link("bash"),
            "etc/fedora-release": "Fedora release 20 (Heisenbug)\n",
            "etc/os-release": 'NAME=Fedora\nVERSION="20 (Heisenbug)"\nID=fedora\nVERSION_ID=20\n'
            'PRETTY_NAME="Fedora 20 (Heisenbug)"\n',
            "lib/libc.so.6": _program("libc", 910_000),
            "etc/redhat-release": Link("fedora-release"),
            "etc/yum.conf": "[main]\ncachedir=/var/cache/yum\nkeepcache=0\n",
            "var/lib/rpm": 0o755,
        },
    ),
    _PROGRAMS,
    _CMD,
)

# A user's repository on top of ubuntu:14.04, in two versions.
_SITE_1 = (
    *_TRUSTY[:-1],
    Step(
        "/bin/sh -c mkdir -p /var/www && echo Hello > /var/www/index.html",
        {"var/www": 0o755, "var/www/index.html": "Hello from my first image\n", "var/www/draft.txt": "to do\n"},
    ),
    Step('/bin/sh -c #(nop) CMD ["/bin/bash"]'),
)
_SITE_2 = (
    *_SITE_1[:-1],
    Step(
        "/bin/sh -c echo Hello again > /var/www/index.html && rm /var/www/draft.txt",
        {"var/www": 0o755, "var/www/index.html": "Hello again\nfrom my second image\n"},
        removed=("var/www/draft.txt",),
    ),
    _SITE_1[-1],
)

# Every way in which a layer can change what lies below, one after another.
_LAYERS = (
    Step(
        "COPY base /",
        {
            "bin": 0o755,
            "cache": 0o755,
            "cache/one": "first\n",
            "cache/two": "second\n",
            "docs": 0o755,
            "docs/manual": "Read me, while I am there.\n" * 20,
            "etc": 0o755,
            "etc/hostname": "layers\n",
            "etc/motd": "Written by the base layer.\n",
            "tmp": 0o1777,
        },
    ),
    Step("ENV LESSON=layers"),
    Step(
        "RUN echo 'Written by a layer above it.' > /etc/motd",
        {"etc": 0o755, "etc/motd": "Written by a layer above it.\n"},
    ),
    Step("RUN rm /docs/manual", removed=("docs/manual",)),
    Step(
        "RUN rm -r /cache && mkdir /cache && echo third > /cache/three",
        {"cache": 0o755, "cache/three": "third\n"},
        emptied=("cache",),
    ),
    Step("COPY hello /bin/", {"bin": 0o755, "bin/hello": "#!/bin/sh\necho hello\n", "bin/hi": Link("hello")}),
    Step("WORKDIR /docs"),
    Step('CMD ["/bin/hello"]'),
)
_LESSON: Final[dict[str, Any]] = {
    "Env": [_PATH, "LESSON=layers"],
    "Cmd": ["/bin/hello"],
    "WorkingDir": "/docs",
    "Labels": {"org.opencontainers.image.title": "layers"},
}


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


SAMPLES: Final = (
    Sample("library/ubuntu", ("12.04", "precise"), _PRECISE, _BASH, _day(2014, 4, 1)),
    Sample("library/ubuntu", ("12.10", "quantal"), _QUANTAL, _BASH, _day(2014, 4, 2)),
    Sample("library/ubuntu", ("14.04", "latest", "trusty"), _TRUSTY, _BASH, _day(2014, 4, 17)),
    Sample("library/fedora", ("20", "heisenbug", "latest"), _FEDORA, _BASH, _day(2013, 12, 17), ("amd64", "arm64")),
    Sample("haochen/testrepo", ("1.0",), _SITE_1, _BASH, _day(2014, 4, 17)),
    Sample("haochen/testrepo", ("2.0", "latest"), _SITE_2, _BASH, _day(2014, 4, 17)),
    Sample("dockmagic/layers", ("latest",), _LAYERS, _LESSON, _day(2024, 1, 1), _FIXED),
    Sample("dockmagic/layers", ("zstd",), _LAYERS, _LESSON, _day(2024, 1, 1), _FIXED, Compression.ZSTD),
)

LISTINGS: Final = (
    Listing("ubuntu", "Ubuntu is a Debian-based Linux operating system (a sample: a stand-in)", 900, official=True),
    Listing("busybox", "Busybox base image (a sample: this machine's own)", 300, official=True),
    Listing("fedora", "Official Docker builds of Fedora (a sample: a stand-in)", 200, official=True),
    Listing("dockmagic/layers", "Every way in which a layer changes what lies below it", 12),
    Listing("haochen/testrepo", "A user's own repository, on top of ubuntu:14.04", 3),
)
