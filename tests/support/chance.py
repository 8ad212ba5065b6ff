"""The number of random cases of a test: few by default, many with --hypothesis-profile=thorough."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

THOROUGH = "thorough"
settings.register_profile(THOROUGH)


def cases(few: int, many: int) -> settings:
    """The settings of a test with `few` fixed cases or `many` new ones."""
    thorough = settings.get_current_profile_name() == THOROUGH
    return settings(
        max_examples=many if thorough else few,
        derandomize=not thorough,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
