"""Workers killed, the server restarted, the connection cut: nothing is lost, nothing hangs."""

import asyncio
import collections
import os
import pathlib
import signal
import sys
import tempfile
import threading
import unittest

import served
from server_case import DEADLINE_S, Process, Server, ServerCase, wait_until

import sluice
import sluice.aio
from gate import Gate

HERE = pathlib.Path(__file__).resolve().parent
QUICK = {"min_backoff": 0.01, "max_backoff": 0.05}  # to connect anew


class LossCase(ServerCase):
    server_args = ("--grace", "200ms")  # how soon what a killed worker had is back

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.go = self.folder / "go"
        self.name = self.new_name()

    def worker(self, *functions, server=None, command=(sys.executable, "-m", "sluice")):
        """`python -m sluice worker` for the queue, once it serves."""
        env = {
            "SLUICE_ADDRESS": (server or self.server).address,
            "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
        }
        worker = Process(*command, "worker", "--queue", self.name, *functions, env=env)
        self.addCleanup(worker.close)
        wait_until(lambda: "at a time for" in worker.stderr or not worker.running(), f"{worker}")
        return worker

    def executor(self, client, **options):
        executor = sluice.Executor(client, self.name, **options)
        self.addCleanup(executor.shutdown, wait=False, cancel_futures=True)
        return executor

    def begun(self):
        wait_until(pathlib.Path(f"{self.go}.begun").exists, "the call to begin")


class Workers(LossCase):
    def test_a_call_whose_worker_is_killed_is_made_by_another(self):
        worker = self.worker("served:hold_for")
        executor = self.executor(self.client)
        future = executor.submit(served.hold_for, str(self.go), "a")
        self.begun()
        worker.kill()
        self.worker("served:hold_for")
        self.go.touch()
        self.assertEqual(future.result(DEADLINE_S), "a")
        self.assertEqual(executor.queue.stats()["redelivered"], 1)

    def test_a_call_that_kills_its_workers_is_given_up(self):
        executor = self.executor(self.client, max_attempts=2)
        future = executor.submit("served:die")
        for _ in range(2):
            self.assertEqual(self.worker("served:die").wait(), -signal.SIGKILL)
        with self.assertRaises(sluice.CallLost):
            future.result(DEADLINE_S)

    def test_sigterm_lets_a_worker_finish_what_is_begun_and_sigint_too(self):
        executor = self.executor(self.client)
        for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
            with self.subTest(number=number):
                worker = self.worker("served:hold_for")
                future = executor.submit(served.hold_for, str(self.go), number.name)
                self.begun()
                later = executor.submit(served.hold_for, str(self.go), "later")
                worker.signal(number)
                self.assertFalse(future.done())
                self.go.touch()
                self.assertEqual(worker.wait(), code)
                self.assertEqual(future.result(DEADLINE_S), number.name)
                self.assertFalse(later.done())
                executor.queue.purge()
                for path in (self.go, pathlib.Path(f"{self.go}.begun")):
                    path.unlink()

    def test_a_second_signal_ends_a_worker_and_its_call_is_made_again(self):
        executor = self.executor(self.client)
        worker = self.worker("served:hold_for")
        future = executor.submit(served.hold_for, str(self.go), "a")
        self.begun()
        worker.signal(signal.SIGTERM)
        wait_until(lambda: "finishing" in worker.stderr, "the first signal to arrive")
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.wait(), 128 + signal.SIGTERM)
        self.worker("served:hold_for")
        self.go.touch()
        self.assertEqual(future.result(DEADLINE_S), "a")

    def test_an_idle_worker_ends_with_sigterm_and_with_its_queue(self):
        queue = sluice.Queue(self.client, self.name)
        self.assertEqual(self.worker("served:add").stop(), 0)
        worker = self.worker("served:add")
        queue.shutdown()
        self.assertEqual((worker.wait(), worker.stderr.splitlines()[-1]), (0, "sluice worker: 0 calls made"))

    def test_a_worker_says_what_is_wrong_with_its_command_line(self):
        for function, said in (("served:nothing", "nothing"), ("served", "MODULE:FUNCTION"), ("no_module:f", "no_module")):
            with self.subTest(function=function):
                worker = self.worker(function)
                self.assertEqual(worker.wait(), 2)
                self.assertIn(said, worker.stderr)

    def test_a_process_that_ends_with_calls_on_their_way_does_not_hang(self):
        script = self.folder / "script.py"
        script.write_text(
            "import sluice, served\n"
            f"executor = sluice.Executor(None, '{self.name}')\n"
            "future = executor.submit(served.add, 1)\n"
            "print('submitted', flush=True)\n"
        )
        env = {"SLUICE_ADDRESS": self.server.address, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
        with Process(sys.executable, script, env=env) as process:
            self.assertEqual((process.wait(), process.stdout, process.stderr), (0, "submitted\n", ""))
        names = [each["queue"] for each in self.client.list(prefix=self.name)]
        self.assertEqual(names, [self.name])  # the call is there, its results' queue is not
        self.assertEqual(sluice.Queue(self.client, self.name).qsize(), 1)


class Cli(LossCase):
    def test_sluice_worker_is_the_same(self):
        from sluice_process import program

        os.environ["SLUICE_PYTHON"] = sys.executable
        self.addCleanup(os.environ.pop, "SLUICE_PYTHON")
        worker = self.worker("served:add", command=(program("sluice"),))
        executor = self.executor(self.client)
        self.assertEqual(executor.submit(served.add, 1, 2).result(DEADLINE_S), 3)
        self.assertEqual(worker.stop(), 0)

    def test_sluice_worker_without_python_says_so(self):
        from sluice_process import program

        os.environ["SLUICE_PYTHON"] = str(self.folder / "no-python")
        self.addCleanup(os.environ.pop, "SLUICE_PYTHON")
        worker = self.worker("served:add", command=(program("sluice"),))
        self.assertEqual(worker.wait(), 1)
        self.assertIn("no-python", worker.stderr)
        self.assertIn("SLUICE_PYTHON", worker.stderr)


class Restarts(LossCase):
    """Of a server of the test's own, that keeps what is in its queues."""

    def start(self, **options):
        server = Server(args=("--data-dir", str(self.folder / "data"), "--grace", "1s"))
        self.addCleanup(server.close)
        client = sluice.Client(server.address, **QUICK, **options)
        self.addCleanup(client.close)
        return server, client

    def test_futures_survive_the_server(self):
        server, client = self.start()
        served.go.clear()
        with sluice.WorkerPool(client, self.name, [served.hold], durability="fsync") as pool:
            executor = self.executor(client, durability="fsync")
            futures = [executor.submit(served.hold, i) for i in range(20)]
            self.assertTrue(served.begun.wait(DEADLINE_S))
            server.kill()
            server.start_server()
            served.go.set()
            self.assertEqual([future.result(DEADLINE_S) for future in futures], list(range(20)))
            pool.stop()

    def test_futures_of_a_queue_in_memory_end_with_the_server(self):
        server, client = self.start()
        executor = self.executor(client)
        future = executor.submit(served.add, 1)
        server.kill()
        server.start_server()
        with self.assertRaises(sluice.CallLost):
            future.result(DEADLINE_S)
        with sluice.WorkerPool(client, self.name, [served.add]):
            self.assertEqual(executor.submit(served.add, 2).result(DEADLINE_S), 2)

    def test_coroutines_go_on_when_the_server_is_back(self):
        server, client = self.start()
        items = 200

        async def main():
            queue = sluice.aio.Queue(client, self.name, 10, durability="fsync")
            got = collections.Counter()

            async def consume():
                while True:
                    async with queue.task() as item:
                        got[item] += 1

            async def produce():
                for i in range(items):
                    await queue.put(i)

            tasks = [asyncio.create_task(consume()) for _ in range(20)]
            producer = asyncio.create_task(produce())
            for part in (1, 2):
                while len(got) < part * items // 3:
                    await asyncio.sleep(0.001)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start_server)
            await producer
            await queue.join()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            return got

        got = asyncio.run(asyncio.wait_for(main(), DEADLINE_S))
        self.assertEqual(sorted(got), list(range(items)))

    def test_a_get_is_cancelled_while_the_server_is_away(self):
        server, client = self.start()

        async def main():
            queue = sluice.aio.Queue(client, self.name)
            getter = asyncio.create_task(queue.get())
            await asyncio.to_thread(self.await_stat, queue, "waiting_getters", 1)
            await asyncio.to_thread(server.kill)
            getter.cancel()
            await asyncio.wait([getter])
            self.assertTrue(getter.cancelled())

        asyncio.run(asyncio.wait_for(main(), DEADLINE_S))


