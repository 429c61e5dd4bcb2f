"""What sluice.Executor promises."""

import concurrent.futures
import math
import operator
import threading
import unittest

import served
from executor_case import ExecutorCase
from server_case import DEADLINE_S, wait_until

import sluice


class Results(ExecutorCase):
    def test_a_call_has_its_arguments_and_its_future_the_result(self):
        self.pool(served.add)
        self.assertEqual(self.executor().submit(served.add, 1, b=2).result(DEADLINE_S), 3)

    def test_results_are_what_the_codec_takes(self):
        self.pool(served.echo, "served:as_bytes", "served:as_tuple")
        executor = self.executor()
        for value in (None, True, 1.5, "text", [1, {"a": [None]}], {}):
            self.assertEqual(executor.submit(served.echo, value).result(DEADLINE_S), value)
        self.assertEqual(executor.submit("served:as_bytes", [0, 255]).result(DEADLINE_S), b"\0\xff")
        self.assertEqual(executor.submit("served:as_tuple", [1, 2]).result(DEADLINE_S), (1, 2))

    def test_what_the_codec_does_not_take_is_refused_before_it_travels(self):
        executor = self.executor()
        for value in ({1, 2}, b"bytes within", (1, 2), object()):
            with self.assertRaises(TypeError):
                executor.submit(served.echo, value)
        self.assertEqual(executor.queue.qsize(), 0)

    def test_pickle_travels_where_both_sides_asked_for_it(self):
        codec = sluice.UnsafePickleCodec()
        self.pool(served.echo, codec=codec)
        self.assertEqual(self.executor(codec=codec).submit(served.echo, {1, 2j}).result(DEADLINE_S), {1, 2j})

    def test_a_worker_that_did_not_ask_for_pickle_refuses_it(self):
        self.pool(served.echo)
        future = self.executor(codec=sluice.UnsafePickleCodec()).submit(served.echo, {1})
        with self.assertRaisesRegex(sluice.DecodeError, "pickled"):
            future.result(DEADLINE_S)

    def test_functions_are_found_by_name(self):
        self.pool(math.sqrt, "operator:add", "served:Refused")
        executor = self.executor()
        self.assertEqual(executor.submit(math.sqrt, 4).result(DEADLINE_S), 2)
        self.assertEqual(executor.submit(operator.add, 1, 2).result(DEADLINE_S), 3)

    def test_what_has_no_name_is_refused(self):
        def nested():
            pass

        for function in (lambda: 1, nested, "text".upper, threading.Lock().acquire):
            with self.subTest(function=function), self.assertRaisesRegex(TypeError, "top of a module"):
                self.executor().submit(function)
        with self.assertRaisesRegex(ValueError, "module:name"):
            self.executor().submit("sqrt")

    def test_only_what_a_worker_was_told_to_serve_is_called(self):
        self.pool(served.add)
        future = self.executor().submit("os:getcwd")
        with self.assertRaisesRegex(LookupError, "'os:getcwd' is not served here: served:add"):
            future.result(DEADLINE_S)


class Errors(ExecutorCase):
    def error(self, function, *args):
        self.name = self.new_name()
        self.pool(function)
        return self.executor().submit(function, *args).exception(DEADLINE_S)

    def test_an_exception_is_of_its_class_with_the_remote_traceback_as_its_cause(self):
        error = self.error(served.boom, "what was wrong")
        self.assertIs(type(error), ValueError)
        self.assertEqual(error.args, ("what was wrong",))
        self.assertIs(type(error.__cause__), sluice.RemoteTraceback)
        self.assertRegex(str(error.__cause__), r'served.py", line \d+, in boom')

    def test_a_class_of_ones_own_with_its_arguments(self):
        error = self.error(served.refuse, "this", "because")
        self.assertIs(type(error), served.Refused)
        self.assertEqual((error.what, error.args), ("this", ("this", "because")))

    def test_an_error_of_the_system_keeps_its_number_and_its_file(self):
        error = self.error(open, "/no/such/file")
        self.assertIs(type(error), FileNotFoundError)
        self.assertEqual((error.errno, error.filename), (2, "/no/such/file"))

    def test_a_class_that_is_not_known_here_or_cannot_be_made(self):
        for function, name, message in (
            (served.unknown_here, "served:Strange", "a class that nobody else has"),
            (served.raise_oddly, "served:OddlyMade", "made oddly"),
            (served.leave, "builtins:SystemExit", "3"),
        ):
            with self.subTest(name=name):
                error = self.error(function)
                self.assertIs(type(error), sluice.RemoteError)
                self.assertEqual((error.type, error.message), (name, message))
                self.assertIn("Traceback", str(error.__cause__))

    def test_a_result_that_cannot_travel_is_an_error(self):
        self.assertIsInstance(self.error(served.not_json), sluice.EncodeError)
        self.assertIsInstance(self.error(served.too_large), sluice.TooLarge)


