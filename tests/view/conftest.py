import sys
from pathlib import Path

import pytest

# importlib mode keeps test folders off sys.path; the builders are plain modules.
for folder in (Path(__file__).parent, Path(__file__).parents[1] / "reports"):
    sys.path.insert(0, str(folder / "support"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a run, a stopped run, a hostile one, what is no run, and reports."""
    from view_project import make_project

    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def view(project):
    """`harness view` of the project, in a process of its own."""
    from view_server import served

    with served(project) as view:
        yield view
