"""shutdown() as CPython 3.13 has it, for each class of queue."""

import threading
import unittest

import sluice
from server_case import ServerCase


class Shutdown:
    kind = None

    def queue(self, *items, maxsize=0):
        queue = self.new_queue(maxsize, self.kind)
        for item in items:
            queue.put(item)
        return queue

    def assert_shut(self, queue):
        """No more puts, nothing to get, however it is asked for."""
        for put in (
            lambda: queue.put(1),
            lambda: queue.put(1, timeout=0.01),
            lambda: queue.put(1, False),
            lambda: queue.put_nowait(1),
        ):
            self.assertRaises(sluice.ShutDown, put)
        for get in (
            lambda: queue.get(),
            lambda: queue.get(timeout=0.01),
            lambda: queue.get(False),
            lambda: queue.get_nowait(),
        ):
            self.assertRaises(sluice.ShutDown, get)

    def test_an_empty_queue(self):
        queue = self.queue()
        self.assertFalse(queue.is_shutdown)
        self.assertIsNone(queue.shutdown())
        self.assertTrue(queue.is_shutdown)
        self.assert_shut(queue)

    def test_gets_drain_what_is_left(self):
        queue = self.queue(1, 2, 3)
        queue.shutdown()
        self.assertRaises(sluice.ShutDown, queue.put, 4)
        self.assertEqual(queue.qsize(), 3)
        self.assertEqual(sorted(queue.get() for _ in range(3)), [1, 2, 3])
        self.assert_shut(queue)

    def test_immediate_leaves_nothing(self):
        queue = self.queue(1, 2, 3)
        queue.shutdown(immediate=True)
        self.assertEqual((queue.qsize(), queue.empty()), (0, True))
        self.assert_shut(queue)
        self.in_thread(queue.join).result()

    def test_immediate_by_position(self):
        queue = self.queue(1)
        queue.shutdown(True)
        self.assert_shut(queue)

    def test_a_second_shutdown_changes_nothing_and_immediate_may_follow(self):
        queue = self.queue(1, 2)
        queue.shutdown()
        queue.shutdown()
        self.assertEqual(queue.qsize(), 2)
        queue.shutdown(immediate=True)
        queue.shutdown()
        self.assert_shut(queue)

    def test_a_full_queue_raises_shutdown_rather_than_full(self):
        queue = self.queue(1, 2, maxsize=2)
        queue.shutdown()
        self.assertRaises(sluice.ShutDown, queue.put_nowait, 3)

    def test_getters_that_wait_end(self):
        for immediate in (False, True):
            with self.subTest(immediate=immediate):
                queue = self.queue()
                getters = [self.in_thread(queue.get) for _ in range(3)]
                self.await_stat(queue, "waiting_getters", 3)
                queue.shutdown(immediate)
                for getter in getters:
                    self.assertRaises(sluice.ShutDown, getter.result)

    def test_putters_that_wait_end(self):
        for immediate in (False, True):
            with self.subTest(immediate=immediate):
                queue = self.queue(1, maxsize=1)
                putters = [self.in_thread(queue.put, number) for number in (2, 3)]
                self.await_stat(queue, "waiting_putters", 2)
                queue.shutdown(immediate)
                for putter in putters:
                    self.assertRaises(sluice.ShutDown, putter.result)
                self.assertEqual(queue.qsize(), 0 if immediate else 1)

    def test_what_is_taken_is_finished_after_it(self):
        for immediate in (False, True):
            with self.subTest(immediate=immediate):
                queue = self.queue(1, 2)
                queue.get()
                queue.shutdown(immediate)
                joiner = self.in_thread(queue.join)
                self.await_stat(queue, "waiting_joiners", 1)
                queue.task_done()
                if not immediate:
                    queue.get()
                    queue.task_done()
                joiner.result()
                self.assertRaises(ValueError, queue.task_done)

    def test_immediate_ends_a_join_of_what_nobody_took(self):
        queue = self.queue(1, 2)
        joiner = self.in_thread(queue.join)
        self.await_stat(queue, "waiting_joiners", 1)
        queue.shutdown(immediate=True)
        joiner.result()

    def test_many_threads_drain_it_and_all_end(self):
        queue = self.queue(*range(200))
        taken, lock = [], threading.Lock()

        def work():
            while True:
                try:
                    item = queue.get()
                except sluice.ShutDown:
                    return
                with lock:
                    taken.append(item)
                queue.task_done()

        workers = [self.in_thread(work) for _ in range(8)]
        queue.shutdown()
        self.in_thread(queue.join).result()
        for worker in workers:
            worker.result()
        self.assertEqual(sorted(taken), list(range(200)))


class QueueShutdown(Shutdown, ServerCase):
    kind = sluice.Queue


class LifoQueueShutdown(Shutdown, ServerCase):
    kind = sluice.LifoQueue


class PriorityQueueShutdown(Shutdown, ServerCase):
    kind = sluice.PriorityQueue


if __name__ == "__main__":
    unittest.main()
