"""One run: a system, a workload, a size. Every item is accounted for; a run that cannot say so is void."""

import contextlib
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import boards
from processes import DEADLINE_S, Process, cpu_s, machine_cpu_s, rss_bytes, wait_until
from workloads import DRIVER_OPTIONS, DRIVERS, own_connections

HERE = pathlib.Path(__file__).resolve().parent
WARM_UP_S = 0.3
BURST_S = 60
QUIET_S, QUIET_CPU_S = 0.3, 0.03  # parked: nobody works any more
_numbers = itertools.count(1)


class Run:
    def __init__(self, system, server, workload, size, programs, latency=False):
        """`latency`: the row tells how long puts took."""
        self.latency = latency
        self.system, self.server, self.workload, self.size = system, server, workload, size
        self.programs = programs
        self.queue = f"bench-{os.getpid()}-{next(_numbers)}"

    def steady(self, seconds):
        """Items finished within `seconds` of steady work."""
        workload = self.workload
        lanes = sum(processes * threads for role, processes, threads in workload.sides if role != "get")
        with self._place(lanes, workload.open_items) as (board, stack):
            loads = self._start_sides(stack, board)
            clients = [load.pid for load, _ in loads]
            begin = time.monotonic() + WARM_UP_S
            board[boards.START] = int(begin * 1e9)
            board[boards.END] = int((begin + seconds) * 1e9)
            for load, _ in loads:
                load.go()
            time.sleep(max(0.0, begin - time.monotonic()))
            before = cpu_s(self.server.pids), cpu_s(clients), machine_cpu_s()
            time.sleep(max(0.0, begin + seconds - time.monotonic()))
            after = cpu_s(self.server.pids), cpu_s(clients), machine_cpu_s()
            rss = rss_bytes(self.server.pids)
            self._finish(board, loads)
            server_s, client_s, machine_s = (later - earlier for earlier, later in zip(before, after))
            return self._row(
                board,
                value=board.sum(boards.MEASURED) / seconds,
                items=board.sum(boards.MEASURED),
                cpu_s=[server_s, client_s],
                other_cpu=max(0.0, machine_s - server_s - client_s) / (seconds * os.cpu_count()),
                server_rss_bytes=rss,
                put_p50_us=board.put_percentile_us(0.5),
                put_p99_us=board.put_percentile_us(0.99),
            )

    def burst(self):
        """Milliseconds from the first put until the last parked getter has its item; memory of a parked call."""
        parked = self.workload.parked
        with self._place(1, 0) as (board, stack):
            board[boards.END] = time.monotonic_ns() + int(BURST_S * 1e9)
            rss_before = rss_bytes(self.server.pids)
            getters = stack.enter_context(self._load("park", board, 0, "--threads", parked))
            self._go(getters)
            wait_until(lambda: self._alive(getters) and board.sum(boards.CALLING) == parked, "all getters to call")
            self._await_quiet([*self.server.pids, getters.pid])
            rss = rss_bytes(self.server.pids)
            words = ["--count", parked, "--batch", self.workload.batch]
            putter = stack.enter_context(self._load("burst", board, 1, *words))
            before = cpu_s(self.server.pids)
            self._go(putter)
            self._finish(board, [(getters, "get"), (putter, "put")])
            after = cpu_s(self.server.pids)
            return self._row(
                board,
                value=(board[boards.LAST_SERVED] - board[boards.FIRST_PUT]) / 1e6,
                items=board.sum(boards.FINISHED),
                cpu_s=[after - before, None],
                server_rss_bytes=rss,
                parked_bytes=(rss - rss_before) / parked,
            )

    # ---- parts ----

    @contextlib.contextmanager
    def _place(self, lanes, limit):
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=_memory_folder()))
            board = stack.enter_context(boards.Board(f"{folder}/board", lanes, limit))
            self._command("create")
            stack.callback(self._command, "remove")
            yield board, stack

    def _program(self):
        if self.system == "python":
            return [sys.executable, "-B", HERE / "python_load.py"]
        return [self.programs / "queue_load"]

    def _arguments(self, role):
        own = ["--own-connections"] if own_connections(self.system, self.workload) else []
        driver = DRIVERS.get(self.system, self.system)
        return [*self._program(), role, "--system", driver, "--address", self.server.address,
                "--queue", self.queue, *own, *DRIVER_OPTIONS.get(self.system, ())]  # fmt: skip

    def _command(self, role):
        words = [str(word) for word in self._arguments(role)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip()[-300:])

    def _load(self, role, board, slot, *more):
        words = ["--board", board.path, "--slot", slot, "--size", self.size, *more]
        words += ["--latency"] if self.latency and self.system != "python" else []
        return Process([*self._arguments(role), *words], stdin=subprocess.PIPE)

    def _start_sides(self, stack, board):
        loads, lane = [], 0
        for role, processes, threads in self.workload.sides:
            for _ in range(processes):
                words = ["--threads", threads, "--batch", self.workload.batch, "--lane", lane]
                lane += threads if role != "get" else 0
                loads.append((stack.enter_context(self._load(role, board, len(loads), *words)), role))
        for load, _ in loads:
            self._await_ready(load)
        return loads

    def _alive(self, load):
        if load.running():
            return True
        raise RuntimeError(load.stderr.strip()[-300:] or f"{load.command[0]} ended")

    def _await_ready(self, load):
        wait_until(lambda: self._alive(load) and "ready" in load.stdout, "a process of the load to connect")

    def _go(self, load):
        self._await_ready(load)
        load.go()

    def _await_quiet(self, pids):
        def quiet():
            before = cpu_s(pids)
            time.sleep(QUIET_S)
            return cpu_s(pids) - before < QUIET_CPU_S

        wait_until(quiet, "server and getters to be quiet")

    def _finish(self, board, loads):
        """Producers end by the clock; consumers when everything is finished. The first failure of any is raised."""
        for load, role in sorted(loads, key=lambda each: each[1] == "get"):
            if role == "get" and not board[boards.ENDED]:
                board[boards.ENDED] = 1
            if load.wait() != 0:
                raise RuntimeError(load.stderr.strip().splitlines()[-1][-300:])

    def _row(self, board, value, items, cpu_s, **more):
        put = board.sum(boards.PUT)
        once, twice, dense = board.delivered()
        lost = put - once - twice
        valid = items > 0 and lost == 0 and twice == 0 and dense
        cpu_us = [None if each is None else each * 1e6 / max(items, 1) for each in cpu_s]
        return {
            "system": self.system,
            "workload": self.workload.name,
            "size_bytes": self.size,
            "value": value,
            "items": items,
            "server_cpu_us": cpu_us[0],
            "client_cpu_us": cpu_us[1],
            **more,
            "valid": valid,
            "why": "" if valid else f"{put} put, {lost} lost, {twice} came twice",
        }


def _memory_folder():
    """Where files are memory."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
