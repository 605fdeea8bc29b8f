"""A scenario, a config and the suite that holds them, after loading and validation.

These are plain data: the strict YAML reader is `harness.suites`.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from harness.model.execution import CodeLimits, SandboxSettings
from harness.model.faults import Resilience
from harness.model.gate import Gate
from harness.model.structs import Strict as _Strict


class PythonReference(_Strict, frozen=True, kw_only=True):
    """A function in a file of the user's: absolute path and attribute name."""

    path: str
    attribute: str


class Limits(_Strict, frozen=True, kw_only=True):
    """What one sample may use.

    Attributes:
        wall_seconds: Hard wall-clock limit; the whole process tree is killed after it.
        turns: Most messages, the opening one included; None for no limit.
        cost_usd: Most US dollars of model calls; None for no limit.
        code_seconds: Wall-clock limit of one code block.
        code_cpu_seconds: See `CodeLimits`, as are the following.
        code_memory_mb: Memory of one block, in MiB.
        code_processes: Processes and threads of one block.
        code_files: Files and folders of one block.
        code_disk_mb: Their content, in MiB.
        code_output_kb: Output that is kept, in KiB.
    """

    wall_seconds: float = 120.0
    turns: int | None = None
    cost_usd: float | None = None
    code_seconds: float = 60.0
    code_cpu_seconds: float | None = None
    code_memory_mb: int = CodeLimits().memory_mb
    code_processes: int = CodeLimits().processes
    code_files: int = CodeLimits().files
    code_disk_mb: int = CodeLimits().disk_mb
    code_output_kb: int = CodeLimits().output_kb

    @property
    def code(self) -> CodeLimits:
        """What one code block may use besides time."""
        return CodeLimits(
            cpu_seconds=self.code_cpu_seconds,
            memory_mb=self.code_memory_mb,
            processes=self.code_processes,
            files=self.code_files,
            disk_mb=self.code_disk_mb,
            output_kb=self.code_output_kb,
        )


class ScorerSpec(_Strict, frozen=True, kw_only=True):
    """A scorer by entry-point name, with the options its class takes."""

    name: str
    options: dict[str, Any] = {}


class Price(_Strict, frozen=True, kw_only=True):
    """US dollars per million tokens, for a model the price library does not know.

    `cached` defaults to the `prompt` price when None.
    """

    prompt: float
    completion: float
    cached: float | None = None


class SecretRules(_Strict, frozen=True, kw_only=True):
    """What else is secret, besides what the harness knows by itself.

    Attributes:
        patterns: Regular expressions; a group named ``secret`` narrows what is replaced.
        variables: Environment variables whose values are secret.
        fields: Names of JSON members, in any case, whose texts are secret.
    """

    patterns: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class AgentConfig(_Strict, frozen=True, kw_only=True):
    """One agent configuration.

    Attributes:
        name: Unique in its suite; ASCII letters, digits, ``.``, ``_`` and ``-``.
        engine: Entry-point name of the engine.
        model: Model name sent to the provider.
        temperature: Sampling temperature, 0 to 2; None leaves the provider's default.
        max_tokens: Completion token limit, >= 1; None leaves the provider's default.
        prompts: System prompt by agent name.
        parameters: Anything else the team factory takes.
        factors: For a config from a matrix, factor name to level name,
            e.g. ``{"prompts": "strict", "temperature": "0.7"}``.
    """

    name: str
    engine: str = "autogen"
    model: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    prompts: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    factors: dict[str, str] = {}

    @property
    def digest(self) -> str:
        """Hex digest of everything that shapes the conversation, the name excluded."""
        shape = msgspec.structs.replace(self, name="", factors={})
        encoded = msgspec.json.encode(shape, order="deterministic")
        return hashlib.blake2b(encoded, digest_size=12).hexdigest()


