"""The command group, loaded lazily, and the mapping from outcomes to exit codes."""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from typing import Any

import click

from harness.cli import reader
from harness.errors import HarnessError

EXIT_GATE_FAILED = 1
EXIT_USER_MISTAKE = 2
EXIT_OUR_BUG = 3
EXIT_INTERRUPTED = 130

# Command name -> (module, one line of help). The modules are imported when their
# command is used, so that `harness --help` stays quick.
_COMMANDS = {
    "run": ("run", "Run suites offline, score every sample, write the report."),
    "fuzz": ("fuzz", "Hunt for the conversation that breaks your team."),
    "record": ("record", "Record cassettes from a provider over HTTP."),
    "exec": ("exec", "Record or replay an AutoGen script as it is, and score it."),
    "cassette": ("cassette", "Read, compare and keep up the cassettes."),
    "report": ("report", "Render a run as HTML, Markdown, JSON or JUnit XML."),
    "compare": ("compare", "Compare two runs, or two configs, sample by sample."),
    "noise": ("noise", "Tell how much of a run is chance, and plan one that sees more."),
    "export": ("export", "Write a run as a table: CSV, JSON lines or Parquet."),
    "gate": ("gate", "Hold a run against thresholds and a baseline; exit code 1 if it regressed."),
    "baseline": ("baseline", "Keep a run as the baseline of its suites, or show it."),
    "history": ("history", "Show what became of each config, run after run."),
    "import": ("importing", "Make a run log of conversations from other tools."),
    "view": ("view", "Show runs in the browser, also while they go on, and their reports."),
    "show": ("show", "Read one sample's conversation in the terminal."),
    "list": ("listing", "List suites, scenarios, configs, samples or runs."),
    "validate": ("validate", "Check suite files; report every mistake at once."),
    "new": ("new", "Make a new scenario that runs at once."),
    "provider": ("provider", "Serve the scripted provider over HTTP."),
    "plugins": ("plugin_listing", "List engines, scorers, sandboxes and reporters."),
    "schema": ("schema", "Print the JSON Schema of stored data."),
    "doctor": ("doctor", "Tell what is installed and what would use the network."),
}


class _LazyGroup(click.Group):
    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        # What --help prints is printed here.
        with reader.watched():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with reader.watched():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"harness.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            from harness.cli.guesses import meant_by

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            if meant := meant_by(args[0]):
                hint = f" Did you mean: {meant}?"
            ctx.fail(f"There is no command {args[0]!r}.{hint} See them with: harness --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="conversation-harness", prog_name="harness")
def application() -> None:
    """Test bench for multi-agent LLM conversations.

    Record the model traffic of a team of agents once, replay it offline and
    free, score every conversation, and compare prompts and temperatures.

    \b
    Examples:
      harness run                       all suites, offline, with a report
      harness run sales_report -k "widgets and not brief"
      harness show sales_report/widgets/careful-t0.2/1
      harness fuzz my_suite/hello       make up what models say until it breaks
      harness new scenario my_suite/hello
      OPENAI_API_KEY=... harness record my_suite

    Exit codes: 0 all good; 1 a gate failed (errors or misses); 2 a mistake in
    what you gave it; 3 a bug in harness; 130 interrupted; 141 nobody reads on.
    """


def main() -> None:
    """Run the command line and exit."""
    reader.stand_in_for_closed()
    try:
        with reader.watched():
            code = _exit_code()
        reader.flush()
    except reader.ReaderGone:
        reader.leave_quietly()
    sys.exit(code)


def _exit_code() -> int:
    """Run the command line; what went wrong is told."""
    try:
        code = application.main(standalone_mode=False)
    except reader.ReaderGone:
        raise
    except HarnessError as error:
        click.echo(f"Error: {error}", err=True)
        return EXIT_USER_MISTAKE
    except click.ClickException as error:
        error.show()
        return EXIT_USER_MISTAKE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            _report_bug()
            return EXIT_OUR_BUG
        click.echo(f"Error: there is no space left for {error.filename or 'the output'}.", err=True)
        return EXIT_USER_MISTAKE
    except Exception:
        _report_bug()
        return EXIT_OUR_BUG
    return code if isinstance(code, int) else 0


def _report_bug() -> None:
    import traceback

    from harness.runner.redact import redacted_text

    click.echo(redacted_text(traceback.format_exc()), err=True)
    click.echo("This is a bug in harness; please report it with the text above.", err=True)
