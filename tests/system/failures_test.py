"""What users of other queues suffer from: workers, servers and messages that fail, with real processes."""

import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from sluice_process import Process, Server, program, wait_until  # noqa: E402

OK, FULL, TOO_LARGE = 0, 4, 12


class Failures(unittest.TestCase):
    server_args = ("--grace", "200ms")  # how soon the items of a client that was killed are back

    def setUp(self):
        self.server = Server(args=self.server_args)
        self.addCleanup(self.server.close)
        self.ok("create", "jobs")

    def ok(self, *args, **options):
        done = self.server.run(*args, **options)
        self.assertEqual(done.returncode, OK, f"{args}: {done.stderr}")
        return done.stdout

    def stat(self, name):
        return self.server.stats("jobs")[name]

    def until(self, **expected):
        """Waits until the statistics of the queue are so."""
        def reached():
            stats = self.server.stats("jobs")
            return all(stats[name] == value for name, value in expected.items())

        wait_until(reached, f"{expected}")

    def holder(self, lease_ms=30_000):
        holder = Process(program("holder"), "jobs", lease_ms, stdin=subprocess.PIPE, env=self.server.environment())
        self.addCleanup(holder.close)
        return holder

    def says(self, holder, pattern):
        return wait_until(lambda: re.search(pattern, holder.stdout, re.M), f"{pattern!r} from {holder}")

    def finish(self, holder):
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        holder.wait()


class Workers(Failures):
    def test_a_worker_killed_while_it_holds_an_item_gives_it_to_the_next_and_join_ends(self):
        self.ok("put", "jobs", "a")
        first = self.holder()
        self.says(first, "leased 1 a")
        join = self.server.start("join", "jobs")
        self.addCleanup(join.close)
        self.until(waiting_joiners=1)
        second = self.holder()
        self.until(waiting_getters=1)
        first.kill()
        self.says(second, "leased 2 a")
        self.assertTrue(join.running())
        self.finish(second)
        self.assertEqual(join.wait(), OK)
        self.until(done=1, unfinished=0)

    def test_a_worker_killed_while_it_waits_swallows_no_item(self):
        waiting = self.holder()
        self.until(waiting_getters=1)
        waiting.kill()
        self.ok("put", "jobs", "a")
        self.assertEqual(self.ok("get", "jobs", "--ack", "--timeout", "10s"), "a\n")

    def test_a_producer_killed_while_it_waits_for_room_takes_none(self):
        self.ok("update", "jobs", "--maxsize", "1")
        self.ok("put", "jobs", "a")
        blocked = self.server.start("put", "jobs", "b")
        self.addCleanup(blocked.close)
        self.until(waiting_putters=1)
        blocked.kill()
        self.until(waiting_putters=0)
        self.assertEqual(self.ok("get", "jobs", "--ack", "--timeout", "0"), "a\n")
        self.assertEqual(self.stat("unfinished"), 0)

    def test_a_worker_stopped_past_its_lease_cannot_finish_what_somebody_else_has(self):
        self.ok("put", "jobs", "a")
        stopped = self.holder(lease_ms=300)
        self.says(stopped, "leased 1 a")
        stopped.signal(signal.SIGSTOP)
        other = self.holder()
        self.says(other, "leased 2 a")
        stopped.signal(signal.SIGCONT)
        self.finish(stopped)
        self.says(stopped, "^LEASE_LOST$")
        self.assertEqual(self.stat("leased"), 1)
        self.finish(other)
        self.says(other, "^done$")
        self.until(done=1, unfinished=0)

    def test_long_work_is_not_run_twice_while_its_worker_lives(self):
        self.ok("put", "jobs", "a")
        holder = self.holder(lease_ms=200)
        self.says(holder, "leased 1 a")
        # Longer than several leases: nobody else gets the item meanwhile.
        self.assertNotEqual(self.server.run("get", "jobs", "--ack", "--timeout", "1500ms").returncode, OK)
        self.finish(holder)
        self.says(holder, "^done$")


