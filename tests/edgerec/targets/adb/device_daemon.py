"""A phone for a real adb server: the device's side of the adb protocol over TCP, its commands run on this machine.

A program like Android's own adbd, started with a folder to live in; killing it is unplugging the phone. What a command
says of /data/local/tmp is told to lie in that folder, and it finds only the programs that Android has. Every file that
is pushed is one line of the folder's `pushed` (bytes and path).
"""

import argparse
import os
import queue
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

TMP = "/data/local/tmp"
MAX_BYTES, OLD_MAX_BYTES, VERSION = 256 * 1024, 4096, 0x01000001
TOKEN = 1
STDOUT, STDERR, EXIT = 1, 2, 3
PROGRAMS = (
    *("[", "cat", "chmod", "cp", "cut", "date", "dd", "dirname", "du", "echo", "env", "false", "find", "getconf"),
    *(
        "grep",
        "gzip",
        "head",
        "id",
        "kill",
        "ln",
        "ls",
        "mkdir",
        "mkfifo",
        "mktemp",
        "mv",
        "nohup",
        "printf",
        "ps",
        "pwd",
    ),
    *(
        "readlink",
        "rm",
        "rmdir",
        "sed",
        "setsid",
        "sh",
        "sha256sum",
        "sleep",
        "sort",
        "stat",
        "sync",
        "tail",
        "tar",
        "test",
    ),
    *("timeout", "touch", "tr", "true", "uname", "wc", "which", "xargs"),
)


class GoneError(Exception):
    """The host closed the stream or the connection."""


class Stream:
    """One service that the host opened: what it wrote, and what is written to it, each piece when the last is taken."""

    def __init__(self, link: "Link", here: int, there: int) -> None:
        self.link, self.here, self.there = link, here, there
        self.came: queue.Queue[bytes | None] = queue.Queue()
        self.free, self.closed, self.kept = threading.Semaphore(1), threading.Event(), b""

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), self.link.most):
            self.free.acquire()
            if self.closed.is_set():
                raise GoneError
            self.link.send(b"WRTE", self.here, self.there, data[start : start + self.link.most])

    def read(self, count: int) -> bytes:
        while len(self.kept) < count:
            more = self.came.get()
            if more is None:
                raise GoneError
            self.kept += more
            self.link.send(b"OKAY", self.here, self.there)
        taken, self.kept = self.kept[:count], self.kept[count:]
        return taken

    def end(self) -> None:
        self.closed.set()
        self.came.put(None)
        self.free.release()


class Link:
    """One connection of a host."""

    def __init__(self, phone: "Phone", connection: socket.socket) -> None:
        self.phone, self.connection, self.most = phone, connection, phone.most
        self.sending, self.streams = threading.Lock(), {}

    def send(self, command: bytes, first: int = 0, second: int = 0, data: bytes = b"") -> None:
        number = int.from_bytes(command, "little")
        head = struct.pack("<6I", number, first, second, len(data), sum(data) & 0xFFFFFFFF, number ^ 0xFFFFFFFF)
        with self.sending:
            try:
                self.connection.sendall(head + data)
            except OSError:
                raise GoneError from None

    def serve(self) -> None:
        with self.connection, self.connection.makefile("rb") as incoming:
            try:
                while len(head := incoming.read(24)) == 24:
                    number, first, second, length, _, _ = struct.unpack("<6I", head)
                    self.answer(number.to_bytes(4, "little"), first, second, incoming.read(length))
            except (OSError, GoneError):
                pass
        for stream in list(self.streams.values()):
            stream.end()

    def answer(self, command: bytes, first: int, second: int, data: bytes) -> None:
        if command == b"CNXN" and not self.phone.authorized:
            self.send(b"AUTH", TOKEN, 0, secrets.token_bytes(20))
        elif command == b"CNXN":
            self.most = min(second, self.phone.most)
            self.send(b"CNXN", VERSION, self.phone.most, self.phone.banner)
        elif command == b"AUTH" and first == 2:  # signed with a key that nobody has allowed here
            self.send(b"AUTH", TOKEN, 0, secrets.token_bytes(20))
        elif command == b"OPEN":
            stream = Stream(self, len(self.streams) + 1, first)
            self.streams[stream.here] = stream
            threading.Thread(target=self.run, args=(stream, data.rstrip(b"\0").decode()), daemon=True).start()
        elif command == b"WRTE":
            if second in self.streams:
                self.streams[second].came.put(data)
        elif command == b"OKAY":
            if second in self.streams:
                self.streams[second].free.release()
        elif command == b"CLSE" and second in self.streams:
            self.streams[second].end()

    def run(self, stream: Stream, service: str) -> None:
        kind, _, rest = service.partition(":")
        name, *options = kind.split(",")
        try:
            if name in ("shell", "exec") and rest:
                self.send(b"OKAY", stream.here, stream.there)
                command(self.phone, stream, rest, packets="v2" in options)
            elif name == "sync":
                self.send(b"OKAY", stream.here, stream.there)
                sync(self.phone, stream)
            self.send(b"CLSE", stream.here if name in ("shell", "exec", "sync") else 0, stream.there)
        except GoneError:
            pass


