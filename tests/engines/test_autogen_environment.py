"""Which AutoGen is installed: tried in real environments, each in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

import harness

if TYPE_CHECKING:
    from collections.abc import Iterable

ASK = """
import sys
sys.path[:0] = {paths!r}
from harness.engines.autogen import AutogenEngine
from harness.errors import EnvironmentFault
try:
    print(AutogenEngine().version())
except EnvironmentFault as fault:
    print("REFUSED:", fault)
"""


def version_with(paths: Iterable[Path], *flags: str) -> str:
    """What the engine says of itself with these folders first on the path."""
    script = ASK.format(paths=[str(path) for path in paths])
    done = subprocess.run(
        [sys.executable, *flags, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def distribution(folder: Path, name: str, version: str, package: str | None) -> None:
    """An installed distribution, as pip leaves it, that owns a package."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    files = [f"{name}-{version}.dist-info/METADATA,,"]
    if package is not None:
        (folder / package).mkdir(exist_ok=True)
        (folder / package / "__init__.py").touch()
        files.append(f"{package}/__init__.py,,")
    (info / "RECORD").write_text("\n".join(files) + "\n")


def bare_environment(folder: Path) -> list[Path]:
    """A folder with this product and the one dependency its engine needs, and nothing else."""
    folder.mkdir()
    (folder / "harness").symlink_to(Path(harness.__file__).parent)
    spec = util.find_spec("msgspec")
    assert spec is not None
    assert spec.origin is not None
    (folder / "msgspec").symlink_to(Path(spec.origin).parent)
    return [folder]


def test_the_version_names_the_distribution_that_brings_autogen() -> None:
    owners = set(metadata.packages_distributions()["autogen"])

    said = version_with([])

    assert said in {f"{owner} {metadata.version(owner)}" for owner in owners}
    assert re.fullmatch(r"(autogen|pyautogen|ag2) \d+\.\d+(\.\d+)*", said)


def test_two_owners_of_the_package_are_refused_by_name_with_the_way_out(tmp_path: Path) -> None:
    distribution(tmp_path, "autogen", "0.14.1", "autogen")
    distribution(tmp_path, "pyautogen", "0.2.35", "autogen")

    said = version_with([tmp_path])

    assert said.startswith("REFUSED:")
    assert "autogen 0.14.1, pyautogen 0.2.35" in said
    assert "pip uninstall -y autogen pyautogen" in said


def test_one_owner_found_twice_on_the_path_is_still_one(tmp_path: Path) -> None:
    home = bare_environment(tmp_path / "home")
    for folder in ("first", "second"):
        distribution(tmp_path / folder, "ag2", "0.9.7", "autogen")

    said = version_with([*home, tmp_path / "first", tmp_path / "second"], "-I", "-S")

    assert said == "ag2 0.9.7"


def test_without_autogen_the_install_command_is_given(tmp_path: Path) -> None:
    said = version_with(bare_environment(tmp_path / "home"), "-I", "-S")

    assert said == (
        "REFUSED: The engine 'autogen' needs AutoGen, which is not installed. "
        'Run: pip install "conversation-harness[autogen]"'
    )


def test_a_pyautogen_that_no_longer_brings_autogen_is_explained(tmp_path: Path) -> None:
    home = bare_environment(tmp_path / "home")
    distribution(tmp_path / "new", "pyautogen", "0.10.0", None)

    said = version_with([*home, tmp_path / "new"], "-I", "-S")

    assert "installed pyautogen 0.10.0 no longer brings it" in said
    assert 'pip install "conversation-harness[autogen]"' in said
    assert "pyautogen>=0.2.35,<0.3" in said


def test_the_engines_are_imported_without_importing_autogen() -> None:
    code = (
        "import sys, harness.engines.autogen, harness.engines.autogen_hooks, harness.engines.mock;"
        "print([m for m in ('autogen', 'openai', 'vcr', 'pydantic', 'rich') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
