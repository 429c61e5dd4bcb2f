"""What sluice.Queue promises beyond queue.Queue, and where it differs."""

import threading
import unittest

import sluice
from server_case import ServerCase


class TaskDone(ServerCase):
    def test_without_an_argument_it_is_the_oldest_that_this_thread_took(self):
        queue = self.new_queue()
        queue.put_many(["a", "b", "c"])
        self.assertEqual(queue.get(), "a")
        self.in_thread(queue.get).result()
        self.assertEqual(queue.get(), "c")
        queue.task_done()
        queue.task_done()
        self.assertRaises(ValueError, queue.task_done)
        self.assertEqual(queue.unfinished_tasks, 1)
        queue.task_done("b")  # the other thread's
        self.assertEqual(queue.unfinished_tasks, 0)

    def test_another_threads_item_is_finished_by_naming_it_also_when_that_thread_has_ended(self):
        queue = self.new_queue()
        queue.put({"job": 1})
        item = self.in_thread(queue.get).result()
        queue.task_done(item)
        self.assertEqual(queue.unfinished_tasks, 0)
        self.assertRaises(ValueError, queue.task_done, item)

    def test_an_item_is_found_by_identity_before_equality(self):
        queue = self.new_queue()
        queue.put_many([[1], [1]])
        first, second = queue.get(), queue.get()
        queue.task_done(second)
        with self.assertRaises(ValueError):
            queue.task_done([2])
        self.assertEqual(queue.stats()["done"], 1)
        queue.task_done([1])
        self.assertEqual(first, [1])
        self.assertEqual(queue.unfinished_tasks, 0)

    def test_an_equal_item_of_this_thread_comes_before_another_threads(self):
        queue = self.new_queue()
        queue.put_many(["same", "same"])
        taken = threading.Event()
        finish = threading.Event()

        def other():
            queue.get()
            taken.set()
            finish.wait()
            queue.task_done()  # it is still there

        thread = self.in_thread(other)
        self.assertTrue(taken.wait(30))
        queue.get()
        queue.task_done("same")
        self.assertRaises(ValueError, queue.task_done)
        finish.set()
        thread.result()
        self.assertEqual(queue.unfinished_tasks, 0)

    def test_a_lost_lease_is_said_and_the_item_is_not_this_threads_any_more(self):
        queue = self.new_queue()
        queue.put("item")
        queue.get()
        (lease,) = queue._held.line()
        queue._native().task_done([lease.fence])  # as somebody else would
        self.assertRaises(sluice.LeaseLost, queue.task_done, "item")
        self.assertRaises(ValueError, queue.task_done)

    def test_items_of_a_queue_object_that_is_gone_go_back(self):
        queue = self.new_queue()
        queue.put("item")
        other = sluice.Queue(self.client, queue.name)
        other.get()
        del other
        self.assertEqual(queue.get(timeout=30), "item")


