"""Programs of their own that use the package: for signals, exits and forks."""

import os
import sys

from server_case import Process

PRELUDE = """
import os, queue, signal, sys, threading, time
import sluice
jobs = sluice.Queue(None, os.environ["QUEUE"], int(os.environ.get("MAXSIZE", "0")))
"""


def start(server, queue_name, body, *, args=(), **environment):
    """Runs `body` after PRELUDE, in which `jobs` is the queue. Its output: print with flush=True."""
    environment = {key: str(value) for key, value in environment.items()}
    environment |= {"SLUICE_ADDRESS": server.address, "QUEUE": queue_name, "PYTHONPATH": ":".join(sys.path)}
    return Process(sys.executable, *args, "-c", PRELUDE + body, env=dict(os.environ) | environment)
