"""Docker's flags, read as docker reads them (docker/cli, opts; moby, volume/mounts; docker/go-connections, nat)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockmagic.oci.errors import DockmagicError, InvalidInput, NotSupported, PathNotFound
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.flags.environment import parse_label_file, parse_variable, read_env_file
from dockmagic.runtime.flags.limits import parse_cpus, parse_memory, parse_ulimit
from dockmagic.runtime.flags.ports import Port, parse_port
from dockmagic.runtime.hosts import parse_host
from dockmagic.runtime.mounting import parse_mount, parse_tmpfs, parse_volume

_HERE = Path("/here")


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/a", Mount(type="volume", target="/a", anonymous=True)),
        ("/a/../b/", Mount(type="volume", target="/b", anonymous=True)),
        ("data:/a", Mount(type="volume", target="/a", name="data")),
        ("data:/a:ro,nocopy", Mount(type="volume", target="/a", name="data", read_only=True, no_copy=True)),
        ("/x:/a", Mount(type="bind", target="/a", source="/x", make=True)),
        ("/x/:/a:ro", Mount(type="bind", target="/a", source="/x", read_only=True, make=True)),
        ("/x:/a:rw,Z", Mount(type="bind", target="/a", source="/x", make=True)),
        ("./x:/a", Mount(type="bind", target="/a", source="/here/x", make=True)),
        ("..:/a", Mount(type="bind", target="/a", source="/", make=True)),
    ],
)
def test_a_volume_is_read(text: str, mount: Mount) -> None:
    """``-v`` in all its forms."""
    assert parse_volume(text, folder=_HERE) == mount


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty section between colons"),
        (":/a", "empty section between colons"),
        ("a:", "empty section between colons"),
        ("/a:ro", "invalid volume specification: '/a:ro'"),
        ("/a:/b:ro:x", "invalid volume specification"),
        ("/a:/b:fast", "invalid mode: fast"),
        ("/a:/b:ro,rw", "invalid mode: ro,rw"),
        ("/a:/b:ro,ro", "invalid mode: ro,ro"),
        ("/a:/b:z,Z", "invalid mode: z,Z"),
        ("/a:/b:shared,private", "invalid mode: shared,private"),
        ("/a:/b:nocopy", "nocopy is for volumes"),
        ("a:/b:rslave", "only folders propagate mounts"),
        ("/a:b", "invalid mount path: 'b' mount path must be absolute"),
        ("/a:/", "destination can't be '/'"),
        ("a/b:/c", 'includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]"'),
    ],
)
def test_a_volume_that_is_none_is_refused(text: str, words: str) -> None:
    """With docker's words."""
    with pytest.raises(InvalidInput) as caught:
        parse_volume(text)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("type=bind,source=/x,target=/a", Mount(type="bind", target="/a", source="/x")),
        ("type=bind,src=x,dst=/a,readonly", Mount(type="bind", target="/a", source="/here/x", read_only=True)),
        ("type=bind,src=/x,destination=/a,ro=false", Mount(type="bind", target="/a", source="/x")),
        ("src=data,dst=/a", Mount(type="volume", target="/a", name="data")),
        ("dst=/a", Mount(type="volume", target="/a", anonymous=True)),
        ("src=data,dst=/a,volume-nocopy", Mount(type="volume", target="/a", name="data", no_copy=True)),
        ("type=tmpfs,dst=/a", Mount(type="tmpfs", target="/a")),
        (
            "type=tmpfs,dst=/a,tmpfs-size=1m,tmpfs-mode=700",
            Mount(type="tmpfs", target="/a", data="size=1048576,mode=700"),
        ),
        ('type=bind,"src=/x,y",dst=/a', Mount(type="bind", target="/a", source="/x,y")),
    ],
)
def test_a_mount_is_read(text: str, mount: Mount) -> None:
    """``--mount``, its fields in any order."""
    assert parse_mount(text, folder=_HERE) == mount


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("type=bind,src=/x", "target is required"),
        ("type=bind,dst=/a", "field Source must not be empty"),
        ("type=tmpfs,src=/x,dst=/a", "field Source must not be specified"),
        ("type=nfs,dst=/a", "mount type unknown: 'nfs'"),
        ("dst=/a,fast=1", "unexpected key 'fast' in 'fast=1'"),
        ("dst", "invalid field 'dst' must be a key=value pair"),
        ("dst=/a,readonly=maybe", "invalid value for readonly: maybe"),
        ("type=bind,src=/x,dst=/a,tmpfs-size=1", "cannot mix 'tmpfs-*' options with mount type 'bind'"),
        ("type=tmpfs,dst=/a,tmpfs-mode=rwx", "invalid value for tmpfs-mode: rwx"),
        ("dst=/a,volume-driver=nfs", "volume drivers need a daemon"),
    ],
)
def test_a_mount_that_is_none_is_refused(text: str, words: str) -> None:
    """With docker's words."""
    with pytest.raises(DockmagicError) as caught:
        parse_mount(text)
    assert words in caught.value.message


