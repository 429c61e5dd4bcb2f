"""sluice._native: operations that nobody waits for, leases in wrong hands, and its stub."""

import ast
import pathlib
import select
import threading
import unittest

import sluice
from server_case import DEADLINE_S, ServerCase, wait_until
from sluice import _native


class Asynchronous(ServerCase):
    def setUp(self):
        self.queue = self.client.native().queue(self.new_name(), {"maxsize": 2})
        self.completions = _native.Completions()

    def outcome(self, token):
        """Of the one operation that is under way."""
        readable, _, _ = select.select([self.completions.fileno()], [], [], DEADLINE_S)
        self.assertTrue(readable, "no outcome")
        ((arrived, value, error),) = self.completions.take()
        self.assertEqual(arrived, token)
        if error is not None:
            raise error
        return value

    def quiet(self):
        return not select.select([self.completions.fileno()], [], [], 0)[0] and self.completions.take() == []

    def test_outcomes_arrive_under_their_tokens(self):
        self.queue.put_async(self.completions, 1, b"a", "text/plain", headers={"k": "v"})
        (first,) = self.outcome(1)
        self.queue.put_many_async(self.completions, 1 << 63, [(b"b", "text/plain", 0, None)])
        (second,) = self.outcome(1 << 63)
        self.queue.get_many_async(self.completions, 3, 10)
        leases = self.outcome(3)
        self.assertEqual([(lease.id, lease.payload) for lease in leases], [(first, b"a"), (second, b"b")])
        self.assertEqual(leases[0].headers, [("k", "v")])
        leases[0].done_async(self.completions, 4)
        self.assertIsNone(self.outcome(4))
        leases[1].fail_async(self.completions, 5, "no")
        self.assertIsNone(self.outcome(5))
        self.queue.get().done()
        self.queue.join_async(self.completions, 6)
        self.assertEqual(self.outcome(6)["done"], 2)
        self.assertTrue(self.quiet())

    def test_many_outcomes_are_one_wake_up(self):
        for token in range(2):
            self.queue.put_async(self.completions, token, b"x", "text/plain")
        wait_until(lambda: self.queue.stats()["ready"] == 2, "both puts")
        arrived = []
        while len(arrived) < 2:
            select.select([self.completions.fileno()], [], [], DEADLINE_S)
            arrived += self.completions.take()
        self.assertEqual(sorted(token for token, _, _ in arrived), [0, 1])
        self.assertTrue(self.quiet())

    def test_errors_are_the_packages(self):
        self.queue.get_many_async(self.completions, 1, timeout=0)
        self.assertRaises(sluice.Empty, self.outcome, 1)
        self.queue.put_many([(b"x", "text/plain", 0, None)] * 2)
        self.queue.put_async(self.completions, 2, b"y", "text/plain", timeout=0)
        self.assertRaises(sluice.Full, self.outcome, 2)
        self.queue.join_async(self.completions, 3, timeout=0.01)
        self.assertRaises(sluice.Timeout, self.outcome, 3)
        lease = self.queue.get()
        self.queue.task_done([lease.fence])
        lease.done_async(self.completions, 4)
        self.assertRaises(sluice.LeaseLost, self.outcome, 4)

    def test_what_is_cancelled_ends_and_no_item_is_lost(self):
        operation = self.queue.get_many_async(self.completions, 1)
        wait_until(lambda: self.queue.stats()["waiting_getters"] == 1, "the getter")
        operation.cancel()
        self.assertRaises(sluice.Cancelled, self.outcome, 1)
        operation.cancel()
        self.queue.put(b"x", "text/plain")
        self.assertEqual(self.queue.get(timeout=10).payload, b"x")

    def test_leases_that_nobody_takes_go_back(self):
        self.queue.put(b"x", "text/plain")
        self.queue.get_many_async(self.completions, 1)
        wait_until(lambda: self.queue.stats()["leased"] == 1, "the get")
        self.completions = None
        self.assertEqual(self.queue.get(timeout=DEADLINE_S).payload, b"x")

    def test_the_end_of_the_client_ends_what_waits(self):
        client = _native.Client(self.server.address)
        client.queue(self.new_name(), {}).get_many_async(self.completions, 1)
        client.close()
        self.assertRaises(sluice.Cancelled, self.outcome, 1)


