from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness import plugins
from harness.errors import PluginError

if TYPE_CHECKING:
    from pathlib import Path

ENTRY_POINTS = """\
[harness.scorers]
politeness = acme_plugins:Politeness
gone = acme_gone:Gone
hollow = acme_hollow:Hollow
faulty = acme_faulty:Faulty
function = acme_plugins:make
"""
OTHER = {
    "entry_points.txt": ENTRY_POINTS,
    "METADATA": "Metadata-Version: 2.1\nName: acme-plugins\nVersion: 1.2\n",
}


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """Another distribution with five scorers, one of which is fit for use."""
    info = tmp_path / "acme_plugins-1.2.dist-info"
    info.mkdir()
    for name, text in OTHER.items():
        (info / name).write_text(text)
    (tmp_path / "acme_plugins.py").write_text(
        'class Politeness:\n    """Counts ``thanks`` and\n    :class:`Please` as `polite`.\n\n'
        '    More.\n    """\ndef make(): pass\n'
    )
    (tmp_path / "acme_hollow.py").write_text("import acme_missing_dependency\n")
    (tmp_path / "acme_faulty.py").write_text("raise RuntimeError('out of order')\n")
    return tmp_path


def run_python(code: str, *, path: Path | None = None) -> str:
    environment = {"PYTHONPATH": str(path)} if path else {}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_kind_has_its_built_in_plugins() -> None:
    assert plugins.names("scorers") == (
        "acceptance",
        "code_success",
        "cost",
        "labels",
        "survival",
        "termination",
        "turns",
    )
    assert {"autogen", "mock"} <= set(plugins.names("engines"))
    assert "process" in plugins.names("sandboxes")
    assert "autogen" in plugins.names("importers")
    assert {"html", "json", "junit", "markdown"} <= set(plugins.names("reporters"))


def test_listing_imports_nothing_and_loading_only_what_is_asked_for() -> None:
    out = run_python(
        "import sys\nfrom harness import plugins\n"
        "plugins.names('scorers')\n"
        "print(sorted(m for m in sys.modules if m.startswith('harness.scorers')))\n"
        "print(plugins.load('scorers', 'turns').name)\n"
        "print('harness.scorers.cost' in sys.modules)\n"
    )

    assert out == "[]\nturns\nFalse\n"


def test_importing_plugins_does_not_read_metadata() -> None:
    out = run_python(
        "import sys\nimport harness.plugins\nprint('importlib.metadata' in sys.modules)"
    )

    assert out == "False\n"


def test_a_plugin_of_another_distribution_stands_beside_ours(acme: Path) -> None:
    out = run_python(
        "from harness import plugins\n"
        "print(plugins.load('scorers', 'politeness').__name__)\n"
        "print('politeness' in plugins.names('scorers'))\n"
        "print('politeness' in plugins.builtin_names('scorers'))\n",
        path=acme,
    )

    assert out == "Politeness\nTrue\nFalse\n"


def test_describing_tells_what_can_be_used_and_why_not(acme: Path) -> None:
    out = run_python(
        "from harness import plugins\n"
        "for row in plugins.describe('scorers'):\n"
        "    if 'acme' in row.distribution: print(row)\n",
        path=acme,
    )

    faulty, function, gone, hollow, politeness = out.splitlines()
    assert politeness == (
        "politeness: Counts thanks and Please as polite. "
        "[acme_plugins:Politeness, acme-plugins 1.2]"
    )
    assert "needs the module 'acme_missing_dependency', which is not installed here" in hollow
    assert "there is no module 'acme_gone'. Install that distribution again" in gone
    assert "RuntimeError: out of order" in faulty
    assert "is a function; an entry point must name a class" in function


@pytest.mark.parametrize("group", plugins.GROUPS)
def test_the_summary_of_each_of_ours_stands_by_itself(group: str) -> None:
    for plugin in plugins.describe(group):
        assert plugin.problem is None
        assert plugin.summary.endswith("."), plugin
        assert "`" not in plugin.summary, plugin
        assert "docstring" not in plugin.summary, plugin
        assert len(plugin.summary) <= 200, plugin


def test_two_distributions_with_one_name_are_refused(acme: Path) -> None:
    info = acme / "acme_plugins-1.2.dist-info" / "entry_points.txt"
    info.write_text("[harness.scorers]\nturns = acme_plugins:Politeness\n")

    out = run_python(
        "from harness import plugins\nfrom harness.errors import PluginError\n"
        "try: plugins.load('scorers', 'turns')\n"
        "except PluginError as error: print(error)\n",
        path=acme,
    )

    assert "scorer 'turns' is registered twice" in out
    assert "acme-plugins 1.2" in out
    assert "conversation-harness" in out


def test_an_unknown_name_lists_the_valid_ones_and_the_nearest() -> None:
    with pytest.raises(PluginError) as caught:
        plugins.load("scorers", "terminaton")

    assert str(caught.value) == (
        "unknown scorer 'terminaton'; valid choices: acceptance, code_success, cost, "
        "labels, survival, termination, turns. Did you mean 'termination'? List them with: "
        "harness plugins scorers"
    )


def test_an_unknown_kind_lists_the_valid_ones() -> None:
    with pytest.raises(PluginError, match="valid choices: engines, scorers, sandboxes, reporters"):
        plugins.names("scorer")
