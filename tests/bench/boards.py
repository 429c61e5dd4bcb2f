"""The file that the processes of one run share; tests/bench/load/board.h describes the same bytes.

Words of 64 bits: limit, slots, items a lane, start, end, ended, first put, last served; then a slot of eight words for
each process: put, finished, measured, calling. From LATENCIES on how often a put took how long, see latency_ns(). From
MARKS on a byte for each item: how often it was delivered.
"""

import itertools
import mmap
import os
import struct

LIMIT, SLOTS, LANE_ITEMS, START, END, ENDED, FIRST_PUT, LAST_SERVED = range(8)
PUT, FINISHED, MEASURED, CALLING = range(4)
LATENCIES, LATENCY_STEPS = 520, 504  # words
LATENCY_UNIT_NS, STEPS_OF_A_DOUBLING = 64, 16
MARKS = 8192
MOST_SLOTS = 64
MARK_BYTES = 1 << 26  # of all items of a run; untouched ones take no memory


def latency_ns(step):
    """The shortest that is counted there."""
    doublings, rest = divmod(step, STEPS_OF_A_DOUBLING)
    units = rest if doublings == 0 else (STEPS_OF_A_DOUBLING + rest) << (doublings - 1)
    return units * LATENCY_UNIT_NS


class Board:
    """Made with `lanes` threads that put (creates the file), or opened by a process of the run (lanes=None)."""

    def __init__(self, path, lanes=None, limit=0):
        self.path = path
        with open(path, "r+b" if lanes is None else "w+b") as file:
            if lanes is not None:
                os.truncate(path, MARKS + MARK_BYTES)
            self._memory = mmap.mmap(file.fileno(), MARKS + MARK_BYTES)
        if lanes is not None:
            self.lanes = lanes
            self[SLOTS] = MOST_SLOTS
            self[LANE_ITEMS] = MARK_BYTES // lanes
            self[LIMIT] = limit

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._memory.close()

    def __getitem__(self, word):
        return struct.unpack_from("=Q", self._memory, 8 * word)[0]

    def __setitem__(self, word, value):
        struct.pack_into("=Q", self._memory, 8 * word, value)

    def sum(self, counter):
        return sum(self[8 * (1 + slot) + counter] for slot in range(MOST_SLOTS))

    def add(self, slot, counter, items):
        """One writer a slot: not atomic."""
        self[8 * (1 + slot) + counter] += items

    def mark(self, number):
        self._memory[MARKS + number] += 1

    def put_percentile_us(self, share):
        """So long, at most, that share of the puts took; None when nothing was noted."""
        counts = [self[LATENCIES + step] for step in range(LATENCY_STEPS)]
        rank = share * sum(counts)
        for step, passed in enumerate(itertools.accumulate(counts)):
            if passed and passed >= rank:
                return latency_ns(step + 1) / 1000
        return None

    def delivered(self):
        """(items delivered once, items delivered more than once, whether they are the first of each lane)"""
        with memoryview(self._memory) as memory:
            marks = memory[MARKS:].tobytes()
        once = marks.count(1)
        lane = len(marks) // self.lanes
        dense = 0
        for start in range(0, lane * self.lanes, lane):
            first_gap = marks.find(0, start, start + lane)
            dense += (first_gap if first_gap >= 0 else start + lane) - start
        more = len(marks) - marks.count(0) - once
        return once, more, dense == once + more
