"""The benchmark beside the peers: it runs with Sluice alone, says what it left out, and calls no bad run good."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "bench")]
import boards  # noqa: E402
import table  # noqa: E402
from sluice_process import program  # noqa: E402

DEADLINE_S = 200
PROGRAMS = pathlib.Path(program("sluiced")).parent


def run(*words, path=os.environ["PATH"]):
    """(what it printed, the document that it wrote)"""
    with tempfile.TemporaryDirectory(prefix="sluice-peers-") as folder:
        document = pathlib.Path(folder) / "rows.json"
        done = subprocess.run(
            [sys.executable, "-B", ROOT / "tests" / "bench" / "peers.py", "--quick", "--no-install",
             "--sluice-bin", PROGRAMS, "--json", document, *words],
            capture_output=True, text=True, timeout=DEADLINE_S, check=False, env={**os.environ, "PATH": path},
        )  # fmt: skip
        if done.returncode != 0:
            raise AssertionError(f"peers.py ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout, json.loads(document.read_text())


class Peers(unittest.TestCase):
    def test_every_workload_runs_with_every_item_exactly_once(self):
        workloads = ["w1", "w2-threads", "w2-processes", "w3", "w3-single", "w4-1000"]
        text, document = run("--systems", "sluice,sluice-unary", "--workloads", ",".join(workloads))
        rows = [row for row in document["rows"] if not row["skipped"]]
        alone = [row["workload"] for row in rows if row["system"] == "sluice"]
        unary = [row["workload"] for row in rows if row["system"] == "sluice-unary"]
        self.assertEqual((alone, unary), (workloads, ["w1", "w4-1000"]))
        for row in rows:
            with self.subTest(workload=row["workload"], system=row["system"]):
                self.assertTrue(row["valid"], row["why"])
                self.assertGreater(row["value"], 0)
                self.assertGreater(row["server_rss_bytes"], 0)
                self.assertIn(f"{row['workload']}, 100 B", text)

    def test_a_durable_run_tells_how_long_puts_take_and_loses_nothing_either(self):
        text, document = run("--durable", "--systems", "sluice,sluice-durable-memory,sluice-fsync")
        self.assertEqual(len(document["rows"]), 6)  # three systems, two workloads
        for row in document["rows"]:
            with self.subTest(workload=row["workload"], system=row["system"]):
                self.assertTrue(row["valid"], row["why"])
                self.assertLess(0, row["put_p50_us"])
                self.assertLessEqual(row["put_p50_us"], row["put_p99_us"])
        self.assertIn("put p99 us", text)

    def test_what_is_not_installed_is_left_out_and_said(self):
        text, document = run("--systems", "sluice,redis", "--workloads", "w1", path="")
        sluice, redis = document["rows"]
        self.assertTrue(sluice["valid"])
        self.assertIsNone(sluice["ratio"])  # nothing to compare with
        self.assertTrue(redis["skipped"])
        self.assertIn("redis-server is not installed", text)

    def test_help_names_every_choice(self):
        script = ROOT / "tests" / "bench" / "peers.sh"
        done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
        for word in ("--systems", "--workloads", "--rounds", "--json", "beanstalkd", "w2-processes", "examples:"):
            self.assertIn(word, done.stdout)


class Accounts(unittest.TestCase):
    """Three items of the second of two producers were put."""

    def delivered(self, *items):
        with tempfile.NamedTemporaryFile() as file, boards.Board(file.name, lanes=2) as board:
            first = board[boards.LANE_ITEMS]
            for item in items:
                board.mark(first + item)
            return board.delivered()

    def test_each_once_is_right(self):
        self.assertEqual(self.delivered(0, 2, 1), (3, 0, True))

    def test_an_item_that_came_twice_is_seen(self):
        self.assertEqual(self.delivered(0, 1, 2, 1), (2, 1, True))

    def test_a_gap_is_seen(self):
        self.assertEqual(self.delivered(0, 2, 3), (3, 0, False))

    def test_one_void_run_makes_the_row_void(self):
        run = {"system": "sluice", "workload": "w1", "size_bytes": 100, "value": 5.0, "valid": True, "why": ""}
        row = table.medians([run, {**run, "valid": False, "why": "3 put, 1 lost"}])[0]
        self.assertEqual((row["valid"], row["value"]), (False, None))
        self.assertIn("VOID: 3 put, 1 lost", table.text([row]))

    def test_the_ratio_is_to_the_best_peer_that_acknowledges(self):
        run = {"workload": "w1", "size_bytes": 100, "valid": True, "why": ""}
        values = {"sluice": 6.0, "redis": 3.0, "nats": 2.0, "python": 100.0}
        rows = table.medians([{**run, "system": system, "value": value} for system, value in values.items()])
        self.assertEqual({row["system"]: row["ratio"] for row in rows if row["system"] != "python"},
                         {"sluice": 2.0, "redis": 1.0, "nats": 2.0 / 3.0})  # fmt: skip

    def test_a_durable_system_is_compared_with_its_own_peer(self):
        run = {"workload": "w1", "size_bytes": 100, "valid": True, "why": ""}
        values = {"sluice": (10.0, 1.0), "redis": (8.0, 1.0), "sluice-durable-memory": (9.0, 3.0),
                  "sluice-fsync": (6.0, 5.0), "redis-fsync": (2.0, 4.0)}  # fmt: skip
        rows = table.medians([{**run, "system": system, "value": value, "put_p99_us": slowest}
                              for system, (value, slowest) in values.items()])  # fmt: skip
        self.assertEqual(
            {row["system"]: (row["ratio"], row["p99_ratio"]) for row in rows},
            {"sluice": (1.25, 1.0), "redis": (1.0, 1.0), "sluice-durable-memory": (0.9, 3.0),
             "sluice-fsync": (3.0, 1.25), "redis-fsync": (1.0, 1.0)},
        )  # fmt: skip


class Latencies(unittest.TestCase):
    def percentile_us(self, share, counts):
        with tempfile.NamedTemporaryFile() as file, boards.Board(file.name, lanes=1) as board:
            for step, count in counts.items():
                board[boards.LATENCIES + step] = count
            return board.put_percentile_us(share)

    def test_steps_are_a_sixteenth_apart_or_less_and_none_overlaps(self):
        starts = [boards.latency_ns(step) for step in range(boards.LATENCY_STEPS)]
        for start, following in zip(starts[16:], starts[17:]):
            self.assertLess(start, following)
            self.assertLessEqual(following - start, start / 16)
        self.assertLess(60e9, starts[-1])  # a minute is told from two

    def test_percentiles_are_those_of_all_calls(self):
        counts = {20: 98, 100: 1, 200: 1}
        self.assertEqual(self.percentile_us(0.5, counts), boards.latency_ns(21) / 1000)
        self.assertEqual(self.percentile_us(0.98, counts), boards.latency_ns(21) / 1000)
        self.assertEqual(self.percentile_us(0.99, counts), boards.latency_ns(101) / 1000)
        self.assertEqual(self.percentile_us(1.0, counts), boards.latency_ns(201) / 1000)

    def test_nothing_noted_is_no_percentile(self):
        self.assertIsNone(self.percentile_us(0.99, {}))


if __name__ == "__main__":
    unittest.main()
