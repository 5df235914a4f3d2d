"""Coroutines across the border: each side has an event loop, and the one that awaits steps the other's.

The judge's task asks the subject to run its loop for a moment, yields to its own loop, and asks again,
until the awaited object is done; so tasks of both sides make progress together.
"""

import contextlib

from ec_proxy import Link

# How long the subject's loop may wait for something to happen before the judge's gets its turn.
MOMENT_SECONDS = 0.002


class Loops:
    """The subject's event loop."""

    def __init__(self):
        self.loop = None
        self.tasks = {}
        self.count = 0

    def get(self):
        import asyncio
        if self.loop is None or self.loop.is_closed():
            self.loop = asyncio.new_event_loop()
        return self.loop

    @contextlib.contextmanager
    def running(self):
        """A call that the tests make inside their event loop."""
        import asyncio
        if asyncio._get_running_loop() is not None:
            yield
            return
        asyncio._set_running_loop(self.get())
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def start(self, value):
        import asyncio

        async def finish():
            return await value

        if asyncio.isfuture(value):
            task = value
        else:
            task = self.get().create_task(value if asyncio.iscoroutine(value) else finish())
        self.count += 1
        self.tasks[self.count] = task
        return self.count

    def step(self, number):
        """(whether it is done, its result)."""
        import asyncio
        task, loop = self.tasks[number], self.get()
        if not task.done():
            if asyncio._get_running_loop() is not None:
                raise RuntimeError("a loop that waits for itself")
            task.add_done_callback(_stop)
            timer = loop.call_later(MOMENT_SECONDS, loop.stop)
            loop.run_forever()
            timer.cancel()
            task.remove_done_callback(_stop)
        if not task.done():
            return False, None
        del self.tasks[number]
        return True, task.result()


def _stop(task):
    task.get_loop().stop()


async def drive(request, value):
    """The judge's coroutine that runs one of the subject's to its end."""
    import asyncio
    number = request("start", value)
    while True:
        done, result = request("step", number)
        if done:
            return result
        await asyncio.sleep(0)


class _Other:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        return await_other(self.value)


async def follow(value):
    """The subject's coroutine for one of the tests."""
    return await _Other(value)


def await_other(value):
    """The subject's side of awaiting a coroutine of the tests."""
    import asyncio
    number = Link.peer.request("start", value)
    while True:
        done, result = Link.peer.request("step", number)
        if done:
            return result
        yield from asyncio.sleep(0.0005).__await__()
