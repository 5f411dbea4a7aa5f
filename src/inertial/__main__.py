"""Let `python -m inertial` do what `inertial` does."""

from inertial.cli import main

main()
