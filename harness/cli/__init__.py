"""The command ``harness``: parse, call, exit code."""

from harness.cli.app import main

__all__ = ["main"]