class Idioms(ExecutorCase):
    """Code that was written for concurrent.futures."""

    def test_as_completed_wait_and_callbacks(self):
        self.pool(served.add, workers=4)
        called = threading.Semaphore(0)
        with self.executor() as executor:
            futures = {executor.submit(served.add, i, i): i for i in range(50)}
            for future in futures:
                future.add_done_callback(lambda _: called.release())
            for future in concurrent.futures.as_completed(futures, DEADLINE_S):
                self.assertEqual(future.result(), 2 * futures[future])
            done, not_done = concurrent.futures.wait(futures, DEADLINE_S)
            self.assertEqual((len(done), len(not_done)), (50, 0))
        for _ in futures:
            self.assertTrue(called.acquire(timeout=DEADLINE_S))

    def test_wait_for_the_first_result_and_the_first_exception(self):
        self.pool(served.add, served.boom, served.hold)
        executor = self.executor()
        held = self.hold(executor)
        for function, when in (
            (served.add, concurrent.futures.FIRST_COMPLETED),
            (served.boom, concurrent.futures.FIRST_EXCEPTION),
        ):
            first = executor.submit(function, 1)
            done, not_done = concurrent.futures.wait([held, first], DEADLINE_S, when)
            self.assertEqual((done, not_done), ({first}, {held}))

    def test_map_keeps_the_order_and_ends_at_its_timeout(self):
        self.pool(served.add, served.hold, workers=2)
        executor = self.executor()
        self.assertEqual(
            list(executor.map(served.add, range(100), range(100))), list(range(0, 200, 2))
        )
        results = executor.map(served.hold, ["a"], timeout=0.01)
        with self.assertRaises(TimeoutError):
            next(results)

    def test_an_exception_in_a_map_is_raised_at_its_place(self):
        self.pool(operator.truediv)
        results = self.executor().map(operator.truediv, [4, 1], [2, 0])
        self.assertEqual(next(results), 2)
        with self.assertRaises(ZeroDivisionError):
            next(results)

    def test_a_result_has_a_timeout(self):
        with self.assertRaises(concurrent.futures.TimeoutError):
            self.executor().submit(served.add, 1).result(0)

    def test_asyncio_awaits_its_futures(self):
        import asyncio

        self.pool(served.add)
        executor = self.executor()

        async def main():
            return await asyncio.gather(
                asyncio.wrap_future(executor.submit(served.add, 1)),
                asyncio.get_running_loop().run_in_executor(executor, served.add, 2),
            )

        self.assertEqual(asyncio.run(main()), [1, 2])

    def test_a_cancelled_future_is_cancelled(self):
        executor = self.executor()
        future = executor.submit(served.add, 1)
        self.assertTrue(future.cancel())
        self.assertTrue(future.cancelled())
        self.assertEqual(concurrent.futures.wait([future], DEADLINE_S).not_done, set())
        self.pool(served.add)
        self.assertEqual(executor.submit(served.add, 2).result(DEADLINE_S), 2)


class Bounds(ExecutorCase):
    def test_submit_waits_while_the_queue_is_full(self):
        executor = self.executor(maxsize=1)
        executor.submit(served.add, 1)
        second = self.in_thread(executor.submit, served.add, 2)
        self.await_stat(executor.queue, "waiting_putters", 1)
        self.pool(served.add)
        self.assertEqual(second.result().result(DEADLINE_S), 2)

    def test_a_submit_that_waits_ends_with_the_executor(self):
        executor = self.executor(maxsize=1)
        executor.submit(served.add, 1)
        second = self.in_thread(executor.submit, served.add, 2)
        self.await_stat(executor.queue, "waiting_putters", 1)
        executor.shutdown(wait=False, cancel_futures=True)
        with self.assertRaisesRegex(RuntimeError, "cannot schedule new futures after shutdown"):
            second.result()

    def test_several_executors_share_a_queue_and_each_has_its_results(self):
        self.pool(served.echo, workers=4)
        executors = [self.executor() for _ in range(3)]
        maps = [executor.map(served.echo, [f"{i}-{n}" for n in range(20)]) for i, executor in enumerate(executors)]
        for i, results in enumerate(maps):
            self.assertEqual(list(results), [f"{i}-{n}" for n in range(20)])


