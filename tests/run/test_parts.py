"""What can be put into a container and around it: mounts of every kind, ports, limits, hosts, an init."""

from __future__ import annotations

import os
import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from programs import finish

from dockmagic.linux import cgroups
from dockmagic.oci.errors import Conflict, InvalidInput, NotSupported, PathNotFound
from dockmagic.runtime.cannot_start import CannotStart
from dockmagic.runtime.commit import commit
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.flags.limits import Limits
from dockmagic.runtime.flags.ports import Port, parse_port
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose
from dockmagic.runtime.shim import reaper

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]
    Run = Callable[..., tuple[int, str, str]]


@pytest.mark.usefixtures("namespaces")
def test_a_folder_of_an_image_can_be_mounted(run: Run, image: Image) -> None:
    """Read-only as it is, or with changes that are lost."""
    mounts = [
        Mount(type="image", target="/whole", name=image.digest, read_only=True),
        Mount(type="image", target="/part", name=image.digest, subpath="var/dir", discard=True),
    ]
    script = (
        "cat /whole/var/old /part/in; touch /whole/x; echo 1 > /part/new && rm /part/in && ls /part; cat /var/dir/in"
    )
    code, out, err = run("sh", "-c", script, mounts=mounts)
    assert (code, out) == (0, "old\nin\nnew\nin\n")
    assert "Read-only file system" in err


@pytest.mark.usefixtures("namespaces")
def test_changes_to_a_folder_of_the_host_can_be_lost(run: Run, tmp_path: Path) -> None:
    """As a build's ``--mount=type=bind,rw`` wants it; commas and colons in its path are no matter."""
    place = tmp_path / "a:b,c"
    place.mkdir()
    (place / "in").write_text("host\n")
    mount = Mount(type="bind", target="/ctx", source=str(place), discard=True)
    assert run("sh", "-c", "cat /ctx/in; rm /ctx/in; touch /ctx/new; ls /ctx", mounts=[mount])[1] == "host\nnew\n"
    assert [path.name for path in place.iterdir()] == ["in"]


@pytest.mark.usefixtures("several_users")
def test_a_secret_is_a_file_in_memory_with_an_owner(make: Make) -> None:
    """It is in no layer, and its mode is what was asked for."""
    mount = Mount(type="secret", target="/run/secrets/key", mode=0o440, uid=1000, gid=1000)
    container = make("sh", "-c", "cat /run/secrets/key; stat -c '%a %u %g' /run/secrets/key", mounts=[mount])
    assert finish(container, secret_files={"/run/secrets/key": b"hush\n"})[1] == "hush\n440 1000 1000\n"
    assert container.changes() == []
    assert not [path for path in container.folder.rglob("key") if path.is_file() and path.stat().st_size]


@pytest.mark.usefixtures("several_users")
def test_a_cache_gets_its_owner_once(store: ContentStore, run: Run, tmp_path: Path) -> None:
    """And keeps its files."""
    place = tmp_path / "cache"
    place.mkdir()
    mount = Mount(type="cache", target="/c", source=str(place), mode=0o770, uid=1000, gid=1000)
    assert run("sh", "-c", "stat -c '%a %u' /c; touch /c/x", mounts=[mount])[1] == "770 1000\n"
    assert run("ls", "/c", mounts=[mount])[1] == "x\n"
    remove_folders(choose(store.home), [str(place)])  # it is somebody else's now


@pytest.mark.usefixtures("namespaces")
def test_a_tmpfs_takes_dockers_options(run: Run) -> None:
    """No programs in it unless asked."""
    script = "cp /bin/busybox /t/sh; /t/sh -c true; echo $?; stat -c %a /t; df -k /t | tail -1"
    _, out, _ = run("sh", "-c", script, mounts=[Mount(type="tmpfs", target="/t", data="size=8388608,mode=700")])
    assert out.split()[:2] == ["126", "700"]
    assert "8192" in out
    _, out, _ = run("sh", "-c", script, mounts=[Mount(type="tmpfs", target="/t", data="exec")])
    assert out.split()[0] == "0"


def test_the_same_place_twice_is_refused(make: Make, tmp_path: Path) -> None:
    """Before anything is made; a folder that is not there too."""
    mount = Mount(type="bind", target="/a", source=str(tmp_path))
    with pytest.raises(InvalidInput, match="Duplicate mount point: /a"):
        make("true", mounts=[mount, mount])
    with pytest.raises(PathNotFound, match="bind source path does not exist: /no/such"):
        make("true", mounts=[Mount(type="bind", target="/a", source="/no/such")])


@pytest.mark.usefixtures("namespaces")
def test_a_mount_leaves_no_trace_in_the_layer(make: Make, tmp_path: Path) -> None:
    """The empty folders that it needed are no change, unless something was put there."""
    container = make("true", mounts=[Mount(type="bind", target="/deep/er/place", source=str(tmp_path))])
    assert finish(container)[0] == 0
    assert container.changes() == []
    assert b"deep" not in commit(container).files.nodes


