import sys
from pathlib import Path

# importlib mode keeps test folders off sys.path; the log builders are a plain module.
sys.path.insert(0, str(Path(__file__).parent / "support"))
