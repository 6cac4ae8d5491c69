"""Settings of all tests: hypothesis tries the same examples in every run, and no test depends on the machine's speed."""

from hypothesis import HealthCheck, settings

# The health check for slow examples measures time. tmp_path may be shared by the examples of a test.
unchecked = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True, suppress_health_check=unchecked)
settings.load_profile("suite")
