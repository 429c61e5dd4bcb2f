"""The examples run, and do what they say."""

import os
import sys
import unittest

from server_case import ROOT, Process, ServerCase, wait_until

EXAMPLES = ROOT / "client" / "python" / "examples"
ENDS = {
    "producer_consumer.py": "100 numbers squared",
    "stoppable_worker.py": "1000 items finished",
    "thread_pool.py": "100 words, 4950 letters",
    "asyncio_workers.py": "300 pages fetched",
    "multiprocessing_workers.py": "100 numbers squared, 1 worker killed",
}
DEMO = """
import demo
produced, consumed = demo.run_producer_consumer_demo(
    queue_capacity=2, num_producers=2, num_consumers=3, run_time=0.3, delay=0.01)
assert produced == consumed > 0, (produced, consumed)
print("the same")
"""


class Examples(ServerCase):
    server_args = ("--grace", "200ms")

    def start(self, *arguments):
        env = {"SLUICE_ADDRESS": self.server.address, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = Process(sys.executable, *arguments, env=env, cwd=EXAMPLES)
        self.addCleanup(process.close)
        return process

    def end(self, process):
        """The last line that it prints."""
        self.assertEqual(process.wait(), 0, process.stderr)
        return process.stdout.splitlines()[-1]

    def queues(self):
        return [each["queue"] for each in self.client.list()]

    def test_each_example_ends_and_leaves_nothing_behind(self):
        for name, said in ENDS.items():
            with self.subTest(name=name):
                before = self.queues()
                self.assertEqual(self.end(self.start("-B", name)), said)
                self.assertEqual(self.queues(), before)

    def test_the_demo_consumes_what_it_produces(self):
        self.assertEqual(self.end(self.start("-B", "-c", DEMO)), "the same")

    def test_the_executor_has_its_workers_in_another_process(self):
        worker = self.start("-B", "-m", "sluice", "worker", "executor:count_primes")
        wait_until(lambda: "at a time" in worker.stderr, f"{worker}")
        lines = self.start("-B", "executor.py")
        self.end(lines)
        self.assertIn("303 primes below 2000\n", lines.stdout)
        self.assertEqual(worker.stop(), 0)

    def test_every_example_is_tested(self):
        names = {path.name for path in EXAMPLES.glob("*.py")}
        self.assertEqual(names, {*ENDS, "demo.py", "executor.py"})


if __name__ == "__main__":
    unittest.main()
