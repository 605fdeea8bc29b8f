"""What travels between the coordinator and a worker, encoded with msgspec."""

from __future__ import annotations

import msgspec

from harness.model.sample import Mode, SampleKey
from harness.model.scenario import AgentConfig, Price, Scenario, SecretRules


class EndpointSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests go while recording or live; lives in memory only, never on disk."""

    base_url: str
    api_key: str = "no-key-needed-in-replay"
    api_type: str = "openai"
    api_version: str | None = None
    is_scripted: bool = False
    source: str = ""
    key_variable: str = ""

    def __repr__(self) -> str:
        return f"EndpointSpec(base_url={self.base_url!r}, api_key=...)"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One sample for a worker to run.

    Attributes:
        key: Which sample.
        scenario: The scenario.
        config: The config.
        prices: The suite's own prices.
        mode: How model calls are answered; "mock" for scripted scenarios.
        cassette: Path of the sample's cassette file.
        cassette_label: The same path as shown to people.
        overwrite: Whether recording may replace an existing cassette.
        update: Whether recording replays what still fits of an existing one.
        budget: File and US dollars of what all recordings may cost together; None for no limit.
        endpoint: Where requests go when not replaying.
        sandbox: Entry-point name of the sandbox.
        secrets: What must not be recorded, besides what the harness knows by itself.
        command: What records the cassette, if that is not ``harness record``; "" if it is.
        scratch: Folder for the workspace and spool of this sample.
    """

    key: SampleKey
    scenario: Scenario
    config: AgentConfig
    prices: dict[str, Price]
    mode: Mode
    cassette: str
    cassette_label: str
    overwrite: bool
    update: bool = False
    budget: tuple[str, float] | None = None
    endpoint: EndpointSpec
    sandbox: str
    secrets: SecretRules = SecretRules()
    command: str = ""
    scratch: str


def encode_task(task: Task) -> bytes:
    """Encode for the worker's pipe."""
    return msgspec.msgpack.encode(task)


def decode_task(data: bytes) -> Task:
    """Decode what `encode_task` wrote."""
    return msgspec.msgpack.decode(data, type=Task)
