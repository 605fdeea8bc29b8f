"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A busy machine is slow: that is no fault of what is tested.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")
