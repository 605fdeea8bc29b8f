"""Not installed, for the projects of tests; see `cli_project.environment`."""

raise ModuleNotFoundError("No module named 'anthropic'", name="anthropic")
