"""python -m sluice worker [--queue NAME] [--address ADDRESS] [--workers N] MODULE:FUNCTION ...

A worker for the calls of `sluice.Executor`s: makes those of the functions that are named, and no
others, until it is told to end, or the queue is shut down and finished.

SIGTERM and SIGINT: no more calls; what is begun is finished. A second one ends the process, and
what it had begun is made by another worker.

Exit status: 0 ended, by SIGTERM too; 1 other error; 2 usage; 6 no server; 130 SIGINT; 143 a second
SIGTERM.
"""

import argparse
import os
import signal
import sys
from typing import List, Optional

import sluice
from sluice import calls

OK, FAILED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 6, 130


def main(arguments: Optional[List[str]] = None) -> int:
    """Returns the exit status."""
    options = _parser().parse_args(arguments)
    client = sluice.Client(options.address, connect_timeout=options.connect_timeout)
    try:
        pool = sluice.WorkerPool(
            client,
            options.queue,
            options.functions,
            options.workers,
            codec=sluice.UnsafePickleCodec() if options.unsafe_pickle else None,
            on_error=_report,
        )
        signals = _Signals(pool, client)
        served = f"{options.workers} at a time for {' '.join(options.functions)}"
        _say(f"{served}, from '{options.queue}' of {client.address}")
        pool.wait()
    except sluice.Unavailable as error:
        return _say(str(error), UNREACHABLE)
    except sluice.Error as error:
        return _say(str(error), FAILED)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        return _say(f"{error} (functions are MODULE:FUNCTION, as Python imports from here)", USAGE)
    return _say(f"{pool.finished} calls made", INTERRUPTED if signals.interrupted else OK)


class _Signals:
    """The first one stops the pool, the second one ends the process."""

    def __init__(self, pool: "sluice.WorkerPool", client: sluice.Client) -> None:
        self._pool = pool
        self._client = client
        self._stopping = False
        self.interrupted = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._arrived)

    def _arrived(self, number: int, _frame: object) -> None:
        if self._stopping:
            self._client.close()  # gives back what is held
            os._exit(128 + number)
        self._stopping = True
        self.interrupted = number == signal.SIGINT
        self._pool.stop()
        os.write(2, b"sluice worker: finishing what is begun; once more ends it\n")


def _report(function: str, error: BaseException) -> None:
    _say(f"{function}: {type(error).__name__}: {error}")


def _say(text: str, status: int = OK) -> int:
    print(f"sluice worker: {text}", file=sys.stderr, flush=True)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sluice")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    worker = commands.add_parser("worker", help="make the calls of executors")
    worker.add_argument("functions", nargs="+", metavar="MODULE:FUNCTION", help="may be called")
    worker.add_argument("--queue", default=calls.NAME, help="default: %(default)s")
    worker.add_argument("--address", help="default: $SLUICE_ADDRESS, or 127.0.0.1:7171")
    worker.add_argument(
        "--connect-timeout", type=float, default=10.0, metavar="SECONDS", help="default 10"
    )
    worker.add_argument(
        "--workers", type=int, default=1, metavar="N", help="calls at a time; default 1"
    )
    worker.add_argument(
        "--unsafe-pickle",
        action="store_true",
        help="take pickled arguments: whoever can put a call can run any code here",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
