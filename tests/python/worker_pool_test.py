"""What sluice.WorkerPool promises."""

import unittest

import served
from executor_case import ExecutorCase
from server_case import DEADLINE_S

import sluice


class Pools(ExecutorCase):
    def test_a_pool_ends_when_the_queue_is_shut_down_and_finished(self):
        pool = self.pool(served.hold, workers=2)
        executor = self.executor()
        future = self.hold(executor)
        executor.queue.shutdown()
        self.assertFalse(pool.wait(0.01))
        served.go.set()
        self.assertTrue(pool.wait(DEADLINE_S))
        self.assertEqual((future.result(DEADLINE_S), pool.finished), ("held", 1))

    def test_a_stopped_pool_finishes_what_is_begun_and_takes_no_more(self):
        executor = self.executor()
        with self.pool(served.hold, workers=1) as pool:
            begun = self.hold(executor)
            executor.submit(served.hold, "later")
            pool.stop()
            served.go.set()
        self.assertEqual(begun.result(DEADLINE_S), "held")
        self.assertEqual((pool.finished, executor.queue.stats()["ready"]), (1, 1))

    def test_an_item_that_is_no_call_is_the_argument_of_the_only_function(self):
        self.pool(served.keep, workers=1)
        queue = sluice.Queue(self.client, self.name)
        for item in ("fail once", {"a": 1}):
            queue.put(item)
        queue.join()
        self.assertEqual(served.kept, ["fail once", "fail once", {"a": 1}])

    def test_an_item_that_is_no_call_fails_where_there_are_several_functions(self):
        self.pool(served.add, served.echo, max_attempts=1)
        queue = sluice.Queue(self.client, self.name, max_attempts=1)
        queue.put("a")
        queue.join()
        self.assertEqual(queue.stats()["dead"], 1)

    def test_a_call_whose_outcome_has_nowhere_to_go_harms_no_worker(self):
        pool = self.pool(served.add, workers=1, max_attempts=1)
        queue = sluice.Queue(self.client, self.name, max_attempts=1)
        call = {"args": [1], "kwargs": {}}
        for headers in ({"sluice-call": "x"}, {"sluice-call": "x", "sluice-reply": "/no name/"}):
            queue.put(call, headers={"sluice-function": "served:add", **headers})
        queue.put("no call", headers={"sluice-function": "served:add"})
        queue.join()
        self.assertEqual(self.executor().submit(served.add, 2).result(DEADLINE_S), 2)
        self.assertEqual(queue.stats()["dead"], 2)
        pool.stop()

    def test_errors_are_told_where_they_happen(self):
        told = []
        self.pool(served.boom, on_error=lambda *what: told.append(what))
        with self.assertRaises(ValueError):
            self.executor().submit(served.boom, "x").result(DEADLINE_S)
        ((name, error),) = told
        self.assertEqual((name, str(error)), ("served:boom", "x"))

    def test_the_item_of_a_worker_that_its_callback_ended_comes_again(self):
        queue = sluice.Queue(self.client, self.name)
        queue.put(1)
        pool = self.pool(served.boom, workers=1, on_error=lambda *_: 1 / 0)
        try:
            self.fail(pool.wait(DEADLINE_S))
        except ZeroDivisionError:
            pass  # assertRaises() would clear its frames, which hold the lease
        self.assertEqual(queue.get(timeout=DEADLINE_S), 1)  # the pool is still there

    def test_a_pool_whose_client_is_closed_says_so(self):
        client = sluice.Client(self.server.address)
        pool = sluice.WorkerPool(client, self.name, [served.add])
        self.await_stat(sluice.Queue(self.client, self.name), "waiting_getters", 1)
        client.close()
        with self.assertRaises(sluice.Cancelled):
            pool.wait(DEADLINE_S)

    def test_what_cannot_be_served(self):
        for functions, workers, error in (
            ([], 1, ValueError),
            ([served.add], 0, ValueError),
            (["served:nothing"], 1, AttributeError),
            (["no_such_module:f"], 1, ImportError),
            (["served:kept"], 1, TypeError),
            ([lambda: 1], 1, TypeError),
        ):
            with self.subTest(functions=functions), self.assertRaises(error):
                self.pool(*functions, workers=workers)


if __name__ == "__main__":
    unittest.main()