def test_a_tmpfs_is_read() -> None:
    """``--tmpfs``, and what it has not."""
    assert parse_tmpfs("/t") == Mount(type="tmpfs", target="/t")
    assert parse_tmpfs("/t:size=64m,exec") == Mount(type="tmpfs", target="/t", data="size=67108864,exec")
    assert parse_tmpfs("/t:ro,size=50%") == Mount(type="tmpfs", target="/t", read_only=True, data="ro,size=50%")
    with pytest.raises(InvalidInput, match="invalid tmpfs option 'uid'"):
        parse_tmpfs("/t:uid")


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", (Port(80),)),
        ("8080:80", (Port(80, 8080),)),
        ("8080:80/tcp", (Port(80, 8080),)),
        ("127.0.0.1:8080:80", (Port(80, 8080, "127.0.0.1"),)),
        ("127.0.0.1::80", (Port(80, 0, "127.0.0.1"),)),
        ("[::1]:8080:80", (Port(80, 8080, "::1"),)),
        ("8000-8002:80-82", (Port(80, 8000), Port(81, 8001), Port(82, 8002))),
        ("80-81", (Port(80), Port(81))),
    ],
)
def test_a_port_is_read(text: str, ports: tuple[Port, ...]) -> None:
    """``-p`` in all its forms."""
    assert parse_port(text) == ports


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no port specified"),
        ("8080:", "no port specified"),
        ("http", "invalid containerPort: http"),
        ("x:80", "invalid hostPort: x"),
        ("65536", "invalid containerPort: 65536"),
        ("1.2.3:80:80", "invalid IP address: 1.2.3"),
        ("80/icmp", "invalid proto: icmp"),
        ("8000:80-82", "invalid ranges specified for container and host Ports: 80-82 and 8000"),
    ],
)
def test_a_port_that_is_none_is_refused(text: str, words: str) -> None:
    """With docker's words."""
    with pytest.raises(InvalidInput) as caught:
        parse_port(text)
    assert words in caught.value.message


def test_other_protocols_are_refused_with_the_reason() -> None:
    """The forwarder carries connections."""
    with pytest.raises(NotSupported, match="only TCP ports"):
        parse_port("53:53/udp")


def test_amounts_are_read() -> None:
    """Memory, processors and resource limits."""
    assert [parse_memory(text) for text in ("0", "64m", "1.5g", "8388608", "6MiB")] == [
        0, 64 << 20, 3 << 29, 8 << 20, 6 << 20
    ]  # fmt: skip
    assert parse_cpus("1.5") == 1.5
    assert parse_ulimit("nofile=1024:2048") == ("nofile", 1024, 2048)
    assert parse_ulimit("core=-1") == ("core", -1, -1)
    assert parse_ulimit("locks=5") == ("locks", 5, 5)


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (parse_memory, "5m", "Minimum memory limit allowed is 6MB"),
        (parse_memory, "lots", "invalid size"),
        (parse_memory, "-1", "invalid size"),
        (parse_cpus, "-1", "--cpus"),
        (parse_cpus, "nan", "--cpus"),
        (parse_cpus, "two", "--cpus"),
        (parse_ulimit, "nofile", "invalid ulimit argument"),
        (parse_ulimit, "files=1", "invalid ulimit type: files"),
        (parse_ulimit, "as=1", "invalid ulimit type: as"),
        (parse_ulimit, "nofile=-2", "invalid ulimit argument"),
        (parse_ulimit, "nofile=3:2", "soft limit must be less than or equal to hard limit: 3 > 2"),
    ],
)
def test_amounts_that_are_none_are_refused(parse: object, text: str, words: str) -> None:
    """With docker's words."""
    with pytest.raises(InvalidInput) as caught:
        parse(text)  # type: ignore[operator]
    assert words in caught.value.message


def test_variables_are_read_from_flags_and_files(tmp_path: Path) -> None:
    """A name alone takes the value from around; quotes stay, as docker leaves them."""
    around = {"HERE": "yes"}
    assert parse_variable("A=b=c", around) == "A=b=c"
    assert parse_variable("HERE", around) == "HERE=yes"
    assert parse_variable("GONE", around) == "GONE"  # and takes the image's away
    file = tmp_path / "env"
    file.write_bytes(b"\xef\xbb\xbf# comment\n\nA=1\n  B='2 3' \r\nHERE\nGONE\nC=\n")
    assert read_env_file(file, around) == ["A=1", "B='2 3' ", "HERE=yes", "C="]
    assert parse_label_file(file)["A"] == "1"


@pytest.mark.parametrize(
    ("text", "words"),
    [("=1\n", "no variable name on line 1"), ("A B=1\n", "variable 'A B' contains whitespaces"), ("\xff", "not UTF-8")],
)
def test_a_file_of_variables_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """With the line."""
    file = tmp_path / "env"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInput) as caught:
        read_env_file(file)
    assert words in caught.value.message
    with pytest.raises(PathNotFound, match="no such file or directory"):
        read_env_file(tmp_path / "nosuch")


def test_hosts_are_read() -> None:
    """``--add-host``."""
    assert parse_host("a:192.0.2.1") == ("a", "192.0.2.1")
    assert parse_host("a=::1") == parse_host("a:[::1]") == ("a", "::1")
    assert parse_host("a:host-gateway") == ("a", "127.0.0.1")
    for text in ("a", "a:", ":1.2.3.4"):
        with pytest.raises(InvalidInput, match="bad format for add-host"):
            parse_host(text)
    with pytest.raises(InvalidInput, match='invalid IP address in add-host: "x"'):
        parse_host("a:x")
