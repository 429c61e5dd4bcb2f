"""The Python client beside multiprocessing.managers: a BaseManager that serves a queue.Queue.

    tests/bench/python_client.py                 all rows; about a minute
    tests/bench/python_client.py --rounds 1 --seconds 1 cycle batch
    tests/bench/python_client.py --grpcio        also what grpcio costs: import, unary round trip

All in turns on one machine, servers and clients on it, each at a Unix socket; medians of the rounds, in parentheses the
ratio to the manager. `ahead` is sluice.Queue(prefetch=16). Programs are taken from $SLUICE_BIN_DIR, else
build/release/bin; the package from $PYTHONPATH, else build/release/python.

    cycle      one client: put, get, task_done, one after the other; cycles/s
    threads    8 producers and 8 consumers, threads of one process a side, one operation at a time; items/s
    processes  the same, each a process of its own; items/s
    batch      one client: put_many, get_many, done_many of 256 items; items/s (a BaseManager's queue has no batches)
    import     of the package, in a fresh interpreter, above that of an empty one; ms
"""

import argparse
import multiprocessing
import os
import pathlib
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.managers import BaseManager

ROOT = pathlib.Path(__file__).resolve().parents[2]
if not any((pathlib.Path(folder) / "sluice").is_dir() for folder in os.environ.get("PYTHONPATH", "").split(":")):
    sys.path.insert(0, str(ROOT / "build" / "release" / "python"))

PAYLOAD = b"x" * 100
BATCH = 256
SIDES = 8
MAXSIZE = 1000
START_S = 20.0  # for everybody to be there
SPAWN = multiprocessing.get_context("spawn")


class Manager(BaseManager):
    """Python's own queue across processes."""


class SluiceSystem:
    name = "sluice"

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-bench-")
        self.address = f"unix:{self._folder.name}/socket"
        port_file = pathlib.Path(self._folder.name) / "port"
        programs = pathlib.Path(os.environ.get("SLUICE_BIN_DIR", ROOT / "build" / "release" / "bin"))
        self._server = subprocess.Popen(
            [programs / "sluiced", "--listen", self.address, "--port-file", port_file], stderr=subprocess.DEVNULL
        )
        while not port_file.exists() and self._server.poll() is None:
            time.sleep(0.01)

    def close(self):
        self._server.terminate()
        self._server.wait(START_S)
        self._folder.cleanup()

    @staticmethod
    def connect(address):
        import sluice

        return sluice.Queue(address, "bench", MAXSIZE)


class AheadSystem(SluiceSystem):
    name = "ahead"

    @staticmethod
    def connect(address):
        import sluice

        return sluice.Queue(address, "bench", MAXSIZE, prefetch=16)


class ManagerSystem:
    name = "manager"

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-bench-")
        self.address = f"{self._folder.name}/socket"
        self._server = SPAWN.Process(target=serve_manager, args=(self.address,))
        self._server.start()
        while not os.path.exists(self.address) and self._server.is_alive():
            time.sleep(0.01)

    def close(self):
        self._server.terminate()
        self._server.join(START_S)
        self._folder.cleanup()

    @staticmethod
    def connect(address):
        Manager.register("jobs")
        manager = Manager(address=address, authkey=b"bench")
        manager.connect()
        return manager.jobs()


SYSTEMS = {system.name: system for system in (SluiceSystem, AheadSystem, ManagerSystem)}


def serve_manager(address):
    jobs = queue.Queue(MAXSIZE)
    Manager.register("jobs", callable=lambda: jobs)
    Manager(address=address, authkey=b"bench").get_server().serve_forever()


# ---- what is measured --------------------------------------------------------------------------


def cycle(system, address, seconds):
    jobs = SYSTEMS[system].connect(address)
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        jobs.put(PAYLOAD)
        jobs.get()
        jobs.task_done()
        done += 1
    return done / seconds