@pytest.fixture
def free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.usefixtures("namespaces")
def test_a_port_leads_into_a_container_without_a_network(make: Make, free_port: int) -> None:
    """In both directions, several connections at once, and it ends with the container."""
    ports = [Port(container=80, host=free_port, address="127.0.0.1")]
    container = make("sh", "-c", "while :; do nc -l -p 80 -e cat; done", ports=ports)
    container.start(owner=os.getpid()).close()
    assert [port.host for port in container.state.ports] == [free_port]
    assert _echo(free_port, b"hello" * 100_000) == b"hello" * 100_000
    with pytest.raises(CannotStart, match=rf"Bind for 127.0.0.1:{free_port} failed: port is already allocated"):
        make("true", ports=ports).start()
    container.remove(force=True)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port), 1)


@pytest.mark.usefixtures("namespaces")
def test_a_port_leads_to_a_program_with_another_user(make: Make) -> None:
    """The network is the container's, whichever user namespace its program went on to."""
    container = make(
        "sh", "-c", "while :; do nc -l -p 8080 -e id -u; done", user="1000", ports=list(parse_port("127.0.0.1::8080"))
    )
    container.start(owner=os.getpid()).close()
    assert _echo(container.state.ports[0].host, b"") == b"1000\n"


def _echo(port: int, data: bytes) -> bytes:
    import threading

    for _ in range(100):
        got = b""
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sender = threading.Thread(target=lambda s=sock: (s.sendall(data), s.shutdown(socket.SHUT_WR)), daemon=True)
            sender.start()
            try:
                while piece := sock.recv(1 << 16):
                    got += piece
            except ConnectionResetError:
                got = b""
            sender.join()
        if got:
            return got
        time.sleep(0.05)  # the program is not listening yet
    return b""


@pytest.mark.usefixtures("namespaces")
def test_a_free_port_is_found(make: Make) -> None:
    """``-p 80`` takes any."""
    container = make("sleep", "100", ports=list(parse_port("127.0.0.1::80")))
    container.start(owner=os.getpid()).close()
    (port,) = container.state.ports
    assert port.host > 0
    assert str(port) == f"127.0.0.1:{port.host}->80/tcp"


def test_on_the_hosts_network_a_port_cannot_be_another(make: Make) -> None:
    """It can be repeated."""
    make("true", network="host", ports=parse_port("80:80"))
    with pytest.raises(NotSupported, match=r"container's port 80 is this machine's port 80.*--network none -p 8080:80"):
        make("true", network="host", ports=parse_port("8080:80"))


def test_limits_are_held_by_cgroups_where_they_can_be_written(make: Make) -> None:
    """A program that takes too much memory is killed; the number of processes is limited."""
    if not {"memory", "pids", "cpu"} <= set(cgroups.writable()):
        pytest.skip("needs cgroups that can be written to")
    notices: list[str] = []
    limits = Limits(memory=32 << 20, pids=10, cpus=0.5)
    container = make("sh", "-c", "tail /dev/zero; echo $?", limits=limits, on_notice=notices.append)
    assert finish(container)[1] == "137\n"
    assert notices == []
    greedy = make("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 1 & done; wait", limits=limits)
    assert "can't fork" in finish(greedy)[2]
    for folder in set(cgroups.writable().values()):
        assert not list(Path(folder).glob("dockmagic-*"))


def test_limits_that_cannot_be_held_are_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is held instead is: by resource limits, for each process."""
    monkeypatch.setattr(cgroups, "writable", dict)
    notices: list[str] = []
    container = make(
        "sh", "-c", "tail /dev/zero", limits=Limits(memory=32 << 20, cpus=1, pids=50), on_notice=notices.append
    )
    code, _, err = finish(container)
    assert code == 1
    assert "out of memory" in err
    assert [notice.partition(" ")[0] for notice in notices] == ["--memory", "--cpus", "--pids-limit"]
    assert all("no" in notice and "cgroup can be written to" in notice for notice in notices)


def test_ulimits_are_set(run: Run, make: Make) -> None:
    """For what ``exec`` runs too."""
    limits = Limits(ulimits=(("nofile", 100, 200), ("core", 0, 0)))
    assert run("sh", "-c", "ulimit -n; ulimit -Hn; ulimit -c", limits=limits)[1] == "100\n200\n0\n"
    container = make("sleep", "100", limits=limits)
    container.start(owner=os.getpid()).close()
    out: list[bytes] = []
    with container.exec(["sh", "-c", "ulimit -n"]) as session:
        session.follow(lambda _, data: out.append(data))
    assert out == [b"100\n"]


@pytest.mark.parametrize("limit", [("nofile", 1 << 40, 1 << 40), ("nofile", -1, -1)])
def test_a_limit_that_the_kernel_refuses_is_told(make: Make, limit: tuple[str, int, int]) -> None:
    """With docker's exit code for a container that cannot start."""
    with pytest.raises(CannotStart, match=r"error setting rlimit type 7: operation not permitted") as caught:
        make("true", limits=Limits(ulimits=(limit,))).start()
    assert caught.value.exit_code == 125


