"""Run other people's code in a child process, without output, that is ended if it takes too long."""

import contextlib
import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeAlias

Result: TypeAlias = dict[str, Any]
"""What a task returns, which JSON can hold; {"ended": why} if the task did not return."""

MOST_MEMORY = 2**30
"""How many bytes more than this process the child process may use."""

MOST_ENDED = 4
"""After this number of tasks that did not return, no others are tried."""

UNPROTECTED = (
    "this system has no child processes, so the engine runs in this process: endless Python code is stopped, but "
    "os._exit, endless code in C, and the use of memory are not"
)


class DeadlineError(BaseException):
    """The time of a task is over; not an Exception, so that `except Exception` does not catch it."""


def can_fork() -> bool:
    """Return whether child processes can be started; in a browser they cannot, although os.fork exists."""
    return hasattr(os, "fork") and sys.platform != "emscripten"


def run_each(task: Callable[[int], Result], count: int, seconds: float) -> list[Result]:
    """Return the results of task(0), task(1), ...; each may take that number of seconds.

    >>> run_each(lambda i: {"square": i * i} if i != 1 else os._exit(7), 3, 5.0)
    [{'square': 0}, {'ended': 'ended the process with status 7'}, {'square': 4}]
    """
    if not can_fork():
        return [_with_deadline(task, i, seconds) for i in range(count)]
    results: list[Result] = []
    ended = 0
    while len(results) < count and ended < MOST_ENDED:
        results += _from_child(task, len(results), count, seconds)
        ended += 1
    return results + [{"ended": "was not tried"}] * (count - len(results))


def _from_child(task: Callable[[int], Result], start: int, count: int, seconds: float) -> Iterator[Result]:
    """Yield the results of a child process, and why it ended if it did before the last one."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the child uses no other thread's locks
        child = os.fork()
    if child == 0:
        _be_child(task, range(start, count), writing)
    os.close(writing)
    rest, received, why = b"", start, None
    deadline = time.monotonic() + seconds
    while received < count and why is None:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(reading, 2**16) if ready else b""
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            deadline = time.monotonic() + seconds
        for line in lines:
            received += 1
            yield json.loads(line)
        if not chunk:
            why = "" if ready else f"did not end within {seconds:g} s"
    os.close(reading)
    for kill, whom in ((os.killpg, child), (os.kill, child)):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # what has exited keeps its status
            kill(whom, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if why is not None:
        yield {"ended": why or f"ended the process with status {status}"}


def _be_child(task: Callable[[int], Result], numbers: range, writing: int) -> None:
    """Run tasks and write a line for each; never return."""
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  open until the end
        sys.settrace(None)
        _limit_memory()
        for number in numbers:
            line = json.dumps(task(number)).encode() + b"\n"
            while line:
                line = line[os.write(writing, line) :]
    finally:
        os._exit(0)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # as far as the system knows such limits
        import resource  # noqa: PLC0415  only Unix has it

        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, resource.RLIM_INFINITY))


def _with_deadline(task: Callable[[int], Result], number: int, seconds: float) -> Result:
    """Run a task in this process, and stop it at the first operation of Python after the deadline."""
    deadline, before = time.monotonic() + seconds, sys.gettrace()

    def watch(frame: FrameType, _event: str, _argument: object) -> Any:
        frame.f_trace_opcodes = True  # a loop in one line has no events for lines
        if time.monotonic() > deadline:
            raise DeadlineError(f"did not end within {seconds:g} s")
        return watch

    sys.settrace(watch)
    try:
        with (
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            return task(number)
    except DeadlineError as error:
        return {"ended": str(error)}
    finally:
        sys.settrace(before)
