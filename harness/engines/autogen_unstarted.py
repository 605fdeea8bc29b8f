"""Let teams make a Docker executor without a Docker daemon, or its library, being there.

Its code runs in the sample's sandbox (see `harness.engines.autogen_executors`), so a scenario
is the same on a machine without Docker. A suite that leaves code to the team's own executors
gets it as AutoGen makes it.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engines.autogen_scope import Scope


def replacements() -> list[tuple[Any, str, Callable[..., Any]]]:
    """What to put in place of the constructor, if this AutoGen can be asked for the class."""
    try:
        from autogen.coding import DockerCommandLineCodeExecutor
    except ImportError:  # Without the library, older releases do not have it.
        return []
    return [(DockerCommandLineCodeExecutor, "__init__", _make)]


def _make(
    original: Callable[..., Any], scope: Scope, executor: Any, *args: Any, **options: Any
) -> None:
    """Instead of ``__init__``: keep the settings, contact nobody."""
    if scope.sample.assignment.sandbox.leaves_code_to_team:
        original(executor, *args, **options)
        return
    given = inspect.signature(original).bind(executor, *args, **options)
    given.apply_defaults()
    settings = given.arguments
    executor._timeout = settings["timeout"]
    executor._work_dir = Path(settings["work_dir"] or ".")
    executor._bind_dir = Path(settings["bind_dir"] or executor._work_dir)
    policies = settings["execution_policies"] or {}
    executor.execution_policies = {**type(executor).DEFAULT_EXECUTION_POLICY, **policies}
    executor.__class__ = _without_container(type(executor))


def _without_container(of_team: type) -> type:
    """A class like the team's whose methods need neither a container nor Docker's library.

    Where that library is missing, AutoGen's own only raise.
    """
    from autogen.coding import DockerCommandLineCodeExecutor, MarkdownCodeExtractor

    own = {
        "code_extractor": property(lambda _executor: MarkdownCodeExtractor()),
        "timeout": property(lambda executor: executor._timeout),
        "work_dir": property(lambda executor: executor._work_dir),
        "bind_dir": property(lambda executor: executor._bind_dir),
        "restart": lambda _executor: None,
        "stop": lambda _executor: None,
    }
    # What the team wrote itself stays.
    autogens = vars(DockerCommandLineCodeExecutor)
    taken = {name: one for name, one in own.items() if _found(of_team, name) is autogens.get(name)}
    return type(of_team.__name__, (of_team,), taken)


def _found(owner: type, name: str) -> Any:
    return next((vars(each)[name] for each in owner.__mro__ if name in vars(each)), None)
