"""``harness view``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from harness.cli import options
from harness.errors import EnvironmentFault

_NEEDED = ("starlette", "uvicorn")


@click.command("view")
@options.run_folder
@click.option(
    "--reports",
    "reports_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=options.REPORTS_FOLDER,
    show_default=True,
    help="Folder of the reports.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="127.0.0.1, localhost or ::1.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port to listen on; 0 for any that is free.",
)
@click.option(
    "--open/--no-open", "is_opened", default=False, show_default=True, help="Open a browser."
)
def command(
    runs_folder: Path, reports_folder: Path, host: str, port: int, *, is_opened: bool
) -> int:
    """Show runs in the browser, also while they go on, and their reports.

    The page is for this machine and for whoever has the address that is
    printed; nothing on it can change anything.

    \b
    Examples:
      harness view
      harness view --open
      harness view --port 8000 --runs-folder ../other/.harness/runs
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise EnvironmentFault(
            f"harness view needs {' and '.join(missing)}, not installed in this environment. "
            'Install what it needs with: pip install "conversation-harness[view]"'
        )
    from harness.view.app import View
    from harness.view.server import require_loopback, serve

    require_loopback(host)

    def on_start(address: str, once: str) -> None:
        click.echo(f"Runs and reports: {address}\n(stop with Ctrl-C)")
        if is_opened:
            _open(once)

    serve(View(runs_folder, reports_folder), host, port, on_start=on_start)
    return 0


def _open(address: str) -> None:
    """Open a browser without waiting for it: one of the terminal's would not return."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
