"""`sluice bench`: every item accounted for, nothing left behind."""

import signal
import unittest

from cli_case import QUEUE_EXISTS, QUEUE_NOT_FOUND, USAGE, CliTest
from sluice_process import wait_until


class Bench(CliTest):
    def test_bench_counts_every_item_and_leaves_nothing_behind(self):
        result = self.server.json("bench", "--queue", self.queue, "--count", 500, "--producers", 2, "--consumers", 3,
                             "--batch", 7, "--size", "1KiB")
        self.assertEqual((result["items"], result["lost"], result["duplicated"], result["valid"]), (500, 0, 0, True))
        self.assertGreater(result["items_per_s"], 0)
        self.assertLessEqual(result["put_p50_us"], result["put_p99_us"])
        self.assertGreater(result["get_p50_us"], 0)
        self.fails(QUEUE_NOT_FOUND, "stats", self.queue)

    def test_each_workload_accounts_for_every_item(self):
        for workload, load in (("w1", (1, 1, 1)), ("w2", (8, 8, 1)), ("w3", (8, 8, 256))):
            with self.subTest(workload=workload):
                result = self.server.json("bench", "--workload", workload, "--duration", "200ms")
                self.assertEqual((result["workload"], result["valid"]), (workload, True))
                self.assertEqual((result["producers"], result["consumers"], result["batch"]), load)
                self.assertGreater(result["client_cpu_us_per_item"], 0)

    def test_every_waiting_getter_of_a_burst_is_served(self):
        result = self.server.json("bench", "--workload", "w4", "--count", 300)
        self.assertEqual((result["items"], result["consumers"], result["valid"]), (300, 300, True))
        self.assertGreater(result["seconds"], 0)
        self.assertRegex(self.ok("bench", "--workload", "w4", "--count", 1), r"(?m)^load +1 waiting getters?, ")

    def test_bench_is_bounded_by_time(self):
        text = self.ok("bench", "--duration", "200ms", "--producers", 1, "--consumers", 1)
        self.assertRegex(text, r"(?m)^verified +each item exactly once$")

    def test_bench_spoils_no_queue_of_somebody_else(self):
        self.create()
        self.ok("put", self.queue, "a")
        self.fails(QUEUE_EXISTS, "bench", "--queue", self.queue, "--count", 10)
        self.assertEqual(self.payloads(), ["a"])

    def test_bench_refuses_what_can_never_work(self):
        for args in (["--size", "3B"], ["--batch", 11, "--maxsize", 10], ["--count", 1, "--duration", "1s"],
                     ["--duration", "1h"], ["--producers", 0], ["--workload", "w5"],
                     ["--workload", "w1", "--producers", 2], ["--workload", "w4", "--duration", "1s"],
                     ["--workload", "w4", "--count", 10001], ["--workload", "w3", "--maxsize", 100]):
            with self.subTest(args=args):
                self.fails(USAGE, "bench", *args)

    def test_a_stopped_bench_tidies_up(self):
        for load in ([], ["--workload", "w1"]):
            with self.subTest(load=load), \
                    self.server.start("bench", "--queue", self.queue, "--duration", "10m", *load) as bench:  # fmt: skip
                wait_until(lambda: self.queue in self.ok("list", "--names"), "the queue of the run")
                bench.signal(signal.SIGINT)
                self.assertEqual(bench.wait(deadline_s=5), 130)
                self.fails(QUEUE_NOT_FOUND, "stats", self.queue)


if __name__ == "__main__":
    unittest.main()
