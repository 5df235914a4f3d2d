"""What both processes of a run go through before code that isn't ours runs in them."""

import sys
import time


def step_aside():
    """Nothing of the harness is found any more, by whatever name it is looked for."""
    for name in [name for name in sys.modules if name.startswith("ec_")]:
        del sys.modules[name]
    sys.path[:] = [place for place in sys.path if place != "/harness"]
    sys.argv[:] = [""]


def restart_clocks():
    """A module of the library may have noted when it was imported; for a run, time begins with the run."""
    logging = sys.modules.get("logging")
    if logging is not None:
        vars(logging)["_startTime"] = time.time_ns() if isinstance(logging._startTime, int) else time.time()