class Cuts(LossCase):
    """A network that resets all connections, again and again."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("127.0.0.1:0", args=("--grace", "5s"))
        cls.addClassCleanup(cls.server.close)
        cls.client = sluice.Client(cls.server.address)
        cls.addClassCleanup(cls.client.close)

    def setUp(self):
        super().setUp()
        gate = Gate(self.server.address)
        self.addCleanup(gate.close)
        self.gate = gate
        self.cut_client = sluice.Client(gate.address, **QUICK)
        self.addCleanup(self.cut_client.close)

    def cutting(self):
        """Cuts now and then, until the returned event is set."""
        over = threading.Event()

        def cut():
            while not over.wait(0.02):
                self.gate.cut()

        thread = threading.Thread(target=cut)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        return over

    def test_coroutines_lose_no_item(self):
        items = 200

        async def main():
            queue = sluice.aio.Queue(self.cut_client, self.name, 20)
            got = collections.Counter()

            async def consume():
                while True:
                    item = await queue.get()
                    got[item] += 1
                    queue.task_done(item)

            tasks = [asyncio.create_task(consume()) for _ in range(10)]
            over = self.cutting()
            await asyncio.gather(*(queue.put(i) for i in range(items)))
            over.set()
            await queue.join()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            return got

        got = asyncio.run(asyncio.wait_for(main(), DEADLINE_S))
        self.assertEqual(sorted(got), list(range(items)))

    def test_futures_have_their_results(self):
        with sluice.WorkerPool(self.cut_client, self.name, [served.add], 4):
            executor = self.executor(self.cut_client)
            over = self.cutting()
            results = list(executor.map(served.add, range(100), timeout=DEADLINE_S))
            over.set()
        self.assertEqual(results, list(range(100)))


if __name__ == "__main__":
    unittest.main()
