"""A test case with executors and workers of a queue of its own."""

import served
from server_case import DEADLINE_S, ServerCase

import sluice


class ExecutorCase(ServerCase):
    def setUp(self):
        served.begun.clear()
        served.go.clear()
        self.addCleanup(served.go.set)  # nothing holds up a test that failed
        self.name = self.new_name()

    def executor(self, maxsize=100, client=None, **options):
        executor = sluice.Executor(client or self.client, self.name, maxsize, **options)
        self.addCleanup(executor.shutdown, wait=False, cancel_futures=True)
        return executor

    def pool(self, *functions, workers=2, **options):
        pool = sluice.WorkerPool(self.client, self.name, functions, workers, **options)
        self.addCleanup(pool.stop)
        return pool

    def hold(self, executor):
        """A future whose call has begun, and goes on until served.go is set."""
        future = executor.submit(served.hold, "held")
        self.assertTrue(served.begun.wait(DEADLINE_S))
        return future
