import harness

PUBLIC = [
    "AgentConfig",
    "CassetteMiss",
    "CheckResult",
    "FinishedSample",
    "HarnessError",
    "Limits",
    "RunLog",
    "SampleKey",
    "SampleResult",
    "Scenario",
    "Score",
    "Suite",
    "Team",
    "TeamContext",
    "Transcript",
    "Unscored",
    "compare_configs",
    "compare_runs",
    "decode_transcript",
    "encode_transcript",
    "expect",
    "find_log",
    "fuzz",
    "load_suite",
    "read_log",
]


def test_the_public_names_are_exactly_these() -> None:
    assert harness.__all__ == PUBLIC


def test_every_public_name_can_be_imported_and_is_documented() -> None:
    for name in PUBLIC:
        assert getattr(harness, name).__doc__, name
