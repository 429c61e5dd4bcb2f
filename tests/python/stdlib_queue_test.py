"""CPython's own test of `queue`, run against Sluice through the hook that it has for another module.

Left out, and why:
  FailingQueueTest                  overrides _put and _get, where a subclass of queue.Queue keeps its items; here a
                                    server keeps them
  CSimpleQueueTest                  is for what is written in C; its test_reentrancy is here, but for the order
  SimpleQueueTest.test_references   puts objects of a class of its own, and looks at their references; what travels
                                    here is a copy
"""

import gc
import itertools
import types
import unittest

from test import test_queue

import sluice
from server_case import ServerCase


class Hook(types.SimpleNamespace):
    """A module `queue` whose constructors make queues of a server, with names of their own."""

    Empty, Full = sluice.Empty, sluice.Full

    def __init__(self, case):
        super().__init__()
        for kind in (sluice.Queue, sluice.LifoQueue, PriorityQueue, sluice.SimpleQueue):
            setattr(self, kind.__name__, self._constructor(case, kind))

    @staticmethod
    def _constructor(case, kind):
        return lambda maxsize=0: case.new_queue(maxsize, kind)


class PriorityQueue(sluice.PriorityQueue):
    """The test puts the text "empty", which has no number: its priority is given."""

    def put(self, item, *args, **options):
        return super().put(item, *args, **options, priority=0 if item == "empty" else None)


class StdlibCase(ServerCase):
    @property
    def queue(self):
        return Hook(self)


class QueueTest(test_queue.QueueTest, StdlibCase):
    pass


class LifoQueueTest(test_queue.LifoQueueTest, StdlibCase):
    pass


class PriorityQueueTest(test_queue.PriorityQueueTest, StdlibCase):
    pass


class SimpleQueueTest(test_queue.BaseSimpleQueueTest, StdlibCase):
    def setUp(self):
        self.type2test = self.queue.SimpleQueue
        super().setUp()

    def test_reentrancy(self):
        """As CPython's, but for the order: a put that a collection interrupts may come second."""
        q, numbers, results = self.q, itertools.count(), []

        class Circular:
            def __init__(self):
                self.circular = self

            def __del__(self):
                q.put(next(numbers))

        while len(results) < 10_000:
            Circular()
            q.put(next(numbers))
            results.append(q.get())
        gc.collect()  # the last objects put themselves, while there is a server
        while not q.empty():
            results.append(q.get())
        self.assertEqual(sorted(results), list(range(len(results))))

    test_references = unittest.skip("objects of a class do not travel")(test_queue.BaseSimpleQueueTest.test_references)


if __name__ == "__main__":
    unittest.main()
