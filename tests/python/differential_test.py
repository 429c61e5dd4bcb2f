"""The interpreter's queues and Sluice's do the same, for random sequences of calls.

    SLUICE_SEED=7 python3 differential_test.py     the sequences of one seed

What they do differently is not drawn: task_done() for an item that nobody took, which only CPython allows, and a
negative timeout for a put without a bound, which only Sluice refuses. The shutdown, which CPython has from 3.13 on, is in
shutdown_test.py.
"""

import os
import queue
import random
import unittest

import sluice
from server_case import ServerCase

STEPS = 400
SEEDS = [int(os.environ["SLUICE_SEED"])] if "SLUICE_SEED" in os.environ else range(5)


class Calls:
    """Draws calls: functions of a queue, with what to call them in a report."""

    def __init__(self, dice, value, maxsize):
        self.dice, self.value, self.maxsize = dice, value, maxsize
        self.in_hand = 0

    def draw(self):
        dice = self.dice
        kind = dice.choices(
            ["put", "get", "task_done", "look", "maxsize", "unfinished", "wrong"], [30, 25, 15, 10, 3, 5, 2]
        )[0]
        if kind == "put":
            value, arguments = self.value(dice), self.patience()
            return f"put({value!r}, {arguments})", lambda q: q.put(value, *arguments)
        if kind == "get":
            arguments = self.patience()
            return f"get{arguments}", lambda q: q.get(*arguments)
        if kind == "task_done" and self.in_hand:
            return "task_done()", lambda q: q.task_done()
        if kind == "maxsize":
            size = self.maxsize = dice.randrange(-1, 6)
            return f"maxsize = {size}", lambda q: setattr(q, "maxsize", size)
        if kind == "unfinished":
            return "unfinished_tasks", lambda q: q.unfinished_tasks
        if kind == "wrong":
            name = dice.choice(["put", "get"] if self.maxsize > 0 else ["get"])
            arguments = [1] * (name == "put") + [True, -0.5]
            return f"{name}({arguments})", lambda q: getattr(q, name)(*arguments)
        name = dice.choice(["qsize", "empty", "full"])
        return f"{name}()", lambda q: getattr(q, name)()

    def patience(self):
        return self.dice.choice([(False,), (0,), (True, 0), (True, 0.001), (False, -1)])


def outcome(call, target):
    try:
        return "returned", call(target)
    except Exception as error:
        kind = next(each for each in (queue.Empty, queue.Full, ValueError, TypeError) if isinstance(error, each))
        return "raised", kind.__name__


def number(dice):
    return dice.randrange(100)


def anything(dice):
    return dice.choice([dice.randrange(-5, 5), dice.random(), "text", "", None, True, b"bytes", [1, [2]], {"a": 1}, ()])


class Differential(ServerCase):
    def compare(self, stdlib, ours, value):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                dice = random.Random(seed)
                maxsize = dice.randrange(0, 5)
                pair = stdlib(maxsize), self.new_queue(maxsize, ours)
                calls = Calls(dice, value, maxsize)
                log = [f"{ours.__name__}({maxsize})"]
                for _ in range(STEPS):
                    name, call = calls.draw()
                    log.append(name)
                    expected, found = (outcome(call, each) for each in pair)
                    self.assertEqual(found, expected, f"seed {seed}: {' '.join(log[-20:])}")
                    self.assertIs(type(found[1]), type(expected[1]), name)
                    if name.startswith("get") and expected[0] == "returned":
                        calls.in_hand += 1
                    calls.in_hand -= name == "task_done()"

    def test_queue(self):
        self.compare(queue.Queue, sluice.Queue, anything)

    def test_lifo_queue(self):
        self.compare(queue.LifoQueue, sluice.LifoQueue, anything)

    def test_priority_queue(self):
        self.compare(queue.PriorityQueue, sluice.PriorityQueue, number)


if __name__ == "__main__":
    unittest.main()
