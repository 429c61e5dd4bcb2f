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
                     ["--duration", "1h"], ["--producers", 0]):
            with self.subTest(args=args):
                self.fails(USAGE, "bench", *args)

    def test_a_stopped_bench_tidies_up(self):
        with self.server.start("bench", "--queue", self.queue, "--duration", "10m") as bench:
            wait_until(lambda: self.queue in self.ok("list", "--names"), "the queue of the run")
            bench.signal(signal.SIGINT)
            self.assertEqual(bench.wait(deadline_s=5), 130)
        self.fails(QUEUE_NOT_FOUND, "stats", self.queue)


if __name__ == "__main__":
    unittest.main()
