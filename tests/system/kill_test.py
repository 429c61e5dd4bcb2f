"""Nothing that was acknowledged is ever lost: a server that is killed under load, again and again, at random moments.

Eight producers and eight consumers work on queues of all durabilities; what they saw is held against the promises
(tests/support/history_checker.py). On a failure the seed is told, and the lines of the items in question.

    SLUICE_KILL_ROUNDS=1000 kill_test.py    so many kills; 50 unless told
    SLUICE_KILL_SEED=N kill_test.py         the moments and the load of that seed; the system's scheduler has none
    SLUICE_KILL_KEEP=1 kill_test.py         keep the folder of what failed: history, data, the servers' logs
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from gate import Gate  # noqa: E402
from history_checker import check, report  # noqa: E402
from sluice_process import Process, Server, program, wait_until  # noqa: E402

ROUNDS = int(os.environ.get("SLUICE_KILL_ROUNDS", 50))
ROUNDS_OF_A_DIRECTORY = 10
SEED = int(os.environ.get("SLUICE_KILL_SEED", random.randrange(1 << 32)))
KEEP = bool(os.environ.get("SLUICE_KILL_KEEP"))

DRAIN_S = 90.0
PROGRESS_BYTES = (20_000, 250_000)  # of the history between two kills: some 500 to 6,000 lines
LATEST_S = 0.02  # the kill falls so long after that, at most
LAUNCH_S = 0.1  # and the kill of a server that is still recovering so long after its start
DURABLE_QUEUES = [
    "a/fsync,fsync,fifo,0,0",
    "a/fsync-bounded,fsync,fifo,100,0",
    "a/async,async,priority,0,0",
    "a/memory,memory,fifo,200,0",
    "b/fsync-attempts,fsync,fifo,200,3",
    "b/async-bounded,async,lifo,100,0",
    "b/memory,memory,fifo,0,0",
]
MEMORY_QUEUES = [queue.replace(",fsync,", ",memory,").replace(",async,", ",memory,") for queue in DURABLE_QUEUES]


class Life:
    """A data directory, a load, and the servers that follow one another under it."""

    def __init__(self, seed, durable=False, gate=False):
        """`gate`: the load's connections can be cut."""
        self.seed = seed
        self.dice = random.Random(seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-kill-"))
        self.path = self.folder / "history"
        self.path.touch()
        self.servers = 0
        arguments = ["--data-dir", self.folder / "data"] if durable else []
        self.server = Server(listen="127.0.0.1:0", args=arguments)
        self.gate = Gate(self.server.address) if gate else None
        address = self.gate.address if gate else self.server.address
        self.load = Process(
            program("history_load"), address, self.path, *(DURABLE_QUEUES if durable else MEMORY_QUEUES),
            "--seed", seed, stdin=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._keep_log()
        self.load.close()
        if self.gate:
            self.gate.close()
        self.server.close()
        if kind and KEEP:
            print(f"kept {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def work(self):
        """Returns at a random moment of the load, after some progress of it."""
        goal = self.path.stat().st_size + self.dice.randrange(*PROGRESS_BYTES)

        def reached():
            if not self.load.running():
                raise AssertionError(f"{self.load} ended")
            return self.path.stat().st_size >= goal

        wait_until(reached, f"the load to go on after {self.path.stat().st_size} bytes of history")
        time.sleep(self.dice.uniform(0, LATEST_S))

    def restart(self):
        """The server is killed, or told to end and then perhaps killed; the next may be killed while it starts."""
        way = self.dice.random()
        if way < 0.15:
            self._end(signal.SIGTERM)
        elif way < 0.25:
            self.server.process.signal(signal.SIGTERM)
            time.sleep(self.dice.uniform(0, LATEST_S))
            self._end(signal.SIGKILL)
        else:
            self._end(signal.SIGKILL)
        while self.dice.random() < 0.2:
            self.server.launch()
            time.sleep(self.dice.uniform(0, LAUNCH_S))
            self._end(signal.SIGKILL)
        self.server.start_server()

    def stop_for_a_while(self):
        """The server stands still until the load does."""
        self.server.process.signal(signal.SIGSTOP)
        sizes = [-1]

        def still():
            sizes.append(self.path.stat().st_size)
            return sizes[-1] == sizes[-2]

        try:
            wait_until(still, "the load to stand still")
        finally:
            self.server.process.signal(signal.SIGCONT)

    def cut(self):
        self.gate.cut()

    def finish(self):
        """Lets the load drain, and holds its history against the promises. AssertionError."""
        self.load.stdin.write(b"\n")
        self.load.stdin.flush()
        code = self.load.wait(DRAIN_S)
        violations = check(self.path.read_text().splitlines())
        if violations or code != 0:
            raise AssertionError(f"{report(violations)}\nthe load ended with {code}: {self.load.stderr[-2000:]}")

    def _end(self, number):
        self._write(f"kill {signal.Signals(number).name}")
        self.server.process.signal(number)
        self.server.process.wait()
        self._write("killed")
        self._keep_log()

    def _write(self, event):
        with open(self.path, "ab") as file:
            file.write(f"{time.monotonic_ns() // 1000} {event}\n".encode())

    def _keep_log(self):
        self.servers += 1
        (self.folder / f"server-{self.servers}.log").write_text(self.server.process.stderr)


class Kills(unittest.TestCase):
    def lives(self, rounds, disturb, **options):
        for first in range(0, rounds, ROUNDS_OF_A_DIRECTORY):
            seed = SEED + first
            number = first
            try:
                with Life(seed, **options) as life:
                    for number in range(first, min(first + ROUNDS_OF_A_DIRECTORY, rounds)):
                        life.work()
                        disturb(life)
                    life.work()
                    life.finish()
            except AssertionError as error:
                self.fail(f"SLUICE_KILL_SEED={seed}, round {number + 1} of {rounds}:\n{error}")

    def test_a_server_killed_under_load_loses_nothing_and_invents_nothing(self):
        self.lives(ROUNDS, Life.restart, durable=True)

    def test_a_server_that_stands_still_under_load_loses_nothing_and_invents_nothing(self):
        self.lives(5, Life.stop_for_a_while)

    def test_connections_cut_under_load_lose_nothing_and_put_nothing_twice(self):
        self.lives(10, Life.cut, gate=True)


if __name__ == "__main__":
    unittest.main()
