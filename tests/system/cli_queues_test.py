"""`sluice` on queues: making, changing, showing and ending them."""

import json
import unittest

from cli_case import EMPTY, OK, QUEUE_DELETED, QUEUE_EXISTS, QUEUE_NOT_FOUND, SHUT_DOWN, TIMEOUT, USAGE, CliTest
from sluice_process import wait_until


class Queues(CliTest):
    def test_create_is_idempotent_with_equal_settings_and_refuses_other_ones(self):
        self.assertEqual(self.server.json("create", self.queue, "--maxsize", 5)["created"], True)
        self.assertEqual(self.server.json("create", self.queue, "--maxsize", 5)["created"], False)
        self.assertIn("maxsize", self.fails(QUEUE_EXISTS, "create", self.queue, "--maxsize", 6))

    def test_every_setting_reaches_the_queue(self):
        self.create(*"--order priority --maxsize 7 --max-bytes 1MiB --count-leased --lease 90s --max-attempts 3 "
                    "--durability memory --paused".split())
        self.assertEqual(
            self.server.json("describe", self.queue)["settings"],
            {"order": "priority", "maxsize": 7, "max_bytes": 1 << 20, "count_leased": True, "durability": "memory",
             "lease_ms": 90000, "max_attempts": 3, "paused": True},
        )

    def test_update_changes_what_is_named_and_nothing_else(self):
        self.create("--maxsize", 7, "--count-leased")
        changed = self.server.json("update", self.queue, "--max-bytes", "64KiB", "--no-count-leased", "--lease", "1m",
                              "--max-attempts", 2)
        self.assertEqual(changed["settings"]["maxsize"], 7)
        self.assertEqual(changed["settings"]["max_bytes"], 65536)
        self.assertEqual(changed["settings"]["count_leased"], False)
        self.assertEqual(changed["settings"]["lease_ms"], 60000)
        self.assertEqual(changed["settings"]["max_attempts"], 2)
        self.assertIn("nothing to change", self.fails(USAGE, "update", self.queue))

    def test_delete_removes_the_queue_with_its_items(self):
        self.create()
        self.ok("put", self.queue, "a", "b")
        self.assertEqual(self.server.json("delete", self.queue)["discarded"], 2)
        self.fails(QUEUE_NOT_FOUND, "describe", self.queue)

    def test_list_shows_the_queues_of_a_namespace(self):
        for name in ("alpha", "beta", "alpine"):
            self.ok("create", f"list-test/{name}")
        self.assertEqual(self.ok("list", "--namespace", "list-test", "--names"), "alpha\nalpine\nbeta\n")
        self.assertEqual(self.ok("list", "alp", "--namespace", "list-test", "--names"), "alpha\nalpine\n")
        listing = self.server.json("list", "--namespace", "list-test")
        self.assertEqual([queue["queue"] for queue in listing["queues"]], ["alpha", "alpine", "beta"])
        lines = self.ok("list", "--namespace", "list-test").splitlines()
        self.assertEqual(lines[0].split()[:3], ["QUEUE", "READY", "LEASED"])
        self.assertEqual(len({line.index(word) for line, word in zip(lines, ("ORDER", "fifo", "fifo", "fifo"))}), 1)
        self.assertEqual(self.ok("list", "--namespace", "nobody-here"), "")

    def test_describe_and_stats_say_the_same_to_people_and_programs(self):
        self.create("--maxsize", 2)
        self.ok("put", self.queue, "a", "b")
        stats = self.server.stats(self.queue)
        self.assertEqual((stats["ready"], stats["unfinished"], stats["put"], stats["full"]), (2, 2, 2, True))
        self.assertEqual({**self.server.json("describe", self.queue)["stats"], "oldest_ready_age_ms": 0},
                         {**{k: v for k, v in stats.items() if k != "queue"}, "oldest_ready_age_ms": 0})
        self.assertRegex(self.ok("stats", self.queue), r"(?m)^ready +2  \(2 B\)$")
        self.assertRegex(self.ok("stats", self.queue), r"(?m)^state +open, full$")
        self.assertRegex(self.ok("describe", self.queue), r"(?m)^maxsize +2$")

    def test_pause_holds_gets_and_resume_lets_them_go(self):
        self.create()
        self.ok("put", self.queue, "a")
        self.ok("pause", self.queue)
        self.fails(EMPTY, "get", self.queue, "--timeout", "0")
        self.ok("resume", self.queue)
        self.assertEqual(self.payloads(), ["a"])

    def test_purge_discards_what_is_ready_and_leaves_what_is_leased(self):
        self.create()
        self.ok("put", self.queue, "a", "b", "c")
        self.take()
        self.assertEqual(self.server.json("purge", self.queue), {"queue": self.queue, "purged": True, "discarded": 2})
        self.assertEqual(self.server.stats(self.queue)["leased"], 1)


class End(CliTest):
    def test_shutdown_drains_and_reopen_undoes_it(self):
        self.create()
        self.ok("put", self.queue, "a")
        self.assertEqual(self.server.json("shutdown", self.queue)["discarded"], 0)
        self.fails(SHUT_DOWN, "put", self.queue, "b")
        self.assertEqual(self.payloads(), ["a"])
        self.fails(SHUT_DOWN, "get", self.queue)
        self.ok("reopen", self.queue)
        self.ok("put", self.queue, "b")

    def test_immediate_shutdown_discards(self):
        self.create()
        self.ok("put", self.queue, "a", "b")
        self.assertEqual(self.server.json("shutdown", self.queue, "--immediate")["discarded"], 2)

    def test_join_waits_for_all_its_queues(self):
        second = self.queue + "-second"
        self.create()
        self.ok("create", second)
        self.ok("put", self.queue, "a")
        self.fails(TIMEOUT, "join", self.queue, second, "--timeout", "50ms")
        with self.server.start("join", self.queue, second, "--json") as joiner:
            wait_until(lambda: self.server.stats(self.queue)["waiting_joiners"] == 1, "the joiner to wait")
            self.assertEqual(self.payloads(), ["a"])
            self.assertEqual(joiner.wait(), OK)
            counts = {queue["queue"]: queue["done"] for queue in json.loads(joiner.stdout)["queues"]}
            self.assertEqual(counts, {self.queue: 1, second: 0})

    def test_join_of_what_was_put_before_ignores_later_items(self):
        self.create()
        self.ok("put", self.queue, "a")
        with self.server.start("join", self.queue, "--only-put-before") as joiner:
            wait_until(lambda: self.server.stats(self.queue)["waiting_joiners"] == 1, "the joiner to wait")
            self.ok("put", self.queue, "b")
            self.assertEqual(self.ok("get", self.queue, "--ack"), "a\n")
            self.assertEqual(joiner.wait(), OK)

    def test_deleting_a_queue_tells_who_waits_in_it(self):
        self.create()
        with self.server.start("get", self.queue) as getter:
            wait_until(lambda: self.server.stats(self.queue)["waiting_getters"] == 1, "the getter to wait")
            self.ok("delete", self.queue)
            self.assertEqual(getter.wait(), QUEUE_DELETED)


if __name__ == "__main__":
    unittest.main()