class Tasks(ServerCase):
    def test_a_block_that_ends_is_done(self):
        queue = self.new_queue()
        queue.put("item", headers={"trace": "7"})
        task = queue.task()
        with task as item:
            self.assertEqual(item, "item")
            self.assertEqual((task.attempt, task.headers), (1, {"trace": "7"}))
            self.assertGreater(task.fence, 0)
        self.assertEqual(queue.stats()["done"], 1)

    def test_the_loop_of_a_worker_ends_when_all_is_finished(self):
        queue = self.new_queue()
        queue.put("item")
        first = queue.task()
        first.__enter__()
        queue.shutdown()

        def work():
            with self.assertRaises(sluice.ShutDown):
                while True:
                    with queue.task(until_finished=True) as item:
                        worked.append(item)

        worked = []
        other = self.in_thread(work)
        self.await_stat(queue, "waiting_getters", 1)
        first.__exit__(KeyError, KeyError("again"), None)
        other.result()
        self.assertEqual(worked, ["item"])

    def test_an_exception_fails_the_item_with_its_traceback_and_it_comes_again(self):
        queue = self.new_queue()
        queue.put("item")
        with self.assertRaisesRegex(KeyError, "what went wrong"):
            with queue.task():
                raise KeyError("what went wrong")
        (seen,) = queue._native().peek()
        self.assertIn("KeyError: 'what went wrong'", seen["last_error"])
        self.assertIn("queue_test.py", seen["last_error"])
        task = queue.task()
        with task as item:
            self.assertEqual((item, task.attempt), ("item", 2))

    def test_an_item_that_fails_too_often_is_dead(self):
        queue = self.new_queue(max_attempts=2)
        queue.put("item")
        for _ in range(2):
            with self.assertRaises(RuntimeError), queue.task():
                raise RuntimeError
        self.assertEqual((queue.stats()["dead"], queue.unfinished_tasks), (1, 0))

    def test_the_end_of_a_long_traceback_is_kept(self):
        queue = self.new_queue()
        queue.put("item")
        with self.assertRaises(RuntimeError), queue.task():
            raise RuntimeError("ä" * 20_000 + "the end")
        self.assertTrue(queue._native().peek()[0]["last_error"].rstrip().endswith("the end"))

    def test_what_is_no_exception_of_the_work_gives_the_item_back_uncounted(self):
        for kind in (KeyboardInterrupt, SystemExit, GeneratorExit):
            with self.subTest(kind):
                queue = self.new_queue()
                queue.put("item")
                with self.assertRaises(kind), queue.task():
                    raise kind
                task = queue.task()
                with task:
                    self.assertEqual(task.attempt, 1)

    def test_a_task_says_when_the_lease_was_lost(self):
        queue = self.new_queue()
        queue.put("item")
        task = queue.task()
        with self.assertRaises(sluice.LeaseLost), task:
            queue._native().task_done([task.fence])

    def test_an_empty_or_shut_queue_raises_when_the_block_is_entered(self):
        queue = self.new_queue()
        with self.assertRaises(sluice.Empty), queue.task(block=False):
            self.fail("there is no item")
        queue.shutdown()
        with self.assertRaises(sluice.ShutDown), queue.task():
            self.fail("there is no item")

    def test_a_task_is_entered_once(self):
        queue = self.new_queue()
        queue.put_many([1, 2])
        task = queue.task()
        self.assertRaises(ValueError, lambda: task.fence)
        with task:
            pass
        with self.assertRaises(ValueError), task:
            self.fail("it was entered before")


class Batches(ServerCase):
    def test_many_at_once(self):
        queue = self.new_queue()
        queue.put_many(range(1000))
        self.assertEqual(queue.get_many(400), list(range(400)))
        self.assertEqual(queue.get_many(1000), list(range(400, 1000)))
        queue.done_many()
        self.assertEqual((queue.stats()["done"], queue.unfinished_tasks), (1000, 0))
        self.assertRaises(ValueError, queue.task_done)

    def test_some_of_them_are_done(self):
        queue = self.new_queue()
        queue.put_many("abc")
        queue.get_many(3)
        queue.done_many(["c", "a"])
        self.assertRaises(ValueError, queue.done_many, ["b", "a"])
        queue.task_done("b")
        self.assertEqual(queue.unfinished_tasks, 0)

    def test_a_batch_is_put_whole_or_not_at_all(self):
        queue = self.new_queue(3)
        queue.put(0)
        self.assertRaises(sluice.Full, queue.put_many, [1, 2, 3], False)
        self.assertRaises(sluice.TooLarge, queue.put_many, [1, 2, 3, 4])
        self.assertRaises(sluice.EncodeError, queue.put_many, [1, object()])
        self.assertEqual(queue.qsize(), 1)
        queue.put_many([])
        queue.put_many([1, 2])
        self.assertTrue(queue.full())

    def test_a_linger_waits_for_more(self):
        queue = self.new_queue()
        queue.put(1)
        getter = self.in_thread(lambda: queue.get_many(10, min_items=2, linger=30))
        self.await_stat(queue, "waiting_getters", 1)
        queue.put(2)
        self.assertEqual(getter.result(), [1, 2])

    def test_a_put_under_a_name_is_made_once(self):
        queue = self.new_queue()
        for _ in range(2):
            queue.put("item", request_id="nightly")
        queue.put("another")
        self.assertEqual(queue.qsize(), 2)


