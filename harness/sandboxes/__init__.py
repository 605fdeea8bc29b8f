"""Ways of running the code agents write, one file each; see `harness.protocols.Sandbox`."""
