"""`sluice put` and `sluice get`: where items come from, where they go, and who holds them."""

import json
import os
import signal
import subprocess
import unittest

from cli_case import EMPTY, FULL, LEASE_LOST, OK, OTHER, QUEUE_NOT_FOUND, SHUT_DOWN, TOO_LARGE, USAGE, CliTest
from sluice_process import program, wait_until


class Put(CliTest):
    def test_arguments_are_items(self):
        self.create()
        self.assertRegex(self.ok("put", self.queue, "only"), r"\Aadded 1 item, id \d+\n\Z")
        self.assertEqual(self.ok("put", self.queue, "--", "get", "--json", "-x"), "added 3 items\n")
        self.assertEqual(self.payloads(), ["only", "get", "--json", "-x"])

    def test_ids_are_told(self):
        self.create()
        told = self.server.json("put", self.queue, "a", "b", "c")
        self.assertEqual((told["queue"], told["added"], told["last_id"] - told["first_id"]), (self.queue, 3, 2))
        self.assertEqual(self.take()["id"], told["first_id"])

    def test_the_level_reached_is_told(self):
        self.create()
        told = self.server.json("put", self.queue, "a")
        self.assertEqual((told["durability"], told["duplicate"]), ("memory", False))

    def test_a_put_that_is_repeated_under_its_name_adds_nothing(self):
        self.create()
        first = self.server.json("put", self.queue, "a", "b", "--request-id", "nightly-1")
        again = self.server.json("put", self.queue, "a", "b", "--request-id", "nightly-1")
        self.assertEqual(again, {**first, "duplicate": True})
        self.assertEqual(self.ok("put", self.queue, "a", "b", "--request-id", "nightly-1"), "added before: 2 items\n")
        self.ok("put", self.queue, "c", "--request-id", "nightly-2")
        self.assertEqual(self.payloads(), ["a", "b", "c"])

    def test_a_named_put_is_one_put_of_all_items(self):
        self.create("--maxsize", 300)
        lines = "\n".join(map(str, range(300)))
        self.assertEqual(self.server.json("put", self.queue, "-", "--request-id", "x", stdin=lines)["added"], 300)
        self.fails(TOO_LARGE, "put", self.queue, "-", "--request-id", "y", stdin=lines + "\n300")
        self.fails(TOO_LARGE, "put", self.queue, "-", "--request-id", "y", stdin="\n" * 10001)
        self.fails(USAGE, "put", self.queue, "a", "--request-id", "y", "--batch", 2)
        self.fails(USAGE, "put", self.queue, "a", "--request-id", "")

    def test_lines_of_standard_input(self):
        self.create()
        for args in (["-"], ["--lines"]):
            self.ok("put", self.queue, *args, stdin="one\n\nthree without end")
            self.assertEqual(self.payloads(), ["one", "", "three without end"])
        self.assertEqual(self.server.json("put", self.queue, "-", stdin="")["added"], 0)

    def test_all_of_standard_input_is_one_item(self):
        self.create()
        data = bytes(range(256)) * 1000
        self.ok("put", self.queue, "--stdin", stdin=data)
        self.assertEqual(self.server.run("get", self.queue, "--ack", "--raw").stdout_bytes, data)

    def test_files(self):
        self.create()
        path = self.folder / "items"
        path.write_text("one\ntwo\n")
        self.ok("put", self.queue, "--file", path)
        self.assertEqual(self.server.json("get", self.queue, "--ack")["payload"], "one\ntwo\n")
        self.ok("put", self.queue, "--file-lines", path)
        self.assertEqual(self.payloads(), ["one", "two"])
        self.assertIn("No such file", self.fails(OTHER, "put", self.queue, "--file", self.folder / "absent"))

    def test_lines_go_out_as_they_come(self):
        self.create()
        with self.server.start("put", self.queue, "-", stdin=subprocess.PIPE) as putter:
            for line in (b"first\n", b"second\n"):
                putter.stdin.write(line)
                putter.stdin.flush()
                taken = self.server.json("get", self.queue, "--ack", "--timeout", "20s")
                self.assertEqual(taken["payload"], line.decode().strip())
            putter.stdin.close()
            self.assertEqual(putter.wait(), OK)

    def test_many_lines_flow_through_a_small_queue(self):
        self.create("--maxsize", 10)
        with self.server.start("put", self.queue, "--file-lines", self.numbers(500)) as putter:
            taken = self.ok("get", self.queue, "--ack", "--follow", "--max", 500, "--timeout", "20s").splitlines()
            self.assertEqual(putter.wait(), OK)
        self.assertEqual(taken, [str(number) for number in range(500)])

    def numbers(self, count):
        path = self.folder / "numbers"
        path.write_text("".join(f"{number}\n" for number in range(count)))
        return path

    def test_a_batch_is_all_or_nothing(self):
        self.create("--maxsize", 3)
        self.ok("put", self.queue, "x")
        self.fails(FULL, "put", self.queue, "a", "b", "c", "--batch", 3, "--timeout", "0")
        self.assertEqual(self.payloads(), ["x"])
        self.fails(TOO_LARGE, "put", self.queue, "a", "b", "c", "d", "--batch", 4)
        self.assertEqual(self.payloads(), [])

    def test_a_transfer_that_ends_early_says_how_far_it_got(self):
        self.create("--maxsize", 2)
        done = self.server.run("put", self.queue, "a", "b", "c", "--timeout", "0", "--json")
        self.assertEqual(done.returncode, FULL)
        error = json.loads(done.stdout)["error"]
        self.assertEqual((error["reason"], error["added"]), ("FULL", 2))
        self.assertIn("2 added before", done.stderr)

    def test_put_waits_for_room_no_longer_than_its_timeout(self):
        self.create("--maxsize", 1)
        self.ok("put", self.queue, "a")
        self.fails(FULL, "put", self.queue, "b", "--timeout", "50ms")
        with self.server.start("put", self.queue, "b") as putter:
            wait_until(lambda: self.server.stats(self.queue)["waiting_putters"] == 1, "the putter to wait")
            self.assertEqual(self.ok("get", self.queue, "--ack"), "a\n")
            self.assertEqual(putter.wait(), OK)

    def test_priority_headers_and_content_type_travel_with_the_item(self):
        self.create("--order", "priority")
        self.ok("put", self.queue, "later", "--priority", 5)
        self.ok("put", self.queue, "{}", "--priority", -1, "--header", "a=1", "--header", "b=x=y", "--content-type",
                "application/json")
        first = self.take()
        self.assertEqual((first["payload"], first["priority"], first["content_type"], first["headers"]),
                         ("{}", -1, "application/json", {"a": "1", "b": "x=y"}))
        self.assertEqual(self.take()["payload"], "later")

    def test_create_makes_a_missing_queue_with_the_settings_given(self):
        self.fails(QUEUE_NOT_FOUND, "put", self.queue, "a")
        self.ok("put", self.queue, "a", "--create", "--maxsize", 3)
        self.assertEqual(self.server.json("describe", self.queue)["settings"]["maxsize"], 3)
        self.assertIn("--create", self.fails(USAGE, "put", self.queue, "a", "--maxsize", 3))

    def test_items_come_from_one_place(self):
        self.create()
        self.fails(USAGE, "put", self.queue)
        self.fails(USAGE, "put", self.queue, "a", "--lines")
        self.fails(USAGE, "put", self.queue, "--stdin", "--file", "x")

    def test_an_item_beyond_the_limit_is_refused(self):
        self.create()
        self.fails(TOO_LARGE, "put", self.queue, "--stdin", stdin=b"x" * (5 << 20))
        self.fails(TOO_LARGE, "put", self.queue, "-", stdin=b"x" * (17 << 20))


