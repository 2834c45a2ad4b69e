"""What holds for all tests: hypothesis judges what is right, not how fast a busy machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile("sluice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sluice")