def test_hosts_and_name_servers_can_be_given(run: Run) -> None:
    """``--add-host``, ``--dns``, ``--dns-search``."""
    script = "grep extra /etc/hosts; grep -c nameserver /etc/resolv.conf; grep -E '192|search' /etc/resolv.conf"
    _, out, _ = run("sh", "-c", script, add_host=[("extra", "192.0.2.7")], dns=["192.0.2.1"], dns_search=["a.test"])
    assert out.splitlines()[:2] == ["192.0.2.7\textra", "1"]
    assert sorted(out.splitlines()[2:]) == ["nameserver 192.0.2.1", "search a.test"]
    assert run("cat", "/etc/hostname", hostname="box")[1] == "box\n"
    with pytest.raises(InvalidInput, match="x is not an ip address"):
        run("true", dns=["x"])


@pytest.mark.usefixtures("namespaces")
def test_an_init_reaps_and_hands_on_signals(make: Make) -> None:
    """It is process 1, and the command its child."""
    try:
        reaper.find_reaper()
    except NotSupported as error:
        pytest.skip(str(error))
    container = make("sh", "-c", "echo $$; cat /proc/1/comm; exit 3", init=True)
    code, out, _ = finish(container)
    assert code == 3
    assert out.split()[0] != "1"
    assert container.changes() == []


@pytest.mark.usefixtures("namespaces")
def test_the_machines_authorities_are_seen_where_an_image_has_none(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They can be replaced, and are in no commit."""
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("these\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    place = "/etc/ssl/certs/ca-certificates.crt"
    container = make("sh", "-c", f"cat {place}; stat -c '%a %u' {place} /etc/ssl", network="host")
    assert finish(container)[1] == "these\n644 0\n755 0\n"
    assert container.changes() == []
    replaced = make("sh", "-c", f"echo own > /etc/x; mv /etc/x {place}; cat {place}", network="host")
    assert finish(replaced)[1] == "own\n"
    assert [c.path for c in replaced.changes() if c.letter == "A"][-1] == place
    image = commit(replaced)
    assert finish(make("cat", place, network="none", image=image))[1] == "own\n"
    assert finish(make("ls", "/etc/ssl", network="none"))[0] == 1


def certificate(text: str) -> str:
    """What looks like one."""
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


@pytest.mark.usefixtures("namespaces")
def test_authorities_that_were_added_here_stand_beside_those_of_an_image(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A proxy's, for one: programs find them, the image's files stay as they are, and no commit has them."""
    place = "/etc/ssl/certs/ca-certificates.crt"
    bundle = tmp_path / "bundle.crt"
    bundle.write_text(certificate("b3Vycw==") + certificate("Ym90aA=="))
    theirs = certificate("dGhlaXJz") + certificate("Ym90aA==")
    script = f"mkdir -p -m 750 /etc/ssl/certs; chmod 711 /etc/ssl; cat > {place}"
    made = make("sh", "-c", script, interactive=True)
    finish(made, stdin=theirs.encode())
    image = commit(made)

    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    container = make("sh", "-c", f"cat {place}; stat -c %a /etc/ssl /etc/ssl/certs", network="host", image=image)
    assert finish(container)[1].startswith(theirs)
    seen = finish(container)[1].removeprefix(theirs)
    assert certificate("b3Vycw==") in seen
    assert certificate("Ym90aA==") not in seen
    assert seen.endswith("711\n750\n")
    assert container.changes() == []
    changed = make("sh", "-c", f"rm {place}; echo own > {place}", network="host", image=image)
    finish(changed)
    above = ["/etc", "/etc/ssl", "/etc/ssl/certs"]
    assert [(change.letter, change.path) for change in changed.changes()] == [("C", path) for path in (*above, place)]
    assert finish(make("cat", place, network="none", image=image))[1] == theirs


def test_device_nodes_open_no_device(run: Run, tmp_path: Path) -> None:
    """Root in a container may make a node; neither there nor in a volume does it lead to the machine's disks."""
    place = tmp_path / "shared"
    place.mkdir()
    mount = Mount(type="bind", target="/mnt", source=str(place))
    script = "for d in /tmp /mnt /dev /var; do mknod $d/node c 1 5; head -c 4 $d/node; done"
    assert run("sh", "-c", script, mounts=[mount])[1] == ""


def test_without_a_log_only_who_started_it_hears(make: Make) -> None:
    """Nothing is kept on disk."""
    container = make("sh", "-c", "cat; echo err >&2; exit 4", keep_log=False, interactive=True)
    assert finish(container, stdin=b"in\n") == (4, "in\n", "err\n")
    assert not (container.folder / "log").exists()
    with pytest.raises(NotSupported, match="who started it only"):
        container.attach()


def test_an_id_file_is_written_once(make: Make, tmp_path: Path) -> None:
    """``--cidfile``: never over another one's, and not left behind where nothing was made."""
    path = tmp_path / "cid"
    container = make("true", cidfile=path)
    assert path.read_text() == container.id
    with pytest.raises(Conflict, match=re.escape(f"or delete {path}")):
        make("true", cidfile=path)
    with pytest.raises(InvalidInput):
        make("true", cidfile=tmp_path / "other", dns=["x"])
    assert not (tmp_path / "other").exists()
