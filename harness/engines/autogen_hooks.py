"""Hooks on AutoGen's classes, installed once per process and idle outside a sample.

Every hook first asks for the current scope; without one it calls AutoGen's own method
and nothing else. An observer is a generator that runs around the method, sync or async:
it gets the arguments, yields once, and receives the result. A replacement gets the
original method as its first argument and decides itself.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from typing import Any

from harness.engines import autogen_execution as execution
from harness.engines import autogen_messages as messages
from harness.engines import autogen_models as models
from harness.engines import autogen_termination as termination
from harness.engines import autogen_unstarted as unstarted
from harness.engines.autogen_scope import Scope, current

ObserverFunction = Callable[..., termination.Observer]


class _Hooks:
    """The hooks of this process: what was replaced, and by what."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._originals: list[tuple[Any, str, Any]] = []

    def install(self) -> None:
        with self._lock:
            if self._originals:
                return
            with warnings.catch_warnings():
                # AutoGen is imported here; 0.2 warns about parts that are not installed.
                warnings.simplefilter("ignore")
                observers, replacements = _observers(), _replacements()
            for owner, names, observer in observers:
                for name in names:
                    self._put(owner, name, functools.partial(_observed, observer=observer))
            for owner, name, replacement in replacements:
                self._put(owner, name, functools.partial(_replaced, replacement=replacement))
            from autogen import code_utils

            self._put(code_utils, "is_docker_running", _asked_for_docker)

    def remove(self) -> None:
        with self._lock:
            for owner, name, original in self._originals:
                setattr(owner, name, original)
            self._originals.clear()

    def _put(self, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        # Older releases lack some methods; inherited ones are hooked where they are defined.
        original = owner.__dict__.get(name)
        if original is not None:
            self._originals.append((owner, name, original))
            setattr(owner, name, wrap(original))


_HOOKS = _Hooks()


def install() -> None:
    """Hook AutoGen's classes, if that has not been done in this process."""
    _HOOKS.install()


def remove() -> None:
    """Give AutoGen its own methods back; agents built meanwhile may keep hooked ones."""
    _HOOKS.remove()


def _observers() -> list[tuple[type, tuple[str, ...], ObserverFunction]]:
    from autogen import ConversableAgent, GroupChat, GroupChatManager

    agent, group, manager = ConversableAgent, GroupChat, GroupChatManager
    check = "check_termination_and_human_reply"
    return [
        (agent, ("initiate_chat", "a_initiate_chat"), termination.observe_chat),
        (agent, ("_prepare_chat",), termination.observe_preparation),
        (agent, ("generate_reply", "a_generate_reply"), termination.observe_reply),
        (agent, (check, f"a_{check}"), termination.observe_termination_check),
        (agent, ("_should_terminate_chat",), termination.observe_early_end),
        (agent, ("_summarize_chat",), termination.observe_summary),
        (manager, ("run_chat", "a_run_chat"), termination.observe_group),
        (group, ("select_speaker", "a_select_speaker"), termination.observe_speaker_selection),
        (group, ("_prepare_and_select_agents",), termination.observe_candidates),
        (agent, ("_process_received_message",), messages.observe_received),
        (agent, ("execute_function", "a_execute_function"), messages.observe_tool),
        (agent, ("get_human_input",), messages.observe_question),
        (agent, ("execute_code_blocks",), execution.observe_blocks),
        (
            agent,
            ("_generate_code_execution_reply_using_executor",),
            execution.observe_executor_reply,
        ),
    ]


def _replacements() -> list[tuple[Any, str, Callable[..., Any]]]:
    from autogen import ConversableAgent, GroupChat, OpenAIWrapper
    from autogen.agentchat import conversable_agent

    return [
        (conversable_agent, "check_can_use_docker_or_throw", _need_no_docker),
        (GroupChat, "random_select_speaker", _select_at_random),
        (OpenAIWrapper, "create", models.replace_create),
        (OpenAIWrapper, "_register_default_client", models.replace_client),
        (ConversableAgent, "a_get_human_input", messages.replace_async_question),
        (ConversableAgent, "run_code", execution.replace_run_code),
        (ConversableAgent, "_print_received_message", _print_nothing),
        (ConversableAgent, "_run_async_in_thread", _run_async_in_thread),
        *unstarted.replacements(),
    ]


def _observed(original: Any, observer: ObserverFunction) -> Any:
    if inspect.iscoroutinefunction(original):
        return _observed_async(original, observer)

    @functools.wraps(original)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        scope = current(self)
        if scope is None:
            return original(self, *args, **kwargs)
        watch = observer(scope, self, *args, **kwargs)
        next(watch)
        try:
            result = original(self, *args, **kwargs)
        except BaseException as error:
            _tell_error(watch, error)
            raise
        _tell_result(watch, result)
        return result

    return hooked


def _observed_async(original: Any, observer: ObserverFunction) -> Any:
    @functools.wraps(original)
    async def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        scope = current(self)
        if scope is None:
            return await original(self, *args, **kwargs)
        watch = observer(scope, self, *args, **kwargs)
        next(watch)
        try:
            result = await original(self, *args, **kwargs)
        except BaseException as error:
            _tell_error(watch, error)
            raise
        _tell_result(watch, result)
        return result

    return hooked


def _tell_error(watch: termination.Observer, error: BaseException) -> None:
    try:
        watch.throw(error)
    except BaseException as raised:
        if raised is not error:
            raise


def _tell_result(watch: termination.Observer, result: Any) -> None:
    try:
        watch.send(result)
    except StopIteration:
        return
    raise RuntimeError(f"the observer {watch!r} yields twice")


def _replaced(original: Any, replacement: Callable[..., Any]) -> Any:
    @functools.wraps(original)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        scope = current(kwargs.get("agent", self))
        if scope is None:
            return original(self, *args, **kwargs)
        return replacement(original, scope, self, *args, **kwargs)

    return hooked


def _print_nothing(_original: Any, _scope: Scope, _agent: Any, *_args: Any, **_kwargs: Any) -> None:
    """Instead of ``_print_received_message``, which formats before it prints."""


def _select_at_random(_original: Any, scope: Scope, groupchat: Any, agents: Any = None) -> Any:
    """Instead of AutoGen's own, which draws from a generator that nobody has seeded."""
    return scope.sample.random.choice(groupchat.agents if agents is None else agents)


def _need_no_docker(_original: Any, _scope: Scope, _use_docker: Any) -> None:
    """Instead of AutoGen's look for Docker, which opens a socket whenever an agent is made.

    Code runs in the sample's sandbox whatever the team says. With vcrpy in place, docker's
    own kind of connection would also send urllib3 round in circles.
    """


def _asked_for_docker(original: Any) -> Any:
    """Around AutoGen 0.2's question for Docker, which it asks before every block: there is none.

    With vcrpy in place its own kind of connection would send urllib3 round in circles.
    """

    @functools.wraps(original)
    def hooked() -> bool:
        return bool(original()) if current(None) is None else False

    return hooked


def _run_async_in_thread(_original: Any, _scope: Scope, _agent: Any, coroutine: Any) -> Any:
    """Instead of AutoGen's own: keeps the context, and lets exceptions through."""
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = asyncio.run(coroutine)
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,))
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]
