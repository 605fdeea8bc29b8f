"""A program in the place of ``docker``: notes how it is called, runs the block on this machine.

It stands for client and engine together, as far as command line and files go; it isolates
nothing. The folder it lies in holds its notes: calls.jsonl, and running/NAME with the process
of a container that runs.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

WITHOUT_VALUE = {"--rm", "--init", "--read-only"}


def install(folder: Path, **behaviour: str) -> Path:
    """Put the program as ``docker`` into a folder, which is to come first on the PATH."""
    program = folder / "docker"
    program.write_text(f"#!{sys.executable}\n" + Path(__file__).read_text(encoding="utf-8"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    (folder / "running").mkdir()
    (folder / "behaviour.json").write_text(json.dumps(behaviour))
    return program


def calls(folder: Path) -> list[dict]:
    """How it was called so far: words and the names of its environment."""
    notes = folder / "calls.jsonl"
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []


def options_of(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The options of ``docker run``, and what follows them: image, program, arguments."""
    found, rest = [], words[1:]
    while rest and rest[0].startswith("--"):
        if rest[0] in WITHOUT_VALUE:
            found.append((rest[0], ""))
            rest = rest[1:]
        else:
            found.append((rest[0], rest[1]))
            rest = rest[2:]
    return found, rest


def _run(words: list[str], folder: Path) -> int:
    given, (_image, *command) = options_of(words)
    named = dict(given)
    source = dict(part.split("=") for part in named["--mount"].split(","))["source"]
    environ = dict(value.split("=", 1) for option, value in given if option == "--env")
    Path(named["--cidfile"]).write_text("c0ffee")

    def here(text: str) -> str:
        return text.replace("/workspace", source)

    program = {"python": sys.executable}.get(command[4], command[4])
    process = subprocess.Popen(
        [program, *map(here, command[5:])],
        cwd=here(named["--workdir"]),
        env={**environ, "PATH": "/usr/bin:/bin", "HOME": "/", "TMPDIR": "/tmp"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    (folder / "running" / named["--name"]).write_text(str(process.pid))
    output, errors = process.communicate()
    (folder / "running" / named["--name"]).unlink(missing_ok=True)
    for stream, content in ((sys.stdout, output), (sys.stderr, errors)):
        stream.buffer.write(content.replace(source.encode(), b"/workspace"))
        stream.buffer.flush()
    return process.returncode


def main() -> int:
    folder, words = Path(__file__).parent, sys.argv[1:]
    with open(folder / "calls.jsonl", "a") as notes:
        notes.write(json.dumps({"words": words, "environment": sorted(os.environ)}) + "\n")
    behaviour = json.loads((folder / "behaviour.json").read_text())
    if words[0] in behaviour:
        sys.stderr.write(behaviour[words[0]])
        return 125
    if words[0] == "version":
        print("28.2.2")
    elif words[0] == "kill":
        running = folder / "running" / words[1]
        with suppress(ProcessLookupError):
            os.killpg(int(running.read_text()), signal.SIGKILL)
        running.unlink()
    else:
        return _run(words, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
