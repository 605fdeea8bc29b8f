"""Judges and measures of a finished sample, one file per family; see `harness.protocols.Scorer`."""
