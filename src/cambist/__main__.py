"""`python -m cambist`: the command line."""

from cambist.app.cli import main

main()
