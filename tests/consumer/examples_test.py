"""The examples do what their first lines say."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from sluice_process import Process, Server, program  # noqa: E402

DEADLINE_S = 60


def example(name, *args, stdin="", server=None):
    done = subprocess.run(
        [program(f"example_{name}"), *args],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env=server.environment() if server else None,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{name} ended with {done.returncode}: {done.stderr}")
    return done.stdout


class Examples(unittest.TestCase):
    def test_what_producers_put_consumers_get(self):
        lines = [f"line {i}" for i in range(300)]
        with Server() as server:
            consumers = [Process(program("example_consumer"), "lines", env=server.environment()) for _ in range(2)]
            try:
                out = example("producer", "lines", stdin="\n".join(lines) + "\n", server=server)
                self.assertEqual(out, "300 done, 0 dead\n")
                for consumer in consumers:
                    self.assertEqual(consumer.wait(), 0, consumer.stderr)
                got = sum((consumer.stdout.splitlines() for consumer in consumers), [])
                self.assertEqual(sorted(got), sorted(lines))
            finally:
                for consumer in consumers:
                    consumer.close()

    def test_worker_pool(self):
        expected = "99 done, 1 dead, 4 failures\n"
        self.assertEqual(example("worker_pool", "--embedded"), expected)
        with Server() as server:
            self.assertEqual(example("worker_pool", server=server), expected)

    def test_asio_coroutines(self):
        try:
            program("example_asio_coroutines")
        except FileNotFoundError:
            self.skipTest("clang 14 does not build Asio's coroutines")
        expected = "1000 done, the sum is 499500\n"
        self.assertEqual(example("asio_coroutines", "--embedded"), expected)
        with Server() as server:
            self.assertEqual(example("asio_coroutines", server=server), expected)

    def demo(self, *args, server=None):
        lines = example("producer_consumer", "--run-time", "0.5", *args, server=server).splitlines()
        produced, _, consumed, _ = lines[-1].replace(",", "").split()
        self.assertGreater(int(produced), 0)
        self.assertEqual(produced, consumed)
        return lines

    def test_producer_consumer(self):
        lines = self.demo("--embedded", "--capacity", "2", "--producers", "4", "--consumers", "3")
        self.assertTrue(any(line.startswith("producer 4 put") for line in lines))
        self.assertTrue(any(line.startswith("consumer 3 got") for line in lines))
        with Server() as server:
            self.demo(server=server)

    def test_without_a_server_they_say_so(self):
        done = subprocess.run([program("example_producer"), "q"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=DEADLINE_S, env={"SLUICE_ADDRESS": "nonsense"}, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not an address", done.stderr)


if __name__ == "__main__":
    unittest.main()