class FuzzDemands(_Strict, frozen=True, kw_only=True):
    """What `harness fuzz` must know of a team; None or empty for what holds for any team.

    Attributes:
        closing: The word that ends a conversation.
        closers: Agents whose closing word must end it; empty for every agent.
        approver: Agent that must approve code before it runs, or "human".
        approval: The word it approves with.
        accept: Ends that are good ones, besides those the scenario accepts and the
            team's own limits.
    """

    closing: str | None = None
    closers: tuple[str, ...] = ()
    approver: str | None = None
    approval: str | None = None
    accept: tuple[str, ...] = ()


class Scenario(_Strict, frozen=True, kw_only=True):
    """A task for a team.

    Attributes:
        name: Folder name; unique in its suite.
        suite: Name of the suite.
        title: One line for people.
        task: Opening message.
        folder: Absolute path of the scenario's folder.
        team: The factory, ``build(context: TeamContext) -> Team``.
        files: (absolute source path, path inside the workspace) of each fixture file.
        checks: Python file with ``check_*`` functions; None if there is none.
        provider: Reply function for the scripted provider; None if there is none.
        script: In-process scripted model factory; when given, no cassette is used.
        mocked: Agents that the script plays, all others being asked for real; empty for all.
        human: What a scripted human answers, in order, when an agent asks.
        accept: Termination reasons this scenario accepts; empty accepts none but
            is only valid when there are checks.
        limits: What one sample may use.
        sandbox: How the agents' code is run.
        scorers: Scorers to apply, in order.
        parameters: Free data for the team factory, the checks and the provider script.
        ignored: Rules for what of a request matching overlooks; see `harness.cassettes.ignoring`.
        resilience: Faults of the provider that its team must survive, if any.
        fuzz: What `harness fuzz` must know of its team.
        is_repeating: Whether a replay gives the last recorded answer again when a request
            is made more often than it was recorded.
        digest: Hex digest of the scenario's own files and settings.
        conversation_digest: Hex digest of those that shape the conversation: not the checks,
            scorers and accepted terminations.
        parts: Digest of each thing that `digest` covers, by its key in scenario.yaml.
    """

    name: str
    suite: str
    title: str
    task: str
    folder: str
    team: PythonReference
    files: tuple[tuple[str, str], ...] = ()
    checks: PythonReference | None = None
    provider: PythonReference | None = None
    script: PythonReference | None = None
    mocked: tuple[str, ...] = ()
    human: tuple[str, ...] = ()
    accept: tuple[str, ...] = ("termination_message",)
    limits: Limits = Limits()
    sandbox: SandboxSettings = SandboxSettings()
    scorers: tuple[ScorerSpec, ...] = ()
    parameters: dict[str, Any] = {}
    ignored: tuple[str, ...] = ()
    is_repeating: bool = False
    resilience: Resilience | None = None
    fuzz: FuzzDemands = FuzzDemands()
    digest: str = ""
    conversation_digest: str = ""
    parts: dict[str, str] = {}

    @property
    def is_scripted(self) -> bool:
        """Whether the script plays every agent, so that nothing is recorded or replayed."""
        return self.script is not None and not self.mocked


class Suite(_Strict, frozen=True, kw_only=True):
    """A folder of scenarios with the configs they run against.

    Attributes:
        name: Folder name.
        title: One line for people.
        description: A paragraph for people; may be empty.
        folder: Absolute path.
        scenarios: In file-name order, unless the suite file orders them.
        configs: In file order; matrix configs after the listed ones.
        epochs: How often each scenario meets each config, >= 1.
        baseline: Name of the config the others are compared with; None for the first.
        prices: US dollars per million tokens for models of the user's own.
        provider_settings: How to reach the provider: base_url, api_key_env, api_type, api_version.
        secrets: What must not be recorded, besides what the harness knows by itself.
        gate: What its results must reach; None without one.
    """

    name: str
    title: str
    folder: str
    description: str = ""
    scenarios: tuple[Scenario, ...] = ()
    configs: tuple[AgentConfig, ...] = ()
    epochs: int = 1
    baseline: str | None = None
    prices: dict[str, Price] = {}
    provider_settings: dict[str, str] = {}
    secrets: SecretRules = SecretRules()
    gate: Gate | None = None
