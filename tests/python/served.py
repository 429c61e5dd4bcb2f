"""Functions that workers serve in the tests of Executor."""

import os
import pathlib
import signal
import threading
import time


class Refused(Exception):
    """Of two arguments."""

    def __init__(self, what, why):
        super().__init__(what, why)
        self.what = what


class OddlyMade(Exception):
    def __init__(self, *, needed):
        super().__init__("made oddly")


def add(a, b=0):
    return a + b


def echo(value):
    return value


def as_bytes(numbers):
    return bytes(numbers)


def as_tuple(values):
    return tuple(values)


def too_large():
    return "x" * (5 << 20)  # an item has 4 MiB


kept = []


def keep(item):
    """Fails when it is told to, the first time."""
    kept.append(item)
    if item == "fail once" and kept.count(item) == 1:
        raise ValueError(item)


def boom(text):
    raise ValueError(text)


def refuse(what, why):
    raise Refused(what, why)


def raise_oddly():
    raise OddlyMade(needed=1)


def leave():
    raise SystemExit(3)


def unknown_here():
    raise type("Strange", (Exception,), {})("a class that nobody else has")


def not_json():
    return {1, 2}


def die_once(path):
    """Kills its process at the first call."""
    if not pathlib.Path(path).exists():
        pathlib.Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def die():
    os.kill(os.getpid(), signal.SIGKILL)


begun = threading.Event()
go = threading.Event()


def hold(value):
    """Until go is set; of a pool in this process."""
    begun.set()
    assert go.wait(30)
    return value


def hold_for(path, value):
    """Until the file is there; of a worker in another process. Says that it has begun."""
    pathlib.Path(f"{path}.begun").touch()
    end = time.monotonic() + 30
    while not pathlib.Path(path).exists() and time.monotonic() < end:
        time.sleep(0.005)
    return value
