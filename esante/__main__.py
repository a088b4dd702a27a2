"""`python -m esante`."""

from esante.cli.main import main

main()
