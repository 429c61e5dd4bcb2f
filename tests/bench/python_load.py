"""Python's own answer: a queue.Queue served by a BaseManager. The same command line as queue_load, and `serve`.

It has no redelivery: an item that a process took is lost with it. It is shown for comparison, not as a peer.
"""

import argparse
import queue
import struct
import sys
import threading
import time
from multiprocessing.managers import BaseManager

import boards

KEY = b"sluice-bench"
WAIT_S = 0.2
PARKED_S = 60
GRACE_NS = 15_000_000_000
NO_ROOM_PAUSE_S = 0.001


class Manager(BaseManager):
    pass


def connect(address):
    host, port = address.rsplit(":", 1)
    manager = Manager(address=(host, int(port)), authkey=KEY)
    manager.connect()
    return manager.jobs()


def serve(args):
    jobs = queue.Queue()
    Manager.register("jobs", callable=lambda: jobs)
    host, port = args.address.rsplit(":", 1)
    Manager(address=(host, int(port)), authkey=KEY).get_server().serve_forever()


class Load:
    """One process of the load: its threads, its slot on the board."""

    def __init__(self, args):
        self.args = args
        self.board = boards.Board(args.board)
        self.lock = threading.Lock()  # of our slot
        self.error = None

    def count(self, counter, items=1):
        with self.lock:
            self.board.add(self.args.slot, counter, items)

    def item(self, number):
        return struct.pack("=Q", number) + b"x" * (self.args.size - 8)

    def finish(self, jobs, item):
        self.board.mark(struct.unpack_from("=Q", item)[0])
        jobs.task_done()
        now = time.monotonic_ns()
        if self.board[boards.START] <= now < self.board[boards.END]:
            self.count(boards.MEASURED)
        self.count(boards.FINISHED)

    def numbers(self, thread):
        first = (self.args.lane + thread) * self.board[boards.LANE_ITEMS]
        return range(first, first + self.board[boards.LANE_ITEMS])

    def has_room(self):
        return self.board.sum(boards.PUT) - self.board.sum(boards.FINISHED) < self.board[boards.LIMIT]

    def is_over(self):
        if self.board[boards.ENDED] and self.board.sum(boards.FINISHED) >= self.board.sum(boards.PUT):
            return True
        return time.monotonic_ns() > self.board[boards.END] + GRACE_NS

    def put(self, jobs, thread):
        for number in self.numbers(thread):
            while not self.has_room() and time.monotonic_ns() < self.board[boards.END]:
                time.sleep(NO_ROOM_PAUSE_S)
            if time.monotonic_ns() >= self.board[boards.END]:
                return
            jobs.put(self.item(number))
            self.count(boards.PUT)

    def get(self, jobs, _thread):
        while not self.is_over():
            try:
                item = jobs.get(True, WAIT_S)
            except queue.Empty:
                continue
            self.finish(jobs, item)

    def cycle(self, jobs, thread):
        for number in self.numbers(thread):
            if time.monotonic_ns() >= self.board[boards.END]:
                return
            jobs.put(self.item(number))
            self.count(boards.PUT)
            self.finish(jobs, jobs.get())

    def park(self, jobs, _thread):
        self.count(boards.CALLING)
        item = jobs.get(True, PARKED_S)
        with self.lock:
            self.board[boards.LAST_SERVED] = time.monotonic_ns()
        self.finish(jobs, item)

    def burst(self, jobs, thread):
        self.board[boards.FIRST_PUT] = time.monotonic_ns()
        for number in self.numbers(thread)[: self.args.count]:
            jobs.put(self.item(number))
            self.count(boards.PUT)

    def run(self):
        connected = threading.Barrier(self.args.threads + 1)
        go = threading.Event()
        jobs = connect(self.args.address)

        def body(thread):
            try:
                with self.lock:  # one after the other: the server's backlog is short
                    jobs.qsize()  # makes this thread's connection
                connected.wait()
                go.wait()
                getattr(self, self.args.role)(jobs, thread)
            except BaseException as error:  # the whole run is void
                self.error = error
                connected.abort()

        threads = [threading.Thread(target=body, args=(i,), daemon=True) for i in range(self.args.threads)]
        for thread in threads:
            thread.start()
        connected.wait()
        print("ready", flush=True)
        sys.stdin.readline()
        go.set()
        for thread in threads:
            thread.join()
        if self.error:
            raise self.error


def drain(address):
    """An empty queue, as far as the next run is concerned."""
    jobs = connect(address)
    while True:
        try:
            jobs.get_nowait()
            jobs.task_done()
        except queue.Empty:
            return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["serve", "create", "remove", "put", "get", "cycle", "park", "burst"])
    for name in ("--system", "--address", "--queue", "--board"):
        parser.add_argument(name)
    for name in ("--slot", "--lane", "--count"):
        parser.add_argument(name, type=int, default=0)
    for name in ("--threads", "--batch", "--size"):
        parser.add_argument(name, type=int, default=1)
    parser.add_argument("--own-connections", action="store_true")
    args = parser.parse_args()
    if args.role == "serve":
        serve(args)
        return
    Manager.register("jobs")
    if args.role in ("create", "remove"):
        drain(args.address)
    else:
        threading.stack_size(256 << 10)
        Load(args).run()


if __name__ == "__main__":
    main()
