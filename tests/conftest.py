"""What holds for all tests."""

import os
from importlib.util import find_spec

# Environments for other versions of the clients do without it.
if find_spec("hypothesis"):
    from hypothesis import HealthCheck, settings

    # A busy machine is slow: that is no fault of what is tested.
    settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("here")

# xdist gives its workers the width of its terminal; what is printed must not depend on it.
os.environ.pop("COLUMNS", None)
