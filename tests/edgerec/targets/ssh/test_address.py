"""Addresses of boards: what a user may write, what ssh is given for it, and what is no address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.targets.ssh.address import Address, parse
from edgerec.targets.target import UnreachableError

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
HOSTS = NAMES | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(lambda address: f"[{address}]")
ADDRESSES = st.builds(Address, HOSTS, st.none() | NAMES, st.none() | st.integers(1, 65_535))


@pytest.mark.parametrize(
    ("rest", "address", "command", "known_as"),
    [
        ("//board", Address("board"), "ssh board", "board"),
        ("//board/", Address("board"), "ssh board", "board"),
        ("//pi@192.0.2.7", Address("192.0.2.7", "pi"), "ssh pi@192.0.2.7", "192.0.2.7"),
        ("//pi@b.local:22", Address("b.local", "pi", 22), "ssh -p 22 pi@b.local", "b.local"),
        ("//b.local:2222", Address("b.local", None, 2222), "ssh -p 2222 b.local", "[b.local]:2222"),
        ("//pi@[fe80::1%eth0]", Address("[fe80::1%eth0]", "pi"), "ssh pi@fe80::1%eth0", "fe80::1%eth0"),
        ("//[2001:db8::7]:2222", Address("[2001:db8::7]", None, 2222), "ssh -p 2222 2001:db8::7", "[2001:db8::7]:2222"),
        ("//b:1", Address("b", None, 1), "ssh -p 1 b", "[b]:1"),
        ("//b:65535", Address("b", None, 65_535), "ssh -p 65535 b", "[b]:65535"),
    ],
)
def test_an_address_is_what_ssh_is_given_for_it(rest: str, address: Address, command: str, known_as: str) -> None:
    assert parse(rest) == address
    assert (address.command, address.known_as) == (command, known_as)


@given(ADDRESSES)
def test_an_address_as_it_is_shown_can_be_written(address: Address) -> None:
    assert parse(str(address).removeprefix("ssh:")) == address


@pytest.mark.parametrize("port", ["0", "65536", "99999", "100000", "-1", "22x", "0x16", "", " 22"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(UnreachableError) as refused:
        parse(f"//board:{port}")
    assert str(refused.value) == (
        f"ssh://board:{port} is no address: write ssh://[user@]host[:port], such as ssh://pi@raspberrypi.local:22."
    )


@pytest.mark.parametrize(
    "rest", ["", "//", "board", "/board", "//@board", "//pi@", "//:22", "//a b", "//a\n", "//b/tmp", "//2001:db8::7"]
)
def test_what_is_no_address_is_refused(rest: str) -> None:
    with pytest.raises(UnreachableError, match="is no address: write ssh://"):
        parse(rest)


@pytest.mark.parametrize("rest", ["//-oProxyCommand=true", "//-l@board", "//pi@-v"])
def test_nothing_that_ssh_takes_for_an_option_is_an_address(rest: str) -> None:
    with pytest.raises(UnreachableError, match="is no address"):
        parse(rest)
