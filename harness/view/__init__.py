"""A page on this machine over run logs and reports, for whoever has its address and nobody else."""
