"""`python -m edgerec.cli`: the same as `edgerec`, where the script is not on the path."""

from edgerec.cli.main import main

main()
