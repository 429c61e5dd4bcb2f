"""CPython's own tests of asyncio's queues, run against sluice.aio."""

import asyncio
import contextlib
import importlib.util
import math
import types
import unittest

from server_case import ServerCase

import sluice.aio

INSIDES = "looks at the attributes of CPython's own class"
SKIPPED = {
    "QueueBasicTests.test_repr": INSIDES,
    "QueueBasicTests.test_str": INSIDES,
    "QueueBasicTests.test_generic_alias": "the class is typed: Queue[int] is typing's alias",
    "QueueGetTests.test_get_with_putters": INSIDES,
    "QueueGetTests.test_cancelled_getters_not_being_held_in_self_getters": INSIDES,
    "QueuePutTests.test_cancelled_puts_not_being_held_in_self_putters": INSIDES,
    "QueuePutTests.test_put_cancel_drop": "cancels a put that was made: see sluice.aio, Cancelling",
    "QueueJoinTests.test_format": INSIDES,
    "LifoQueueJoinTests.test_format": INSIDES,
    "PriorityQueueJoinTests.test_format": INSIDES,
}


class Asyncio(types.ModuleType):
    """asyncio, as a module that a test imported, with our queues in it."""

    def __init__(self, case):
        super().__init__("asyncio")
        self._case = case
        self._queues = []

    def __getattr__(self, name):
        return getattr(asyncio, name)

    def _make(self, kind, maxsize):
        queue = self._case.new_queue(math.ceil(maxsize), kind)
        queue.stats()  # made now
        self._queues.append(queue)
        return queue

    def Queue(self, maxsize=0):
        return self._make(sluice.aio.Queue, maxsize)

    def LifoQueue(self, maxsize=0):
        return self._make(sluice.aio.LifoQueue, maxsize)

    def PriorityQueue(self, maxsize=0):
        return self._make(sluice.aio.PriorityQueue, maxsize)

    def get_running_loop(self):
        return Loop(asyncio.get_running_loop(), self._queues)

    async def sleep(self, delay):
        """The tests write sleep(0) for "all that can go on goes on": that takes a server, too."""
        await asyncio.sleep(delay)
        empty = self._case.new_queue(0, sluice.aio.Queue)
        for _ in range(3):
            for queue in self._queues:
                await asyncio.to_thread(queue.stats)
            # Its outcome comes to the loop behind those of all that was answered before it.
            with contextlib.suppress(asyncio.QueueEmpty):
                await empty.get(timeout=0)


class Loop:
    """The tests write call_later(0.01) for "when the other one waits"."""

    def __init__(self, loop, queues):
        self._loop, self._queues = loop, queues

    def __getattr__(self, name):
        return getattr(self._loop, name)

    def call_later(self, _delay, call, *args):
        self._later = self._loop.create_task(self._when_one_waits(call, *args))

    async def _when_one_waits(self, call, *args):
        waiting = 0
        while not waiting:
            for queue in self._queues:
                stats = await asyncio.to_thread(queue.stats)
                waiting += stats["waiting_getters"] + stats["waiting_putters"]
        call(*args)


def load():
    spec = importlib.util.find_spec("test.test_asyncio.test_queues")
    if spec is None:
        raise unittest.SkipTest("libpython3-testsuite is not installed")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class AsyncioHook(ServerCase):
    """The module's hook: its name `asyncio` means ours."""

    module = None

    def setUp(self):
        reason = SKIPPED.get(self.id().split(".", 1)[1])
        if reason:
            self.skipTest(reason)
        type(self).module.asyncio = Asyncio(self)


def load_tests(loader, _tests, _pattern):
    module = load()
    suite = unittest.TestSuite()
    for name, case in list(vars(module).items()):
        if isinstance(case, type) and issubclass(case, unittest.TestCase):
            ours = type(name, (AsyncioHook, case), {"module": module})
            suite.addTests(loader.loadTestsFromTestCase(ours))
    suite.addTests(loader.loadTestsFromTestCase(Skipped))
    return suite


class Skipped(unittest.TestCase):
    def test_every_skipped_test_exists(self):
        module = load()
        for name in SKIPPED:
            case, test = name.split(".")
            self.assertTrue(hasattr(getattr(module, case), test), name)


if __name__ == "__main__":
    unittest.main()
