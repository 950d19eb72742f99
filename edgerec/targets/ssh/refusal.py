"""Why ssh did not let us in, in one sentence with the next step."""

from edgerec.targets.ssh.address import Address

_NETWORK = ("No route to host", "Network is unreachable", "Host is down")


def refusal(address: Address, said: str) -> str:
    """Give the sentence for what `ssh` wrote on stderr."""
    for signs, sentence in _sentences(address):
        if any(sign in said for sign in signs):
            return sentence
    lines = [line.strip().rstrip(".") for line in said.splitlines() if line.strip() and not line.startswith("Warning:")]
    return (
        f"ssh cannot reach {address}: {lines[-1] if lines else 'it said nothing'}. "
        f"Run `{address.command}` and mend what it says."
    )


def _sentences(address: Address) -> tuple[tuple[tuple[str, ...], str], ...]:
    """List what ssh says and what it means; the first that fits counts, since one refusal has several lines."""
    login = address.command
    return (
        (
            ("IDENTIFICATION HAS CHANGED", "Offending"),
            (
                f"The host key of {address} is not the one it had before: another machine may be answering. If the "
                f"board was set up anew, run `ssh-keygen -R '{address.known_as}'`, then `{login}` once."
            ),
        ),
        (
            ("Host key verification failed", "host key is known for"),
            f"The host key of {address} is not known yet. Run `{login}` once, compare the fingerprint and accept it.",
        ),
        (
            ("Permission denied", "Too many authentication failures"),
            (
                f"{address} does not let this user in with the keys that ssh has. Try `{login}`; "
                f"`ssh-copy-id {' '.join(address.words)}` puts a key there, ssh-agent opens one with a passphrase."
            ),
        ),
        (
            ("Could not resolve hostname",),
            f"No host is called {address.host}. See how it is written, or give its number, as in ssh://192.168.1.20.",
        ),
        (
            ("Connection refused",),
            (
                f"Nothing answers ssh at {address}. Start the board's ssh server (`systemctl start ssh`), "
                "or give its port as in ssh://host:2222."
            ),
        ),
        (
            ("timed out",),
            f"{address} did not answer in time. See that the board is on and in this network.",
        ),
        (
            _NETWORK,
            f"There is no way to {address} from here. See that this machine and the board are in one network.",
        ),
    )
