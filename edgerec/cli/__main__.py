"""The program `edgerec`, and `python -m edgerec.cli` where it is not on the path."""

from edgerec.cli import interruption


def main() -> None:
    """Run the command line, quiet about Ctrl-C from before its first import to its end."""
    interruption.end_at_once()
    from edgerec.cli.main import main as run  # noqa: PLC0415  what is imported here takes longer than what is above

    run()


if __name__ == "__main__":
    main()
