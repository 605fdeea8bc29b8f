"""Plan, run, score: from suites to a run log."""