class Get(CliTest):
    def test_a_lease_outlives_the_command_and_is_settled_by_its_fence(self):
        self.create()
        self.ok("put", self.queue, "a")
        fence, payload = self.ok("get", self.queue).rstrip("\n").split("\t")
        self.assertEqual(payload, "a")
        self.assertEqual(self.server.stats(self.queue)["leased"], 1)
        self.assertEqual(self.ok("done", self.queue, fence), "done 1\n")
        self.assertEqual(self.server.stats(self.queue)["unfinished"], 0)
        self.assertIn(fence, self.fails(LEASE_LOST, "done", self.queue, fence))

    def test_a_lease_that_runs_out_gives_the_item_back(self):
        self.create()
        self.ok("put", self.queue, "a")
        self.assertEqual(self.take("--lease", "100ms")["lease_ms"], 100)
        again = self.server.json("get", self.queue, "--timeout", "20s")
        self.assertEqual((again["payload"], again["attempt"], again["lease_ms"]), ("a", 2, 30000))

    def test_release_gives_back_and_counts_no_attempt(self):
        self.create()
        self.ok("put", self.queue, "a", "b")
        self.assertEqual(self.ok("release", self.queue, self.take()["fence"]), "released 1\n")
        again = self.take()
        self.assertEqual((again["payload"], again["attempt"]), ("a", 1))

    def test_fail_counts_the_attempt_and_keeps_the_error(self):
        self.create("--max-attempts", 2)
        self.ok("put", self.queue, "a")
        self.ok("fail", self.queue, self.take()["fence"], "--error", "no such picture")
        peeked = self.server.json("peek", self.queue)
        self.assertEqual((peeked["attempts"], peeked["last_error"]), (1, "no such picture"))
        self.assertIn("no such picture", self.ok("peek", self.queue))
        self.ok("fail", self.queue, self.take()["fence"])
        self.assertEqual(self.server.stats(self.queue)["dead"], 1)

    def test_extend_moves_the_deadline(self):
        self.create()
        self.ok("put", self.queue, "a", "b")
        long, short = (self.take("--lease", "1s")["fence"] for _ in "ab")
        self.ok("extend", self.queue, long, "--lease", "10m")
        wait_until(lambda: self.server.stats(self.queue)["ready"] == 1, "the other lease to run out")
        self.fails(LEASE_LOST, "extend", self.queue, short, "--lease", "10m")
        self.ok("extend", self.queue, long)
        self.ok("done", self.queue, long)

    def test_several_leases_are_settled_at_once_and_lost_ones_are_named(self):
        self.create()
        self.ok("put", self.queue, "a", "b", "c")
        lines = self.ok("get", self.queue, "--max", 3, "--json").splitlines()
        fences = [json.loads(line)["fence"] for line in lines]
        self.assertEqual(self.server.json("done", self.queue, *fences[:2])["done"], fences[:2])
        done = self.server.run("done", self.queue, *fences[1:], "--json")
        self.assertEqual(done.returncode, LEASE_LOST)
        self.assertIn(f"1 of 2 leases of {self.queue} not held any more: {fences[1]}",
                      json.loads(done.stdout)["error"]["message"])
        self.assertEqual(self.server.stats(self.queue)["done"], 3)

    def test_max_takes_what_is_there_and_waits_only_for_the_first(self):
        self.create()
        self.ok("put", self.queue, "-", stdin="".join(f"{n}\n" for n in range(600)))
        self.assertEqual(len(self.ok("get", self.queue, "--max", 1000).splitlines()), 600)
        self.fails(EMPTY, "get", self.queue, "--max", 1000, "--timeout", "0")

    def test_follow_waits_for_each(self):
        self.create()
        with self.server.start("get", self.queue, "--follow", "--max", 2, "--ack") as getter:
            for payload in ("a", "b"):
                wait_until(lambda: self.server.stats(self.queue)["waiting_getters"] == 1, "the getter to wait")
                self.ok("put", self.queue, payload)
            self.assertEqual((getter.wait(), getter.stdout), (OK, "a\nb\n"))

    def test_follow_ends_well_when_the_queue_is_shut_down(self):
        self.create()
        self.ok("put", self.queue, "a")
        self.ok("shutdown", self.queue)
        self.assertEqual(self.ok("get", self.queue, "--follow", "--ack"), "a\n")
        self.fails(SHUT_DOWN, "get", self.queue, "--follow", "--ack")

    def test_until_finished_waits_for_items_that_colleagues_hold(self):
        self.create()
        self.ok("put", self.queue, "a")
        fence = self.take()["fence"]
        self.ok("shutdown", self.queue)
        self.fails(SHUT_DOWN, "get", self.queue)
        with self.server.start("get", self.queue, "--until-finished", "--ack") as getter:
            wait_until(lambda: self.server.stats(self.queue)["waiting_getters"] == 1, "the getter to wait")
            self.ok("release", self.queue, fence)
            self.assertEqual((getter.wait(), getter.stdout), (OK, "a\n"))

    def test_json_says_all_and_marks_what_is_no_text(self):
        self.create()
        self.ok("put", self.queue, "grün")
        self.ok("put", self.queue, "--stdin", stdin=b"\xff\x00x")
        text, binary = self.take(), self.take()
        self.assertEqual((text["payload"], "encoding" in text), ("grün", False))
        self.assertEqual((binary["payload"], binary["encoding"]), ("/wB4", "base64"))
        self.assertEqual(set(text), {"queue", "id", "fence", "lease_ms", "attempt", "put_time_unix_ms",
                                     "content_type", "headers", "priority", "payload"})

    def test_a_reader_that_goes_away_costs_no_item(self):
        self.create()
        self.ok("put", self.queue, "a", "b")
        for mode in (["--ack"], []):
            with self.subTest(mode=mode):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run([program("sluice"), "get", self.queue, "--max", "2", *mode], stdout=writer,
                                      stderr=subprocess.PIPE, env=self.server.environment(), timeout=30, check=False)
                os.close(writer)
                self.assertEqual((done.returncode, done.stderr), (141, b""))
                wait_until(lambda: self.server.stats(self.queue)["ready"] == 2, "the items to be back")

    def test_a_signal_ends_the_wait_and_swallows_no_item(self):
        self.create()
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for mode in (["--ack"], [], ["--follow"]):
                with self.subTest(number=number, mode=mode), self.server.start("get", self.queue, *mode) as getter:
                    wait_until(lambda: self.server.stats(self.queue)["waiting_getters"] == 1, "the getter to wait")
                    getter.signal(number)
                    self.assertEqual((getter.wait(deadline_s=5), getter.stderr), (code, ""))
                    wait_until(lambda: self.server.stats(self.queue)["waiting_getters"] == 0, "the getter to be gone")
        self.ok("put", self.queue, "a")
        self.assertEqual(self.payloads(), ["a"])

    def test_peek_takes_nothing(self):
        self.create()
        self.ok("put", self.queue, "a", "b", "c", "--header", "k=v")
        lines = self.ok("peek", self.queue, "--max", 2, "--json").splitlines()
        self.assertEqual([json.loads(line)["payload"] for line in lines], ["a", "b"])
        self.assertEqual(json.loads(lines[0])["headers"], {"k": "v"})
        self.assertEqual(self.ok("peek", self.queue).splitlines()[0].split()[:2], ["ID", "ATTEMPTS"])
        self.assertEqual(self.payloads(), ["a", "b", "c"])


if __name__ == "__main__":
    unittest.main()