class Priorities(ServerCase):
    def test_the_number_that_an_item_is_or_begins_with(self):
        queue = self.new_queue(kind=sluice.PriorityQueue)
        queue.put_many([3, (1, "one"), [2, "two"], -4.0, (True, "also one"), 1 << 62])
        self.assertEqual(
            [queue.get() for _ in range(6)], [-4.0, (1, "one"), (True, "also one"), [2, "two"], 3, 1 << 62]
        )

    def test_one_that_is_given(self):
        queue = self.new_queue(kind=sluice.PriorityQueue)
        queue.put("later", priority=2)
        queue.put((9, "sooner"), priority=1)
        queue.put_many(["first", "second"], priority=0)
        self.assertEqual([queue.get() for _ in range(4)], ["first", "second", (9, "sooner"), "later"])

    def test_equal_ones_come_as_they_were_put(self):
        queue = self.new_queue(kind=sluice.PriorityQueue)
        queue.put((1, "z"))
        queue.put((1, "a"))
        self.assertEqual([queue.get(), queue.get()], [(1, "z"), (1, "a")])

    def test_an_item_without_a_whole_number_is_refused(self):
        queue = self.new_queue(kind=sluice.PriorityQueue)
        for item in ("text", 1.5, float("nan"), float("inf"), None, (), ("a", 1), {"priority": 1}):
            with self.subTest(item):
                self.assertRaises(TypeError, queue.put, item)
        self.assertRaises(ValueError, queue.put, 1 << 63)
        self.assertTrue(queue.empty())


class Settings(ServerCase):
    def test_the_first_call_makes_the_queue_whatever_it_is(self):
        for call in ("qsize", "empty", "full", "join", "shutdown", "get_nowait", "purge", "reopen"):
            with self.subTest(call):
                queue = self.new_queue(5)
                try:
                    getattr(queue, call)()
                except sluice.Empty:
                    pass
                self.assertEqual(self.client.describe(queue.name)["settings"]["maxsize"], 5)

    def test_a_queue_that_exists_is_used_as_it_is(self):
        self.client.create(name := self.new_name(), maxsize=2, order="lifo")
        queue = sluice.Queue(self.client, name, 100)
        queue.put_many([1, 2])
        self.assertTrue(queue.full())
        self.assertEqual((queue.maxsize, queue.get()), (2, 2))

    def test_maxsize_is_live(self):
        queue = self.new_queue(1)
        queue.put(1)
        putter = self.in_thread(queue.put, 2)
        self.await_stat(queue, "waiting_putters", 1)
        queue.maxsize = 2
        putter.result()
        queue.maxsize = -1
        self.assertEqual(queue.maxsize, 0)
        queue.put(3)

    def test_settings_arrive(self):
        queue = self.new_queue(count_leased=True, max_bytes=10_000, max_attempts=3)
        queue.put(b"")
        settings = self.client.describe(queue.name)["settings"]
        self.assertEqual((settings["count_leased"], settings["max_bytes"], settings["max_attempts"]), (True, 10_000, 3))
        with self.assertRaises(sluice.InvalidArgument):
            self.new_queue(durability="for ever").put(1)
        with self.assertRaises(sluice.InvalidArgument):
            sluice.Queue(self.client, "no/such/name").put(1)

    def test_items_in_advance_are_the_same_items(self):
        queue = self.new_queue(prefetch=8)
        queue.put_many(range(100))
        for number in range(100):
            self.assertEqual(queue.get(), number)
            queue.task_done()
        self.assertRaises(ValueError, queue.task_done)
        self.in_thread(queue.join).result()
        self.assertEqual(queue.stats()["done"], 100)

    def test_a_client_tells_of_its_queues(self):
        space = self.new_name()
        self.assertTrue(self.client.create(f"{space}/a", maxsize=1))
        self.assertFalse(self.client.create(f"{space}/a", maxsize=1))
        self.assertRaises(sluice.QueueExists, self.client.create, f"{space}/a", maxsize=2)
        self.assertEqual(self.client.update(f"{space}/a", paused=True)["paused"], True)
        self.assertEqual([each["queue"] for each in self.client.list(space)], ["a"])
        sluice.Queue(self.client, f"{space}/b").put(1)
        with self.assertRaises(sluice.Timeout):
            self.client.join([f"{space}/a", f"{space}/b"], timeout=0.01)
        self.assertEqual(self.client.delete(f"{space}/b"), 1)
        self.assertRaises(sluice.QueueNotFound, self.client.describe, f"{space}/b")
        self.assertRaises(TypeError, self.client.create, "c", maximum=1)

    def test_a_closed_client_says_so(self):
        with sluice.Client(self.server.address) as client:
            queue = sluice.Queue(client, self.new_name())
            queue.put(1)
        self.assertRaises(sluice.Cancelled, queue.get)
        with sluice.Client(self.server.address) as client:
            pass
        self.assertRaises(sluice.Cancelled, client.list)

    def test_a_server_that_is_not_there_is_unavailable(self):
        client = sluice.Client("127.0.0.1:1", connect_timeout=0.05)
        with self.assertRaises(ConnectionError):
            client.list()
        self.assertRaises(ValueError, sluice.Client("nonsense").list)


if __name__ == "__main__":
    unittest.main()
