import sys
from pathlib import Path

import pytest

# importlib mode keeps test folders off sys.path; the log builders are plain modules.
sys.path.insert(0, str(Path(__file__).parent / "support"))


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests; skips those that want it where there is none."""
    from report_browser import CHROMIUM, Browser

    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    browser = Browser()
    yield browser
    browser.close()
