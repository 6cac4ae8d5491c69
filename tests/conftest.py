"""What holds for all tests: no test depends on the machine's speed, and each run tries the same examples."""

import gc
import os
import signal
from pathlib import Path

from hypothesis import HealthCheck, settings

import autograd_lite

# The health check for slow examples measures time, and tmp_path may be shared by the examples of a test.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("suite")

# A shell that starts the tests in the background ignores Ctrl-C for them; some of them press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Notebooks take longest, so they start first, while there is other work to share."""
    items.sort(key=lambda item: getattr(item, "originalname", None) != "test_a_fresh_execution")


def pytest_collection_finish():
    """The tests themselves stay until the end: the garbage collector need not look through them, nor run as often."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


# A process that a test starts, in whichever folder, finds the packages that are tested, installed or not, and the
# modules of this folder.
os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (Path(autograd_lite.__file__).parents[1], Path(__file__).parent)))
