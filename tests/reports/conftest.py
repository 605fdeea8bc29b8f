import sys
from pathlib import Path

# importlib mode keeps test folders off sys.path; the log builders are plain modules.
sys.path.insert(0, str(Path(__file__).parent / "support"))
