"""What a failed test shows of where it failed."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SHORT = """
import autogen
from harness.mocks import ScriptedModel

def test_it(conversation):
    with conversation.record(script=ScriptedModel({"writer": ["one"]})):
        config = {"config_list": [{"model": "gpt-4o", "api_key": "x"}]}
        writer = autogen.AssistantAgent("writer", llm_config=config)
        user = autogen.UserProxyAgent(
            "user", human_input_mode="NEVER", code_execution_config=False,
            default_auto_reply="go on", max_consecutive_auto_reply=5,
        )
        user.initiate_chat(writer, message="hi")  # here
"""


def test_an_error_of_harness_lies_at_the_users_line_without_the_frames_of_autogen(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_short=SHORT)

    # Of libraries' warnings pytest tells the files, which are no frames.
    options = ("-p", "no:randomly", "-p", "no:cacheprovider", "-q", "--disable-warnings")
    done = pytester.runpytest_subprocess(*options)

    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    assert '>           user.initiate_chat(writer, message="hi")  # here' in text
    assert "ScriptError: Agent 'writer' asked for reply 2" in text
    assert "conversable_agent.py" not in text
    assert "site-packages" not in text.partition("short test summary")[0].partition("FAILURES")[2]
