"""``harness doctor``."""

from __future__ import annotations

import click

# What is missing without a package of an extra.
_EXTRAS = {
    "hypothesis": '; harness fuzz needs it: pip install "conversation-harness[fuzz]"',
}


@click.command("doctor")
def command() -> int:
    """Tell what is installed, what is missing, and what would be sent over the network.

    Exit code 2 when something keeps the classic AutoGen engine from running.

    \b
    Examples:
      harness doctor
    """
    import platform

    from harness import plugins
    from harness.errors import HarnessError

    click.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    _packages()
    healthy = True
    for name in plugins.names("engines"):
        try:
            version = plugins.load("engines", name)().version()
            click.echo(f"engine {name}: {version}")
        except HarnessError as error:
            healthy = False
            click.echo(f"engine {name}: not usable. {error}")
    _sandboxes()
    _network()
    return 0 if healthy else 2


def _sandboxes() -> None:
    """What each sandbox gives here, and what not; found by trying."""
    from harness import plugins
    from harness.runner.sandboxes import resolved_sandbox

    chosen = resolved_sandbox("auto")
    for name in plugins.names("sandboxes"):
        sandbox = plugins.load("sandboxes", name)()
        state = "does not work here: " + sandbox.fault if sandbox.fault else sandbox.label
        click.echo(f"sandbox {name}: {state}{' <- auto takes this one' * (name == chosen)}")
        for line in sandbox.gives:
            click.echo(f"    {line}")


def _packages() -> None:
    from importlib.metadata import PackageNotFoundError, version

    names = ("conversation-harness", "autogen", "pyautogen", "ag2", "openai", "vcrpy", "pandas")
    for name in (*names, *_EXTRAS):
        try:
            click.echo(f"package {name} {version(name)}")
        except PackageNotFoundError:
            click.echo(f"package {name}: not installed{_EXTRAS.get(name, '')}")


def _network() -> None:
    click.echo("network: `harness run` sends nothing; connections are refused during a replay.")
    click.echo("network: `harness record` and `harness run --live` send the agents' messages to")
    click.echo("         the provider you name, and nothing else anywhere. There is no telemetry.")
    click.echo("network: `harness history` asks the database server you name, if you name one;")
    click.echo("         names, outcomes, turns and costs go there, nothing that agents wrote.")