class Servers(Failures):
    def test_clients_that_wait_survive_a_server_that_is_killed_and_comes_back(self):
        waiting = [self.holder() for _ in range(5)]
        self.until(waiting_getters=5)
        self.server.kill()
        self.server.start_server()
        wait_until(lambda: self.server.run("stats", "jobs").returncode == OK, "the waiting clients to be back")
        self.until(waiting_getters=5)
        self.ok("put", "jobs", "a", "b", "c", "d", "e")
        for holder in waiting:
            self.says(holder, "leased 1 [a-e]")
            self.finish(holder)
            self.says(holder, "^done$")
        self.until(done=5, unfinished=0)

    def test_a_lease_of_a_server_that_is_gone_is_lost_not_done(self):
        self.ok("put", "jobs", "a")
        holder = self.holder()
        self.says(holder, "leased 1 a")
        self.server.kill()
        self.server.start_server()
        self.finish(holder)
        self.says(holder, "^LEASE_LOST$")

    def test_sigterm_ends_a_server_with_waiting_clients_and_they_connect_again(self):
        waiting = self.holder()
        self.until(waiting_getters=1)
        self.assertEqual(self.server.stop(), 0)
        self.server.start_server()
        wait_until(lambda: self.server.run("stats", "jobs").returncode == OK, "the waiting client to be back")
        self.ok("put", "jobs", "a")
        self.says(waiting, "leased 1 a")

    def test_ten_thousand_parked_gets_cost_no_thread_and_a_put_wakes_exactly_one(self):
        def status(name):
            text = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
            return int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1))

        def cpu_ticks():
            fields = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        threads = status("Threads")
        parker = Process(program("parker"), self.server.address, "jobs", 10_000, stdin=subprocess.PIPE)
        self.addCleanup(parker.close)
        self.until(waiting_getters=10_000)
        self.assertLessEqual(status("Threads"), threads + 4)  # gRPC's own pool may grow by its few
        before = cpu_ticks()
        # A second of nothing to do, measured by a get that times out: not an assertion on speed.
        self.ok("create", "idle")
        self.server.run("get", "idle", "--timeout", "1s")
        self.assertLess(cpu_ticks() - before, 50, "half of a core, for calls that only wait")
        self.ok("put", "jobs", "a")
        self.says(parker, "got 1$")
        self.until(waiting_getters=9_999, delivered=1)
        self.ok("put", "jobs", "b", "c")
        self.until(waiting_getters=9_997, delivered=3)
        parker.kill()  # nothing of what it held or waited for is lost
        self.until(waiting_getters=0, leased=3)


class Messages(Failures):
    def test_a_payload_of_a_mebibyte_and_one_of_the_limit_come_back_whole(self):
        for size in (1 << 20, 4 << 20):
            payload = bytes(range(256)) * (size // 256)
            self.ok("put", "jobs", "--stdin", stdin=payload)
            got = self.server.run("get", "jobs", "--ack", "--raw")
            self.assertEqual(got.stdout_bytes, payload)

    def test_a_payload_over_the_limit_is_refused_with_what_is_allowed(self):
        for size in ((4 << 20) + 1, 32 << 20):
            done = self.server.run("put", "jobs", "--stdin", stdin=b"x" * size)
            self.assertEqual(done.returncode, TOO_LARGE, done.stderr)
            self.assertIn("4194304", done.stderr)
        self.assertEqual(self.stat("put"), 0)

    def test_bytes_that_are_no_http2_harm_nobody(self):
        with Server(listen="127.0.0.1:0") as server:
            host, port = server.address.rsplit(":", 1)
            for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096):
                with socket.create_connection((host, int(port)), timeout=10) as connection:
                    connection.sendall(garbage)
                    connection.shutdown(socket.SHUT_WR)
                    try:
                        while connection.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass
            self.assertEqual(server.run("put", "jobs", "a", "--create").returncode, OK)


class Memory(Failures):
    server_args = ("--memory", "8MiB")

    def test_a_server_that_is_full_refuses_puts_and_lives(self):
        accepted = 0
        while accepted < 100:
            done = self.server.run("put", "jobs", "--stdin", "--timeout", "0", stdin=b"x" * (1 << 20))
            if done.returncode != OK:
                break
            accepted += 1
        self.assertEqual(done.returncode, FULL, done.stderr)
        self.assertEqual(accepted, 7)  # seven, and what is charged beside the bytes
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x" * (1 << 20))
            file.flush()
            waiting = self.server.start("put", "jobs", "--file", file.name)
            self.addCleanup(waiting.close)
            self.until(waiting_putters=1)
            self.ok("purge", "jobs")
            self.assertEqual(waiting.wait(), OK)


if __name__ == "__main__":
    unittest.main()
