"""What every test may use."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.real.plugin"]

# Timing is never asserted: a busy machine must not turn a slow example into a failure.
settings.register_profile("navarch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("navarch")
