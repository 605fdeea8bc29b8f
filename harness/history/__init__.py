"""What became of each config over many runs: kept in a database, compared run after run."""

from harness.history.changes import history_of
from harness.history.runs import run_of
from harness.history.store import HistoryStore, open_history

__all__ = ["HistoryStore", "history_of", "open_history", "run_of"]
