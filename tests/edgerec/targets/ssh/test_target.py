"""Benches over ssh against OpenSSH's own server on loopback, with keys, hosts and configuration of the test's own."""

import getpass
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edgerec.progress import silent
from edgerec.targets import architecture, environment, local
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.job import Job
from edgerec.targets.naming import target_of
from edgerec.targets.remote.device import RemoteDevice
from edgerec.targets.remote.store import Store, tree_digest
from edgerec.targets.shell import ConnectionLostError, NoSpaceError
from edgerec.targets.ssh import address, connection
from edgerec.targets.ssh.connection import CONFIG
from edgerec.targets.ssh.shell import SshShell
from edgerec.targets.ssh.target import Ssh
from edgerec.targets.target import RunError, UnreachableError

RUNTIME = environment.DEFAULT
LONG = 10**6  # calls: seconds, where a test needs a moment
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the device is this machine, which has to be Linux"),
]


@dataclass
class Server:
    """An ssh server on loopback: a board that has the runtime in its own Python."""

    program: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def target(self) -> str:
        return f"ssh://127.0.0.1:{self.port}"

    @property
    def client(self) -> Path:
        return self.folder / "client"

    @property
    def device(self) -> Path:
        """The device's folder of edgerec's."""
        return self.folder / "home" / ".cache" / "edgerec" / "device"

    def start(self, before: Sequence[str] = ()) -> None:
        words = [*before, self.program, "-D", "-e", "-f", str(self.folder / "server")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(words, stderr=log)
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        pytest.fail((self.folder / "log").read_text())

    def stop(self) -> None:
        """End the server and every connection, as a board does whose cable is pulled."""
        assert self.process is not None
        sessions = children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pid in sessions:
            os.kill(pid, signal.SIGKILL)

    def drop(self) -> int:
        """End every connection, as a network does, and tell how many: what was started over them goes on."""
        assert self.process is not None
        sessions = children_of(self.process.pid)
        for pid in sessions:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(sessions)

    def left(self) -> list[str]:
        """List what a run left on the device beside the store."""
        return sorted(path.name for path in self.device.glob("*") if path.name != "store" and any_in(path))


def any_in(path: Path) -> bool:
    return path.is_symlink() or path.is_file() or any(path.iterdir())


def children_of(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def harnesses(server: Server) -> list[int]:
    """List the processes that run a harness of this server's device."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            said = words.read_bytes().split(b"\0")
            if said[1:2] == [b"-IB"] and str(server.device).encode() in said[2]:
                found.append(int(words.parent.name))
    return found


def make_server(program: str, keygen: str, folder: Path, path: str) -> Server:
    """Give a server whose commands are found in `path`, a PATH."""
    for name in ("host", "key", "stranger"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "home").mkdir()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's own server wants to lock itself up
    (folder / "server").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\nStrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/key.pub\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"PermitRootLogin yes\nMaxStartups 100\nSetEnv HOME={folder}/home PATH={path}\n"
    )
    host = (folder / "host.pub").read_text()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {host}")
    (folder / "client").write_text(
        f"User {getpass.getuser()}\nIdentityFile {folder}/key\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known\n"
        "GlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n"
    )
    return Server(program, folder, port)


@pytest.fixture(scope="session")
def new_server(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Server]:
    """Return a function that makes a server for a PATH, by default one on which the runtime's own Python is found."""
    program, keygen = tool("sshd"), str(Path(tool("ssh")).with_name("ssh-keygen"))
    with_runtime = f"{environment.python_for(RUNTIME).parent}:{os.environ['PATH']}"
    return lambda path=with_runtime: make_server(program, keygen, tmp_path_factory.mktemp("ssh"), path)


@pytest.fixture(scope="session")
def shared(new_server: Callable[..., Server]) -> Iterator[Server]:
    made = new_server()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def server(shared: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv(CONFIG, str(shared.client))
    yield shared
    shared.drop()
    shutil.rmtree(shared.device, ignore_errors=True)


@pytest.fixture
def ssh(server: Server) -> Ssh:
    target = target_of(server.target)
    assert isinstance(target, Ssh)
    return target


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the bytes of each file that is put on a device from now on."""
    sizes: list[int] = []
    real = SshShell.put

    def counted(shell: SshShell, local: Path, remote: str) -> None:
        sizes.append(local.stat().st_size)
        real(shell, local, remote)

    monkeypatch.setattr(SshShell, "put", counted)
    return sizes


@pytest.fixture
def job(bundle_path: Path) -> Job:
    return Job(bundle_path, RUNTIME, calls=20)


def test_a_bundle_is_measured_over_ssh_and_nothing_of_the_run_stays(ssh: Ssh, server: Server, job: Job) -> None:
    heard: list[str] = []
    with ssh.opened(RUNTIME, progress=silent) as device:
        ran = device.run(replace(job, lists=True), progress=heard.append)
    assert ran.report.board.runtime == RUNTIME.name
    assert ran.report.latency is not None
    assert len(ran.report.latency.warm_ns) == 20
    assert ran.lists is not None
    assert heard[-3:] == ["memory", "latency", "quality"]
    assert server.left() == []
    assert harnesses(server) == []


def test_a_trace_goes_to_the_device_too(ssh: Ssh, server: Server, job: Job, tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text("0\n3\n")
    asked = replace(job, only=("latency",), ids="trace", trace=trace)
    with ssh.opened(RUNTIME, progress=silent) as device:
        latency = device.run(asked, progress=silent).report.latency
        assert latency is not None
        assert latency.ids == "trace"
        trace.write_text("0\n1000000\n")
        with pytest.raises(RunError, match="input 'user' was given id 1000000"):
            device.run(asked, progress=silent)
    assert server.left() == []


def test_an_unchanged_bundle_costs_no_transfer(ssh: Ssh, job: Job, sent: list[int]) -> None:
    with ssh.opened(RUNTIME, progress=silent) as device:
        device.run(replace(job, only=("latency",)), progress=silent)
    assert sum(sent) > job.file.stat().st_size
    sent.clear()
    with ssh.opened(RUNTIME, progress=silent) as device:
        device.run(replace(job, only=("quality",)), progress=silent)
    assert sent == []


@pytest.mark.slow
def test_a_board_without_the_runtime_is_sent_the_capsule_once(
    new_server: Callable[..., Server],
    kept_capsule: Callable[..., Capsule],
    job: Job,
    sent: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = architecture.here()
    if here is None:
        pytest.skip("no capsule is for this machine")
    found = kept_capsule(here.name)
    asked = replace(job, runtime=environment.PREFERRED, only=("quality",), lists=True)
    board = new_server("/usr/bin:/bin")
    monkeypatch.setenv(CONFIG, str(board.client))
    board.start()
    try:
        with target_of(board.target).opened(asked.runtime, progress=silent) as device:
            first = device.run(asked, progress=silent)
        assert sum(sent) > 2**20
        sent.clear()
        with target_of(board.target).opened(asked.runtime, progress=silent) as device:
            second = device.run(asked, progress=silent)
        assert sent == []
        assert board.left() == []
    finally:
        board.stop()
    assert (board.device / "store" / tree_digest(found.folder)).is_dir()
    assert first.report.board.python.startswith("3.11.")
    assert first.lists == second.lists == local.run(replace(asked, runtime=RUNTIME)).lists


def test_what_lies_damaged_in_the_store_is_sent_again(ssh: Ssh, server: Server, job: Job) -> None:
    with ssh.opened(RUNTIME, progress=silent) as device:
        device.run(replace(job, only=("latency",)), progress=silent)
        stored = server.device / "store" / hashlib.sha256(job.file.read_bytes()).hexdigest()
        damaged = bytearray(stored.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        stored.write_bytes(damaged)
        device.run(replace(job, only=("latency",)), progress=silent)
    assert stored.read_bytes() == job.file.read_bytes()


def test_a_run_goes_on_while_the_connection_is_broken_and_is_taken_up(ssh: Ssh, server: Server, job: Job) -> None:
    heard: list[str] = []
    dropped: list[int] = []

    def drop(phase: str) -> None:
        heard.append(phase)
        if phase == "latency":
            dropped.append(server.drop())

    with ssh.opened(RUNTIME, progress=silent) as device:
        ran = device.run(replace(job, calls=LONG // 10), progress=drop)
    assert ran.report.latency is not None
    assert len(ran.report.latency.warm_ns) == LONG // 10
    assert ran.report.quality is not None
    assert dropped == [1]
    assert [line for line in heard if not line.startswith(("connecting", "sending"))] == [
        "memory",
        "latency",
        "quality",
    ]
    assert server.left() == []


def test_a_run_that_a_killed_bench_left_is_taken_up_by_the_next(ssh: Ssh, server: Server, job: Job) -> None:
    long = replace(job, calls=LONG // 4, only=("latency",))
    bench = start_bench(server, long)
    harness = wait_for_harness(server)
    bench.kill()
    bench.wait()
    heard: list[str] = []
    with ssh.opened(RUNTIME, progress=silent) as device:
        assert harnesses(server) == harness
        ran = device.run(long, progress=heard.append)
    assert ran.report.latency is not None
    assert heard == ["latency"]
    assert server.left() == []


def test_a_device_that_does_not_come_back_is_one_sentence_and_its_run_is_kept(
    ssh: Ssh, server: Server, job: Job
) -> None:
    long = replace(job, calls=LONG // 4, only=("latency",))

    def vanish(phase: str) -> None:
        if phase == "latency":
            server.stop()

    with ssh.opened(RUNTIME, progress=silent) as device, pytest.raises(ConnectionLostError) as lost:
        replace(device, reconnect_s=1.0).run(long, progress=vanish)
    assert "Nothing answers ssh at" in str(lost.value)
    assert "It was not back after 1 s. What ran there goes on: run the same command again" in str(lost.value)
    server.start()
    with ssh.opened(RUNTIME, progress=silent) as device:
        assert device.run(long, progress=silent).report.latency is not None
    assert server.left() == []


def test_ctrl_c_ends_the_harness_there_and_leaves_nothing(server: Server, job: Job) -> None:
    bench = start_bench(server, replace(job, calls=LONG, only=("latency",)))
    wait_for_harness(server)
    bench.send_signal(signal.SIGINT)
    bench.wait(30)
    gone(server)
    assert server.left() == []


def test_a_run_that_takes_too_long_is_ended_by_the_device(ssh: Ssh, server: Server, job: Job) -> None:
    with ssh.opened(RUNTIME, progress=silent) as device, pytest.raises(RunError) as late:
        device.run(replace(job, calls=LONG, only=("latency",), time_limit_s=2), progress=silent)
    assert str(late.value).startswith("The harness was not done after 2 s, in phase ")
    gone(server)
    assert server.left() == []


@pytest.mark.parametrize(("number", "cause"), [(signal.SIGSEGV, "the runtime cannot run"), (signal.SIGKILL, "memory")])
def test_a_harness_that_dies_of_a_signal_there_is_one_sentence(
    ssh: Ssh, server: Server, job: Job, number: signal.Signals, cause: str
) -> None:
    def kill(phase: str) -> None:
        if phase == "latency":
            os.kill(harnesses(server)[0], number)

    with ssh.opened(RUNTIME, progress=silent) as device, pytest.raises(RunError) as died:
        device.run(replace(job, calls=LONG, only=("latency",)), progress=kill)
    assert f"killed by {number.name} in phase latency under {RUNTIME}: most likely {cause}" in str(died.value)
    assert server.left() == []


def test_what_the_harness_refuses_there_names_the_file_as_it_is_called_here(
    ssh: Ssh, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "no.tflite").write_bytes(b"not a model")
    with (
        ssh.opened(RUNTIME, progress=silent) as device,
        pytest.raises(RunError, match=r"^no\.tflite is neither a bundle nor"),
    ):
        device.run(Job(tmp_path / "no.tflite", RUNTIME), progress=silent)
    assert server.left() == []


def test_two_benches_of_one_device_measure_one_after_the_other(ssh: Ssh, server: Server, job: Job) -> None:
    """The second is the same job as the first, which is followed: it runs on its own, after the first."""
    long = replace(job, calls=LONG // 2, only=("latency",))
    at_once: list[int] = []
    heard: list[str] = []

    def watch(phase: str) -> None:
        heard.append(phase)
        if phase == "latency":
            at_once.append(len(harnesses(server)))

    first = start_bench(server, long)
    wait_for_harness(server)
    with ssh.opened(RUNTIME, progress=silent) as device:
        device.run(long, progress=watch)
    assert first.wait(60) == 0
    assert heard == ["waiting for another run on the device", "latency"]
    assert at_once == [1]
    assert server.left() == []


def test_the_lock_of_a_process_that_is_gone_holds_nobody_up(ssh: Ssh, server: Server, job: Job) -> None:
    server.device.mkdir(parents=True)
    (server.device / "lock").symlink_to("1.1")  # process 1 lives, and was not started in that tick
    heard: list[str] = []
    with ssh.opened(RUNTIME, progress=silent) as device:
        device.run(replace(job, only=("latency",)), progress=heard.append)
    assert heard[-1:] == ["latency"]
    assert not any("waiting" in line for line in heard)
    assert server.left() == []


def test_clean_removes_the_store_and_refuses_while_a_run_goes_on(ssh: Ssh, server: Server, job: Job) -> None:
    bench = start_bench(server, replace(job, calls=LONG, only=("latency",)))
    wait_for_harness(server)
    with pytest.raises(UnreachableError, match="A run goes on"):
        ssh.clean()
    bench.send_signal(signal.SIGINT)
    bench.wait(30)
    ssh.clean()
    assert not server.device.exists()


# A full disk in a mount namespace of its own, where the server and so every session of it lives.
SMALL_DISK = 'mount -t tmpfs -o size=1200k none "$1/home" && shift && exec "$@"'


def test_a_device_without_space_is_one_sentence_with_both_figures(
    new_server: Callable[..., Server], tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True).returncode:
        pytest.skip("this system gives no namespace to mount a small disk in")
    server = new_server()
    server.start((*unshare, "sh", "-c", SMALL_DISK, "sh", str(server.folder)))
    monkeypatch.setenv(CONFIG, str(server.client))
    big = tmp_path / "big.tflite"
    big.write_bytes(bytes(1 << 20))
    try:
        with Ssh(address.parse(f"//127.0.0.1:{server.port}")).opened(RUNTIME, progress=silent) as device:
            told_before = refused_for_space(device, replace(job, file=big))
            # What does not say how much is free is believed until it is full.
            monkeypatch.setattr(Store, "_refuse_full", lambda *_: None)
            told_when_full = refused_for_space(device, replace(job, file=big_with(big, 2 << 20)))
            left = device.shell.ask(("ls", "-A", f"{device.shell.folder}/store")).out
    finally:
        server.stop()
    assert "no room for big.tflite: it needs 1,048,576 bytes and " in told_before
    assert "no room for big.tflite: it needs 2,097,152 bytes and " in told_when_full
    assert left == ""


def refused_for_space(device: RemoteDevice, job: Job) -> str:
    with pytest.raises(NoSpaceError) as refused:
        device.run(job, progress=silent)
    return str(refused.value)


def big_with(path: Path, size_bytes: int) -> Path:
    path.write_bytes(bytes(size_bytes))
    return path


def refused(target: str) -> str:
    with pytest.raises(UnreachableError) as why, target_of(target).opened(RUNTIME, progress=silent):
        pass
    return str(why.value)


def configured(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Use the client's configuration with other settings."""
    lines = dict(line.split(maxsplit=1) for line in server.client.read_text().splitlines()) | changes
    (tmp_path / "client").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
    monkeypatch.setenv(CONFIG, str(tmp_path / "client"))


def test_another_host_key_than_before_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = (server.folder / "stranger.pub").read_text()
    (tmp_path / "known").write_text(f"[127.0.0.1]:{server.port} {other}")
    configured(server, tmp_path, monkeypatch, UserKnownHostsFile=str(tmp_path / "known"))
    said = refused(server.target)
    assert said.startswith(f"The host key of {server.target} is not the one it had before")
    assert f"ssh-keygen -R '[127.0.0.1]:{server.port}'" in said


@pytest.mark.parametrize("checking", ["yes", "ask"])
def test_a_host_key_that_nobody_accepted_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checking: str
) -> None:
    configured(server, tmp_path, monkeypatch, UserKnownHostsFile="/dev/null", StrictHostKeyChecking=checking)
    said = refused(server.target)
    assert said.startswith(f"The host key of {server.target} is not known yet. Run `ssh -p {server.port} 127.0.0.1`")


def test_a_key_that_is_not_the_users_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(server, tmp_path, monkeypatch, IdentityFile=str(server.folder / "stranger"))
    assert "does not let this user in" in refused(server.target)


def test_nobody_at_the_port_is_refused(server: Server) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert refused(f"ssh://127.0.0.1:{closed.getsockname()[1]}").startswith("Nothing answers ssh at")


def test_a_host_that_is_none_is_refused(server: Server) -> None:
    assert refused("ssh://no-such-board.invalid").startswith("No host is called no-such-board.invalid.")


def test_who_accepts_and_says_nothing_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CONNECT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent_one:
        assert "did not answer in time" in refused(f"ssh://127.0.0.1:{silent_one.getsockname()[1]}")


def test_nothing_of_a_connection_stays_here(ssh: Ssh, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ssh.connected() as shell:
        assert shell.ask(("echo", "a b", "'", "$HOME", "*")).out == "a b ' $HOME *\n"
        assert len(list(tmp_path.iterdir())) == 1
        assert "ssh" in programs_of(os.getpid())
    assert list(tmp_path.iterdir()) == []
    assert "ssh" not in programs_of(os.getpid())


def programs_of(parent: int) -> list[str]:
    return [Path(f"/proc/{pid}/comm").read_text().strip() for pid in children_of(parent)]


BENCH = """
import sys
from pathlib import Path
from edgerec.progress import silent
from edgerec.targets.environment import parse
from edgerec.targets.job import Job
from edgerec.targets.naming import target_of
target, file, runtime, calls = sys.argv[1:]
job = Job(Path(file), parse(runtime), calls=int(calls), only=("latency",))
with target_of(target).opened(job.runtime, progress=silent) as device:
    device.run(job, progress=silent)
"""


def start_bench(server: Server, job: Job) -> subprocess.Popen[bytes]:
    """Start a bench in a process of its own, which tests may kill."""
    words = [sys.executable, "-c", BENCH, server.target, str(job.file), str(job.runtime), str(job.calls)]
    return subprocess.Popen(words, stderr=subprocess.DEVNULL)


def wait_for_harness(server: Server) -> list[int]:
    for _ in range(400):
        if found := harnesses(server):
            return found
        time.sleep(0.05)
    return pytest.fail("no harness was started on the device")


def gone(server: Server) -> None:
    for _ in range(100):
        if not harnesses(server):
            return
        time.sleep(0.05)
    pytest.fail(f"still there: {harnesses(server)}")
