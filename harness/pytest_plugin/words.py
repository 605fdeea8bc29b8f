"""What other parts of harness say, with the options named as pytest knows them."""

from __future__ import annotations

import re

# A command that is quoted keeps its own options.
_COMMAND_OR_OPTION = re.compile(
    r"(?P<command>\bharness [a-z]+ [^\n;,]*?(?=\.(?:\s|$)|[\n;,]|$))"
    r"|(?<![\w-])--(?P<option>allow-unsafe|cassettes|max-cost|overwrite|runs-folder|sandbox"
    r"|scenarios|scripted)\b"
)
_KEY_OPTION = "another one with --api-key-env"
_KEY_SETTING = "another one by provider_settings: {api_key_env: ...} in suite.yaml"


def in_pytests_words(text: str) -> str:
    """A message with ``--max-cost`` as ``--harness-max-cost``, and the like."""

    def named(match: re.Match[str]) -> str:
        return match["command"] or f"--harness-{match['option']}"

    return _COMMAND_OR_OPTION.sub(named, text.replace(_KEY_OPTION, _KEY_SETTING))