class Phone:
    """What stays the same from one connection to the next."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.folder, self.space, self.authorized = asked.folder.resolve(), asked.space, not asked.unauthorized
        properties = "ro.product.name=test;ro.product.model=Test Phone;ro.product.device=test"
        self.banner = f"device::{properties};features={asked.features}\0".encode()
        self.most = MAX_BYTES if "shell_v2" in asked.features else OLD_MAX_BYTES
        programs = self.folder / "system" / "bin"
        shutil.rmtree(programs, ignore_errors=True)
        programs.mkdir(parents=True)
        for name in (*PROGRAMS, *filter(None, asked.programs.split(","))):
            if found := shutil.which(name):
                (programs / name).symlink_to(found)
        script(programs / "getprop", f'case "$1" in\nro.product.cpu.abi) echo {asked.abi} ;;\n*) echo ;;\nesac\n')
        says = self.folder / "dumpsys"
        script(programs / "dumpsys", f'cat "{says}/$1" 2>/dev/null || echo "Can\'t find service: $1"\n')
        free = "$(($(cat free) / 1024))" if self.space is not None else "99999999"
        script(
            programs / "df",
            f'cd "{self.folder}"\necho "Filesystem 1K-blocks Used Available Use% Mounted on"\n'
            f'echo "/dev/block/dm-5 99999999 1 {free} 1% /data"\n',
        )
        self.tell_free()
        (self.folder / TMP[1:]).mkdir(parents=True, exist_ok=True)
        self.environment = {"PATH": str(programs), "HOME": "/", "TMPDIR": str(self.folder / TMP[1:])}

    def path(self, told: str) -> Path:
        return Path(self.mapped(told))

    def mapped(self, text: str) -> str:
        return text.replace(TMP, f"{self.folder}{TMP}")

    def tell_free(self) -> None:
        (self.folder / "free").write_text(str(self.space or 0))


def script(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{text}")
    path.chmod(0o755)


def command(phone: Phone, stream: Stream, text: str, *, packets: bool) -> None:
    """Run a command as Android's shell does: its three streams in packets, or both outputs as one plain stream."""

    def packet(kind: int, data: bytes) -> None:
        stream.write(struct.pack("<BI", kind, len(data)) + data if packets else data)

    process = subprocess.Popen(
        ["/bin/sh", "-c", phone.mapped(text)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if packets else subprocess.STDOUT,
        cwd=phone.folder,
        env=phone.environment,
        start_new_session=True,
    )

    def copy(kind: int, source: object) -> None:
        try:
            while data := os.read(source.fileno(), 4096):
                # What an old phone's terminal does to the end of a line.
                packet(kind, data if packets else data.replace(b"\n", b"\r\n"))
        except (GoneError, OSError):
            pass

    outputs = [(STDOUT, process.stdout), *([(STDERR, process.stderr)] if packets else [])]
    copies = [threading.Thread(target=copy, args=output, daemon=True) for output in outputs]
    for each in copies:
        each.start()
    while any(each.is_alive() for each in copies):
        if stream.closed.wait(0.02):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGHUP)
            break
    process.wait()
    if packets:
        packet(EXIT, bytes([process.returncode & 0xFF]))


def sync(phone: Phone, stream: Stream) -> None:
    """Answer file requests: STAT, LIST, SEND and RECV of the first version of the protocol."""
    while True:
        kind, length = struct.unpack("<4sI", stream.read(8))
        if kind == b"QUIT":
            return
        told = stream.read(length).decode()
        if kind == b"STAT":
            stream.write(b"STAT" + stat(phone.path(told)))
        elif kind == b"LIST":
            for path in sorted(phone.path(told).iterdir()):
                name = path.name.encode()
                stream.write(b"DENT" + stat(path) + struct.pack("<I", len(name)) + name)
            stream.write(b"DONE" + bytes(16))
        elif kind == b"SEND":
            receive(phone, stream, *told.rsplit(",", 1))
        elif kind == b"RECV":
            give(stream, phone.path(told))
        else:
            fail(stream, f"unknown command {kind!r}")
            return


def receive(phone: Phone, stream: Stream, told: str, mode: str) -> None:
    """Write a file as it comes, as Android does: where the host goes away in the middle, half of it is there."""
    path, taken, problem = phone.path(told), 0, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    except OSError as why:
        problem = f"couldn't create file: {why.strerror}"
    while (head := struct.unpack("<4sI", stream.read(8)))[0] == b"DATA":
        data = stream.read(head[1])
        taken += len(data)
        if phone.space is not None and taken > phone.space:
            problem = problem or "write failed: No space left on device"
        if not problem:
            with path.open("ab") as file:
                file.write(data)
    with (phone.folder / "pushed").open("a") as log:
        log.write(f"{taken} {told}\n")
    if problem:
        path.unlink(missing_ok=True)
        fail(stream, problem)
        return
    path.chmod(int(mode) & 0o777)
    if phone.space is not None:
        phone.space -= taken
        phone.tell_free()
    stream.write(b"OKAY" + bytes(4))


def give(stream: Stream, path: Path) -> None:
    try:
        data = path.read_bytes()
    except OSError as why:
        fail(stream, f"open failed: {why.strerror}")
        return
    for start in range(0, len(data), 65536):
        piece = data[start : start + 65536]
        stream.write(b"DATA" + struct.pack("<I", len(piece)) + piece)
    stream.write(b"DONE" + bytes(4))


def stat(path: Path) -> bytes:
    try:
        found = path.lstat()
    except OSError:
        return bytes(12)
    return struct.pack("<3I", found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime))


def fail(stream: Stream, why: str) -> None:
    stream.write(b"FAIL" + struct.pack("<I", len(why)) + why.encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--abi", default="x86_64")
    parser.add_argument("--features", default="shell_v2,cmd")
    parser.add_argument("--programs", default="", help="of this machine, beyond Android's own")
    parser.add_argument("--space", type=int, help="bytes that may be pushed")
    parser.add_argument("--unauthorized", action="store_true")
    asked = parser.parse_args()
    phone = Phone(asked)
    with socket.create_server(("127.0.0.1", asked.port)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Link(phone, connection).serve, daemon=True).start()


if __name__ == "__main__":
    main()