class Leases(ServerCase):
    def setUp(self):
        self.queue = self.client.native().queue(self.new_name(), {})
        self.id = self.queue.put(b"payload", "text/plain", 3, {"a": "b"})

    def test_it_tells_what_it_knows(self):
        lease = self.queue.get()
        self.assertEqual((lease.id, lease.attempt, lease.priority), (self.id, 1, 3))
        self.assertEqual((lease.content(), lease.headers), ((b"payload", "text/plain"), [("a", "b")]))
        self.assertEqual((lease.decided, lease.lost), (False, False))
        lease.done()
        self.assertEqual((lease.decided, lease.lost), (True, False))
        self.assertRaises(ValueError, lease.done)

    def test_one_that_was_given_away_says_so(self):
        lease = self.queue.get()
        completions = _native.Completions()
        lease.done_async(completions, 1)
        for use in (lambda: lease.id, lambda: lease.payload, lease.done, lambda: lease.fail("x"), lambda: lease.lost):
            self.assertRaises(ValueError, use)
        self.assertRaises(ValueError, lease.done_async, completions, 2)

    def test_one_that_two_threads_settle_is_settled_once(self):
        for _ in range(50):
            self.queue.put(b"x", "text/plain")
            lease = self.queue.get()
            together = threading.Barrier(2)

            def settle(lease=lease, together=together):
                together.wait()
                lease.done()

            outcomes = [self.in_thread(settle) for _ in range(2)]
            refused = 0
            for each in outcomes:
                try:
                    each.result()
                except ValueError:
                    refused += 1
            self.assertEqual(refused, 1)

    def test_a_popped_one_is_done(self):
        lease = self.in_thread(self.queue.pop).result()
        self.assertEqual((lease.payload, lease.decided), (b"payload", True))
        del lease
        self.assertEqual(self.queue.stats()["done"], 1)

    def test_by_fence_for_leases_that_are_elsewhere(self):
        lease = self.queue.get()
        self.assertAlmostEqual(self.queue.extend(lease.fence, 60.0), 60.0)
        self.assertEqual(self.queue.release([lease.fence]), [])
        self.assertEqual(self.queue.release([lease.fence]), [lease.fence])
        again = self.queue.get()
        self.assertEqual(self.queue.fail([again.fence, lease.fence], "why"), [lease.fence])
        self.assertEqual(self.queue.peek()[0]["last_error"], "why")

    def test_a_closed_consumer_gives_back_and_says_so(self):
        consumer = self.queue.consumer(4)
        self.queue.put(b"second", "text/plain")
        lease = consumer.get()
        consumer.close()
        self.assertRaises(ValueError, consumer.get)
        self.assertEqual(lease.payload, b"payload")
        wait_until(lambda: self.queue.stats()["ready"] == 1, "what was got in advance")


class Stub(unittest.TestCase):
    def test_it_names_what_there_is(self):
        path = pathlib.Path(sluice.__file__).with_name("_native.pyi")
        told = {
            node.name: {each.name for each in node.body if isinstance(each, ast.FunctionDef)} - {"__init__"}
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ClassDef)
        }
        there = {
            name: {each for each in vars(kind) if not each.startswith("_")}
            for name, kind in vars(_native).items()
            if isinstance(kind, type)
        }
        self.assertEqual(told, there)

    def test_it_names_the_arguments(self):
        path = pathlib.Path(sluice.__file__).with_name("_native.pyi")
        for kind in ast.parse(path.read_text()).body:
            for function in kind.body if isinstance(kind, ast.ClassDef) else []:
                if isinstance(function, ast.FunctionDef) and not function.decorator_list:
                    arguments = function.args
                    names = [each.arg for each in arguments.args[1:] + arguments.kwonlyargs]
                    text = getattr(getattr(_native, kind.name), function.name).__doc__
                    with self.subTest(f"{kind.name}.{function.name}"):
                        for name in names:
                            self.assertIn(f"{name}:", text)


if __name__ == "__main__":
    unittest.main()
