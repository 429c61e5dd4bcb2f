"""`sluice get --exec`: a shell command as a worker, also when it is told to stop or killed."""

import json
import os
import signal
import unittest

from cli_case import EMPTY, OK, QUEUE_NOT_FOUND, USAGE, CliTest
from sluice_process import wait_until


def alive(pid):
    """Whether a process runs: one that ended and waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Worker(CliTest):
    server_args = ("--grace", "200ms")  # how soon the items of a worker that was killed are back

    def put(self, *items):
        self.ok("put", self.queue, *items, "--create")

    def counts(self, *names):
        stats = self.server.stats(self.queue)
        return tuple(stats[name] for name in names)

    def worker(self, command, *args):
        return self.server.start("get", self.queue, "--exec", command, *args)

    def holding(self):
        """A command that says its process id and works until it may end."""
        wait = f"while [ ! -e {self.folder}/go ]; do sleep 0.02; done"
        return f"echo $$ >{self.folder}/pid; {wait}; cat >>{self.folder}/out"

    def pid(self):
        path = self.folder / "pid"
        return int(wait_until(lambda: path.exists() and path.read_text().strip(), "the command to start"))

    def test_exit_code_zero_is_done(self):
        self.put("a", "b", "c")
        done = self.server.run("get", self.queue, "--exec", "tr a-z A-Z; echo", "--timeout", "0")
        self.assertEqual((done.returncode, done.stdout), (OK, "A\nB\nC\n"))
        self.assertEqual(done.stderr, "sluice: 3 done, 0 failed, 0 released, 0 lost\n")
        self.assertEqual(self.counts("done", "unfinished"), (3, 0))

    def test_any_other_exit_fails_the_item_with_the_last_lines_of_stderr(self):
        self.put("a")
        command = "for i in $(seq 100); do echo line $i >&2; done; exit 3"
        done = self.server.run("get", self.queue, "--exec", command, "--max", 1)
        self.assertEqual(done.returncode, OK)
        self.assertIn("line 1\n", done.stderr)
        error = self.server.json("peek", self.queue)["last_error"]
        self.assertRegex(error, r"\Aexit code 3: line 91\n(.*\n)*line 100\Z")

    def test_a_command_killed_by_a_signal_fails_the_item(self):
        self.put("a")
        self.server.run("get", self.queue, "--exec", "kill -9 $$", "--max", 1)
        self.assertEqual(self.server.json("peek", self.queue)["last_error"], "killed by signal 9 (Killed)")

    def test_the_command_knows_what_it_works_on(self):
        self.put("a")
        self.ok("release", self.queue, self.take()["fence"])
        command = 'echo "$SLUICE_QUEUE $SLUICE_ITEM_ID $SLUICE_FENCE $SLUICE_ATTEMPT"'
        words = self.server.run("get", self.queue, "--exec", command, "--max", 1).stdout.split()
        self.assertEqual((words[0], words[3]), (self.queue, "1"))
        self.assertTrue(words[1].isdigit() and words[2].isdigit())

    def test_a_large_item_and_a_command_that_reads_none_of_it(self):
        self.ok("create", self.queue)
        self.ok("put", self.queue, "--stdin", stdin=b"x" * (4 << 20))
        self.server.run("get", self.queue, "--exec", "exit 1", "--max", 1)
        self.assertEqual(self.server.run("get", self.queue, "--exec", "wc -c", "--max", 1).stdout.strip(), str(4 << 20))

    def test_json_has_an_object_for_each_item_and_nothing_of_the_command(self):
        self.put("good", "bad")
        done = self.server.run("get", self.queue, "--exec", "echo noise; grep good", "--max", 2, "--json")
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([report["outcome"] for report in reports], ["done", "failed"])
        self.assertEqual(reports[1]["detail"], "exit code 1")
        self.assertIn("noise", done.stderr)

    def test_workers_work_at_the_same_time(self):
        self.put("1", "2", "3")
        # Each ends when all three have begun.
        command = f"touch {self.folder}/$SLUICE_ITEM_ID; until [ $(ls {self.folder} | wc -l) = 3 ]; do sleep 0.02; done"
        with self.worker(command, "--workers", 3, "--max", 3) as worker:
            self.assertEqual(worker.wait(), OK)
        self.assertEqual(self.counts("done"), (3,))

    def test_until_finished_the_worker_takes_over_what_a_colleague_gave_back(self):
        self.put("a")
        fence = self.take()["fence"]
        self.ok("shutdown", self.queue)
        with self.worker("cat", "--until-finished", "--workers", 2) as worker:
            wait_until(lambda: self.counts("waiting_getters") == (2,), "the workers to wait")
            self.ok("release", self.queue, fence)
            self.assertEqual((worker.wait(), worker.stdout), (OK, "a"))

    def test_nothing_to_do_is_empty(self):
        self.ok("create", self.queue)
        self.fails(EMPTY, "get", self.queue, "--exec", "cat", "--timeout", "50ms")
        self.fails(QUEUE_NOT_FOUND, "get", "no-such-queue", "--exec", "cat")

    def test_killed_while_holding_the_item_comes_again_and_the_command_ends_too(self):
        self.put("a")
        with self.worker(self.holding()) as worker:
            pid = self.pid()
            worker.kill()
            wait_until(lambda: not alive(pid), "the command to end with its worker")
            wait_until(lambda: self.counts("ready") == (1,), "the item to be back")
        self.assertEqual(self.take()["attempt"], 2)

    def test_killed_while_waiting_it_swallows_no_item(self):
        self.ok("create", self.queue)
        with self.worker("cat") as worker:
            wait_until(lambda: self.counts("waiting_getters") == (1,), "the worker to wait")
            worker.kill()
            self.ok("put", self.queue, "a")
            self.assertEqual(self.server.json("get", self.queue, "--timeout", "20s")["payload"], "a")

    def test_sigterm_lets_what_runs_finish_and_takes_nothing_more(self):
        self.put("a", "b")
        for number, code in ((signal.SIGTERM, OK), (signal.SIGINT, 130)):
            with self.subTest(number=number), self.worker(self.holding()) as worker:
                self.pid()
                worker.signal(number)
                wait_until(lambda: self.counts("waiting_getters") == (0,), "the worker to take no more")
                self.assertTrue(worker.running())
                (self.folder / "go").touch()
                self.assertEqual(worker.wait(), code)
            for name in ("go", "pid"):
                (self.folder / name).unlink()
        self.assertEqual((self.folder / "out").read_text(), "ab")
        self.assertEqual(self.counts("done", "redelivered", "unfinished"), (2, 0, 0))

    def test_sigterm_ends_an_idle_worker_at_once(self):
        self.ok("create", self.queue)
        with self.worker("cat", "--workers", 4) as worker:
            wait_until(lambda: self.counts("waiting_getters") == (4,), "the workers to wait")
            self.assertEqual(worker.stop(deadline_s=5), OK)

    def test_a_second_signal_ends_the_command_and_releases_its_item(self):
        self.put("a")
        with self.worker(self.holding()) as worker:
            pid = self.pid()
            worker.signal(signal.SIGTERM)
            wait_until(lambda: not os.path.exists(f"/proc/{worker.pid}") or self.pending(worker.pid) == 0, "the signal")
            worker.signal(signal.SIGTERM)
            self.assertEqual(worker.wait(deadline_s=10), OK)
            self.assertFalse(alive(pid))
            self.assertIn("1 released", worker.stderr)
        again = self.take()
        self.assertEqual((again["payload"], again["attempt"]), ("a", 1))

    def pending(self, pid):
        """The set of signals that a process has not taken yet."""
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1], 16) for line in status if line.startswith("ShdPnd"))

    def test_a_worker_survives_a_server_that_comes_back(self):
        self.put("a")
        with self.worker("cat", "--create") as worker:
            wait_until(lambda: worker.stdout == "a", "the first item")
            wait_until(lambda: self.counts("waiting_getters") == (1,), "the worker to wait")
            self.server.restart()
            self.ok("put", self.queue, "b", "--create")
            wait_until(lambda: worker.stdout == "ab", "the item of the new server")
            self.assertEqual(worker.stop(), OK)

    def test_options_that_contradict_each_other(self):
        for args in (["--ack"], ["--raw"], ["--lease", "1s"]):
            with self.subTest(args=args):
                self.fails(USAGE, "get", self.queue, "--exec", "cat", *args)
        self.fails(USAGE, "get", self.queue, "--workers", 2)
        self.fails(USAGE, "get", self.queue, "--ack", "--lease", "1s")
        self.fails(USAGE, "get", self.queue, "--raw")


if __name__ == "__main__":
    unittest.main()
