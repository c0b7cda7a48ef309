"""The front door: one command whose subcommands import their rooms when called."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
