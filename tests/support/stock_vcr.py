"""Stock vcrpy, in a process of its own, replaying recordings through a real client.

Reads on standard input a JSON list of recordings, each with its path, what to match on
and the calls to make: method, url, headers and body, with bodies in base64. Writes what
each call got, or the error it ended in.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def replay(recordings: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Let stock vcrpy answer every call; by recording and call, status and body or error."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__))],
        input=json.dumps(recordings),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def call(method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """A call to make."""
    return {
        "method": method,
        "url": url,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
    }


def _play(client: Any, recording: dict[str, Any]) -> list[dict[str, Any]]:
    import vcr

    with vcr.use_cassette(recording["path"], record_mode="none", match_on=recording["match_on"]):
        return [_ask(client, call) for call in recording["calls"]]


def _ask(client: Any, call: dict[str, Any]) -> dict[str, Any]:
    body = base64.b64decode(call["body"])
    try:
        response = client.request(
            call["method"], call["url"], headers=call["headers"], content=body or None
        )
    except Exception as fault:
        return {"error": f"{type(fault).__name__}: {fault}"}
    return {
        "status": response.status_code,
        "body": base64.b64encode(response.content).decode(),
    }


def _main() -> None:
    import httpx

    with httpx.Client(trust_env=False) as client:
        results = [_play(client, recording) for recording in json.load(sys.stdin)]
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    _main()
