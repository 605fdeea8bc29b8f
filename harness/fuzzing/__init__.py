"""Find the conversation that breaks a team, before a model does.

A team of agents is a program whose input is what its models say. `hunt` lets Hypothesis
draw that input: replies that end the conversation, quote the word that would, carry code,
call tools rightly and wrongly, are empty, null, cut off or endless; the outcome of code; what
a human types; the task. After each conversation it checks what must hold of any team:

- every conversation ends, for an accepted reason, within turns and cost;
- no exception leaves the team;
- the closing word is heard, and a message that merely quotes it ends nothing;
- code runs once, never out of the user's own task, and after approval if somebody must give it;
- every tool call gets its result;
- the process it runs in survives, and gets back from every callback.

What breaks is shrunk to the shortest conversation, told, and kept in a file that plays it
again. **Code is not run**: what becomes of it is made up, like the words. Tools are the
team's own functions and are called. Conversations are held in a forked process, where there
is a fork: without one, a team that ends its process ends the hunt.

From the command line: ``harness fuzz my_suite/my_scenario``. Under pytest::

    import harness

    @harness.fuzz(task="What is 1 + 2?", examples=200)
    def test_no_conversation_breaks_my_team(context):
        from autogen import AssistantAgent, UserProxyAgent

        assistant = AssistantAgent("assistant", llm_config=context.llm_config())
        user = UserProxyAgent(
            "user",
            human_input_mode="NEVER",
            max_consecutive_auto_reply=5,
            code_execution_config=False,
            is_termination_msg=lambda m: (m.get("content") or "").rstrip().endswith("TERMINATE"),
        )
        return harness.Team(initiator=user, recipient=assistant)
"""

from harness.fuzzing.hunting import Broken, Hunt, hunt, replay
from harness.fuzzing.played import Finding
from harness.fuzzing.settings import FuzzSettings, Subject
from harness.fuzzing.story import tell
from harness.fuzzing.subjects import subject_at, subject_of
from harness.fuzzing.testing import fuzz
from harness.fuzzing.violation import Violation

__all__ = [
    "Broken",
    "Finding",
    "FuzzSettings",
    "Hunt",
    "Subject",
    "Violation",
    "fuzz",
    "hunt",
    "replay",
    "subject_at",
    "subject_of",
    "tell",
]