class Shutdown(ExecutorCase):
    def results_queues(self):
        return [each["queue"] for each in self.client.list(prefix=f"{self.name}.results-")]

    def test_shutdown_waits_for_all_futures_and_leaves_nothing_behind(self):
        self.pool(served.add)
        executor = self.executor()
        futures = [executor.submit(served.add, i) for i in range(10)]
        self.assertEqual(len(self.results_queues()), 1)
        executor.shutdown()
        self.assertTrue(all(future.done() for future in futures))
        self.assertEqual(self.results_queues(), [])
        executor.shutdown()

    def test_no_submit_after_shutdown(self):
        executor = self.executor()
        executor.shutdown()
        with self.assertRaises(RuntimeError):
            executor.submit(served.add, 1)
        self.assertEqual(executor.queue.qsize(), 0)

    def test_shutdown_without_waiting_still_brings_what_was_submitted(self):
        self.pool(served.hold)
        executor = self.executor()
        future = self.hold(executor)
        executor.shutdown(wait=False)
        self.assertFalse(future.done())
        served.go.set()
        self.assertEqual(future.result(DEADLINE_S), "held")
        wait_until(lambda: not self.results_queues(), "the queue of the results to go")

    def test_cancel_futures_takes_back_what_is_not_begun_and_waits_for_the_rest(self):
        self.pool(served.hold, workers=1)
        executor, other = self.executor(), self.executor()
        begun = self.hold(executor)
        waiting = [executor.submit(served.hold, i) for i in range(5)]
        others = other.submit(served.hold, "other")
        ended = self.in_thread(executor.shutdown, True)
        executor.shutdown(wait=False, cancel_futures=True)
        self.assertTrue(all(future.cancelled() for future in waiting))
        self.assertFalse(begun.done())
        self.await_stat(other.queue, "ready", 1)
        served.go.set()
        ended.result()
        self.assertEqual(begun.result(0), "held")
        self.assertEqual(others.result(DEADLINE_S), "other")

    def test_an_executor_that_nobody_holds_brings_what_was_submitted(self):
        self.pool(served.hold)
        future = self.hold(sluice.Executor(self.client, self.name))
        served.go.set()
        self.assertEqual(future.result(DEADLINE_S), "held")
        wait_until(lambda: not self.results_queues(), "the queue of the results to go")

    def test_a_closed_client_cancels_its_futures(self):
        client = sluice.Client(self.server.address)
        future = self.executor(client=client).submit(served.add, 1)
        client.close()
        with self.assertRaises(concurrent.futures.CancelledError):
            future.result(DEADLINE_S)


class Late:
    """A queue that something happens to just before a put."""

    def __init__(self, queue, happens):
        self._queue, self._happens = queue, happens

    def put(self, *args):
        happens, self._happens = self._happens, lambda: None
        happens()
        return self._queue.put(*args)

    def __getattr__(self, name):
        return getattr(self._queue, name)


class Races(ExecutorCase):
    def test_a_submit_that_comes_just_after_all_was_taken_back_is_taken_back(self):
        executor = self.executor()
        executor.submit(served.add, 1).cancel()  # all is made
        late = Late(
            executor.queue._native(), lambda: executor.shutdown(wait=False, cancel_futures=True)
        )
        executor.queue._native = lambda: late
        future = executor.submit(served.add, 1)
        executor.shutdown()
        self.assertTrue(future.cancelled())
        self.assertEqual(sluice.Queue(self.client, self.name).qsize(), 0)


class Vanished(ExecutorCase):
    """A future never hangs: what becomes of calls that are taken away."""

    def lost(self, future):
        with self.assertRaises(sluice.CallLost):
            future.result(DEADLINE_S)

    def test_a_call_that_was_purged(self):
        executor = self.executor()
        future = executor.submit(served.add, 1)
        executor.queue.purge()
        self.lost(future)

    def test_a_call_beside_others_that_go_on(self):
        self.pool(served.add, served.hold, workers=2)
        executor = self.executor()
        held = self.hold(executor)
        gone = executor.submit(served.add, 1)
        self.assertEqual(gone.result(DEADLINE_S), 1)
        self.client.update(self.name, paused=True)
        gone = executor.submit(served.add, 2)
        executor.queue.purge()
        self.client.update(self.name, paused=False)
        self.assertEqual(executor.submit(served.add, 3).result(DEADLINE_S), 3)
        served.go.set()
        self.assertEqual(held.result(DEADLINE_S), "held")
        self.lost(gone)

    def test_calls_of_a_queue_that_is_shut_down_immediately_or_deleted(self):
        for end in (lambda queue: queue.shutdown(True), lambda queue: self.client.delete(queue.name)):
            executor = self.executor()
            future = executor.submit(served.add, 1)
            end(executor.queue)
            self.lost(future)
            self.name = self.new_name()

    def test_results_that_were_deleted_and_then_calls_again(self):
        executor = self.executor()
        future = executor.submit(served.add, 1)
        (results,) = [each["queue"] for each in self.client.list(prefix=f"{self.name}.results-")]
        self.client.delete(results)
        self.lost(future)
        self.pool(served.add)
        self.assertEqual(executor.submit(served.add, 2).result(DEADLINE_S), 2)


if __name__ == "__main__":
    unittest.main()
