"""Queues and other processes: fork, forkserver, spawn, pickling; workers that are killed, a server that restarts."""

import multiprocessing
import os
import pickle
import signal
import unittest

import script
import sluice
from server_case import DEADLINE_S, Gate, ServerCase, wait_until


def work_on_all(jobs, results):
    """A worker process: ends when the queue is shut down."""
    while True:
        try:
            with jobs.task() as item:
                results.put(item * 2)
        except sluice.ShutDown:
            return


def work_on_one(jobs):
    jobs.get()
    jobs.task_done()


class Processes(ServerCase):
    def run_workers(self, method):
        context = multiprocessing.get_context(method)
        # Clients of their own, which nothing has connected yet: also a fork may have them.
        client = sluice.Client(self.server.address)
        jobs, results = sluice.Queue(client, self.new_name()), sluice.Queue(client, self.new_name())
        workers = [context.Process(target=work_on_all, args=(jobs, results)) for _ in range(3)]
        for worker in workers:
            worker.start()
            self.addCleanup(worker.kill)
        ours = sluice.Queue(self.client, jobs.name), sluice.Queue(self.client, results.name)
        ours[0].put_many(range(100))
        ours[0].shutdown()
        self.in_thread(ours[0].join).result()
        self.assertEqual(sorted(ours[1].get_many(1000)), [2 * number for number in range(100)])
        for worker in workers:
            worker.join(DEADLINE_S)
            self.assertEqual(worker.exitcode, 0)

    def test_workers_that_are_spawned(self):
        self.run_workers("spawn")

    def test_workers_of_a_fork_server(self):
        self.run_workers("forkserver")

    def test_what_a_worker_did_not_wait_for_is_told_before_it_ends(self):
        for method in ("spawn", "forkserver"):
            with self.subTest(method):
                client = sluice.Client(self.server.address)
                queue = sluice.Queue(client, self.new_name(), prefetch=4)
                ours = sluice.Queue(self.client, queue.name)
                ours.put("item")
                worker = multiprocessing.get_context(method).Process(target=work_on_one, args=(queue,))
                worker.start()
                self.addCleanup(worker.kill)
                worker.join(DEADLINE_S)
                self.assertEqual((worker.exitcode, ours.stats()["done"]), (0, 1))

    def test_a_pickled_queue_is_the_same_queue_of_another_client(self):
        queue = self.new_queue(7, sluice.PriorityQueue, max_attempts=3)
        queue.put((1, "a"))
        copy = pickle.loads(pickle.dumps(queue))
        self.assertIsNot(copy.client, queue.client)
        self.assertEqual((copy.get(), copy.maxsize), ((1, "a"), 7))
        with self.assertRaises(ValueError):
            queue.task_done()  # no lease went with it
        copy.task_done()

    def test_queues_of_one_address_share_a_connection_also_when_they_were_pickled(self):
        one, two = (sluice.Queue(self.server.address, name) for name in ("one", "two"))
        self.assertIs(one.client, two.client)
        self.assertIs(pickle.loads(pickle.dumps(one)).client, one.client)

    # ---- fork ----

    def run_forking(self, body):
        """What a program prints that calls child() in the child of a fork; the child's is first."""
        tail = """
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    try:
        child()
        status = 0
    except BaseException as error:
        print(type(error).__name__, flush=True)
        status = 1
    os._exit(status)
os.waitpid(pid, 0)
parent()
"""
        with script.start(self.server, self.new_name(), body + tail) as process:
            self.assertEqual(process.wait(), 0, str(process))
            return process.stdout.splitlines()

    def test_a_client_that_was_not_used_works_in_the_child(self):
        body = """
def child():
    jobs.put("from the child")
def parent():
    print(jobs.get(timeout=20))
"""
        self.assertEqual(self.run_forking(body), ["from the child"])

    def test_a_client_that_was_used_says_so_in_the_child_and_works_on_in_the_parent(self):
        body = """
jobs.put("a")
jobs.put("b")
item = jobs.get()
lease = jobs._native().get()
other = sluice.Queue(sluice.Client(), "other")
def child():
    for call in (jobs.get, jobs.qsize, jobs.task_done, lease.done, other.get, jobs.task().__enter__):
        try:
            call()
            print("no error")
        except (sluice.ForkError, ValueError) as error:
            print(type(error).__name__, flush=True)
def parent():
    jobs.task_done()
    lease.done()
    print(jobs.unfinished_tasks)
"""
        refused = ["ForkError", "ForkError", "ValueError", "ForkError", "ForkError", "ForkError"]
        self.assertEqual(self.run_forking(body), [*refused, "0"])

    def test_the_refusal_says_what_to_do(self):
        body = """
jobs.qsize()
def child():
    try:
        jobs.qsize()
    except sluice.ForkError as error:
        print(error, flush=True)
def parent():
    pass
"""
        (message,) = self.run_forking(body)
        for word in ("spawn", "forkserver", "after the fork"):
            self.assertIn(word, message)

    def test_a_child_that_ends_in_python_takes_nothing_of_the_parents_with_it(self):
        body = """
jobs.put("item")
item = jobs.get()
def child():
    global jobs, item
    del jobs, item
    import gc
    gc.collect()
def parent():
    jobs.task_done()
    print(jobs.unfinished_tasks)
"""
        self.assertEqual(self.run_forking(body), ["0"])

    # ---- what goes wrong in the world ----

    def test_the_items_of_a_killed_worker_are_worked_on_by_another(self):
        queue = self.new_queue()
        queue.put("item")
        body = """
print(jobs.get(), flush=True)
signal.pause()
"""
        with script.start(self.server, queue.name, body) as worker:
            wait_until(lambda: worker.stdout == "item\n", "the worker to have the item")
            worker.kill()
        with queue.task(timeout=DEADLINE_S) as item:
            self.assertEqual(item, "item")
        self.in_thread(queue.join).result()

    def test_a_getter_that_is_killed_while_it_waits_swallows_nothing(self):
        queue = self.new_queue()
        with script.start(self.server, queue.name, "jobs.get()") as getter:
            self.await_stat(queue, "waiting_getters", 1)
            getter.kill()
        queue.put("item")
        with queue.task(timeout=DEADLINE_S) as item:
            self.assertEqual(item, "item")

    def test_calls_that_wait_survive_a_server_that_restarts(self):
        # Before the restart's queue, nothing is there but the waiting call.
        queue = self.new_queue()
        got = self.in_thread(queue.get)
        self.await_stat(queue, "waiting_getters", 1)
        self.server.kill()
        self.server.start_server()
        queue.put("item")
        self.assertEqual(got.result(), "item")
        self.assertEqual(queue.unfinished_tasks, 1)

    def test_a_server_that_stops_answering_is_unavailable_not_empty(self):
        client = sluice.Client(self.server.address, connect_timeout=0.5, retry_forever=False)
        queue = sluice.Queue(client, self.new_name())
        queue.put("item")
        os.kill(self.server.pid, signal.SIGKILL)
        try:
            with self.assertRaises(sluice.Unavailable):
                self.in_thread(queue.qsize).result()
        finally:
            self.server.start_server()


class Network(ServerCase):
    server_listen = "127.0.0.1:0"
    server_args = ("--grace", "30s")

    def test_a_cut_connection_loses_no_item_no_call_and_no_lease(self):
        items = 300
        with Gate(self.server.address) as gate, sluice.Client(gate.address, max_backoff=0.1) as client:
            queue = sluice.Queue(client, self.new_name(), maxsize=10)
            got = []

            def work():
                while True:
                    try:
                        with queue.task() as item:
                            got.append(item)
                    except sluice.ShutDown:
                        return

            def feed():
                for number in range(items):
                    queue.put(number)

            workers, feeder = [self.in_thread(work) for _ in range(4)], self.in_thread(feed)
            for share in range(1, 6):
                wait_until(lambda: len(got) >= share * items // 6, "items to go through")
                gate.cut()
            feeder.result()
            self.in_thread(queue.join).result()
            queue.shutdown()
            for worker in workers:
                worker.result()
            self.assertEqual(sorted(got), list(range(items)))


if __name__ == "__main__":
    unittest.main()