def batch(system, address, seconds):
    jobs = SYSTEMS[system].connect(address)
    items = [PAYLOAD] * BATCH
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        jobs.put_many(items)
        done += len(jobs.get_many(BATCH))
        jobs.done_many()
    return done / seconds


def produce(jobs, end, _done):
    while time.monotonic() < end:
        try:
            jobs.put(PAYLOAD, True, 0.2)
        except queue.Full:
            pass


def consume(jobs, end, done):
    while time.monotonic() < end:
        try:
            jobs.get(True, 0.2)
        except queue.Empty:
            continue
        jobs.task_done()
        done.append(None)


def side(system, address, role, threads, ready, seconds, counted):
    """A process: its threads begin together with those of all others."""
    jobs = SYSTEMS[system].connect(address)
    done = [[] for _ in range(threads)]
    connected = threading.Barrier(threads + 1)
    end = []

    def run(mine):
        jobs.qsize()  # connects: a proxy of the manager has a connection for each thread
        connected.wait()
        connected.wait()
        role(jobs, end[0], mine)

    workers = [threading.Thread(target=run, args=(mine,)) for mine in done]
    for worker in workers:
        worker.start()
    connected.wait()
    ready.wait(START_S)
    end.append(time.monotonic() + seconds)
    connected.wait()
    for worker in workers:
        worker.join()
    counted.put(sum(map(len, done)))


def sides(system, address, seconds, processes, threads):
    ready, counted = SPAWN.Barrier(2 * processes), SPAWN.Queue()
    workers = [
        SPAWN.Process(target=side, args=(system, address, role, threads, ready, seconds, counted))
        for role in (produce, consume)
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    total = sum(counted.get(timeout=START_S + 10 * seconds) for _ in workers)
    for worker in workers:
        worker.join(START_S)
    return total / seconds


ROWS = {
    "cycle": (cycle, SYSTEMS),
    "threads": (lambda *run: sides(*run, 1, SIDES), SYSTEMS),
    "processes": (lambda *run: sides(*run, SIDES, 1), SYSTEMS),
    "batch": (batch, ["sluice"]),
}


def import_ms(module, rounds=9):
    def run(code):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
        return (time.perf_counter() - begin) * 1e3

    times = {code: [] for code in ("pass", f"import {module}")}
    for _ in range(rounds):
        for code in times:
            times[code].append(run(code))
    empty, full = (statistics.median(values) for values in times.values())
    return full - empty


def grpcio_round_trip(seconds):
    """Unary calls/s of grpcio against a server of its own, in C++ threads of the same machine: sluiced's health."""
    import grpc

    system = SluiceSystem()
    try:
        with grpc.insecure_channel(system.address) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")  # bytes go, bytes come
            check(b"")
            done, end = 0, time.monotonic() + seconds
            while time.monotonic() < end:
                check(b"")
                done += 1
        return done / seconds
    finally:
        system.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=[], metavar="ROW", help="cycle, threads, processes, batch, import")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--grpcio", action="store_true")
    args = parser.parse_args()
    asked = args.rows or [*ROWS, "import"]
    for row in (name for name in ROWS if name in asked):
        measure, systems = ROWS[row]
        rates = {name: [] for name in systems}
        for _ in range(args.rounds):
            for name in rates:
                system = SYSTEMS[name]()
                try:
                    rates[name].append(measure(name, system.address, args.seconds))
                finally:
                    system.close()
        medians = {name: statistics.median(values) for name, values in rates.items()}
        best = medians.get("manager")
        texts = [f"{name} {rate:,.0f}/s" + (f" ({rate / best:.2f})" if best else "") for name, rate in medians.items()]
        print(f"{row:9} {'   '.join(texts)}", flush=True)
    if "import" in asked:
        print(f"import sluice {import_ms('sluice'):.0f} ms  with its native module {import_ms('sluice._native'):.0f} ms")
    if args.grpcio:
        print(f"import grpc {import_ms('grpc'):.0f} ms  unary round trips {grpcio_round_trip(args.seconds):,.0f}/s")


if __name__ == "__main__":
    main()
