"""Signals while a call waits: Ctrl-C ends it, no item is lost, and other handlers run."""

import signal
import unittest

import script
from server_case import ServerCase, wait_until

import sluice

INTERRUPTED = """
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


class Interrupt(ServerCase):
    def start(self, queue, body, **environment):
        process = script.start(self.server, queue.name, body, **environment)
        self.addCleanup(process.close)
        return process

    def interrupt(self, queue, call, stat, **environment):
        """Ctrl-C for a process that waits in `call`."""
        with self.start(queue, INTERRUPTED.format(call=call), **environment) as process:
            self.await_stat(queue, stat, 1)
            process.signal(signal.SIGINT)
            self.assertEqual(process.wait(), 0, str(process))
            self.assertEqual(process.stdout, "interrupted\n")

    def test_ctrl_c_ends_a_get_and_the_next_item_is_for_others(self):
        for call in ("jobs.get()", "jobs.get(timeout=1000)", "jobs.get_many(5)", "jobs.task().__enter__()"):
            with self.subTest(call):
                queue = self.new_queue()
                self.interrupt(queue, call, "waiting_getters")
                queue.put("item")
                self.assertEqual(queue.get(timeout=10), "item")

    def test_ctrl_c_ends_a_get_in_advance(self):
        queue = self.new_queue()
        body = "sluice.Queue(jobs.client, jobs.name, prefetch=4).get()"
        self.interrupt(queue, body, "waiting_getters")
        queue.put("item")
        self.assertEqual(queue.get(timeout=10), "item")

    def test_ctrl_c_ends_a_pop(self):
        queue = self.new_queue()
        self.interrupt(queue, "sluice.SimpleQueue(jobs.client, jobs.name).get()", "waiting_getters")
        queue.put("item")
        self.assertEqual(queue.get(timeout=10), "item")

    def test_ctrl_c_ends_a_put_that_waits_for_room_and_adds_nothing(self):
        queue = self.new_queue(1)
        queue.put("first")
        self.interrupt(queue, "jobs.put('second')", "waiting_putters", MAXSIZE=1)
        self.assertEqual(queue.get(), "first")
        self.assertTrue(queue.empty())

    def test_ctrl_c_ends_a_join(self):
        queue = self.new_queue()
        queue.put("item")
        self.interrupt(queue, "jobs.join()", "waiting_joiners")

    def test_ctrl_c_ends_a_client_that_does_not_reach_its_server(self):
        body = "import sluice._native" + INTERRUPTED.format(
            call="""
    print("connecting", flush=True)
    sluice.Client("unix:/nowhere/at/all", connect_timeout=1000).list()"""
        )
        with self.start(self.new_queue(), body) as process:
            wait_until(lambda: "connecting" in process.stdout, "the call")
            process.signal(signal.SIGINT)
            self.assertEqual(process.wait(), 0, str(process))
            self.assertEqual(process.stdout, "connecting\ninterrupted\n")

    def test_a_handler_that_returns_ends_nothing(self):
        queue = self.new_queue()
        body = """
signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
print(jobs.get(), flush=True)
jobs.task_done()
"""
        with self.start(queue, body) as process:
            self.await_stat(queue, "waiting_getters", 1)
            process.signal(signal.SIGUSR1)
            wait_until(lambda: process.stdout == "handled\n", "the handler")
            queue.put("item")
            self.assertEqual(process.wait(), 0, str(process))
            self.assertEqual(process.stdout, "handled\nitem\n")

    def test_a_handler_may_use_the_queue_that_is_waited_at(self):
        queue = self.new_queue()
        body = """
signal.signal(signal.SIGUSR1, lambda *_: jobs.put("from the handler"))
print(jobs.get(), flush=True)
jobs.task_done()
"""
        with self.start(queue, body) as process:
            self.await_stat(queue, "waiting_getters", 1)
            process.signal(signal.SIGUSR1)
            self.assertEqual(process.wait(), 0, str(process))
            self.assertEqual(process.stdout, "from the handler\n")

    def test_what_another_handler_raises_comes_out_of_the_call(self):
        queue = self.new_queue()
        body = """
def ring(*_):
    raise TimeoutError("rang")
signal.signal(signal.SIGUSR1, ring)
try:
    jobs.get()
except TimeoutError as error:
    print(error, flush=True)
print(jobs.get(), flush=True)
"""
        with self.start(queue, body) as process:
            self.await_stat(queue, "waiting_getters", 1)
            process.signal(signal.SIGUSR1)
            wait_until(lambda: process.stdout == "rang\n", "the exception")
            queue.put("item")
            self.assertEqual(process.wait(), 0, str(process))
            self.assertEqual(process.stdout, "rang\nitem\n")

    def test_a_handler_may_use_the_client_while_its_thread_connects(self):
        client = sluice.Client("unix:/nowhere", connect_timeout=1)
        self.addCleanup(signal.signal, signal.SIGALRM, signal.getsignal(signal.SIGALRM))
        signal.signal(signal.SIGALRM, lambda *_: client.close())
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        self.assertRaises(sluice.Error, sluice.Queue(client, "jobs").get)
        self.assertRaises(sluice.Cancelled, client.native)


if __name__ == "__main__":
    unittest.main()
