"""Runs Sluice and the systems that people would otherwise pick, in turns, and prints what they did. See peers.sh."""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import table
from runs import Run
from servers import SERVERS, missing
from workloads import (
    DRIVERS,
    DURABLE_CHOICE,
    DURABLE_SYSTEMS,
    EXTRA_SYSTEMS,
    EXTRA_WORKLOADS,
    NOTES,
    SYSTEMS,
    WORKLOADS,
    refusal,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = """\
examples:
  peers.sh                                        everything; six minutes, ten on a busy machine
  peers.sh --quick                                does it run?
  TMPDIR=/ssd peers.sh --durable                  what is answered is on the disk of /ssd: Sluice beside Redis
  peers.sh --durable --sync-ms 2                  the same on a disk that takes 2 ms to sync
  peers.sh --systems sluice,redis --workloads w1,w3 --sizes 100 --rounds 5 --seconds 2
  peers.sh --systems sluice --no-install --json sluice.json        no peer needed

The best peer is the fastest of redis, beanstalkd, rabbitmq and nats in the same block: those that keep an item until it
is acknowledged. That of a durable system is told below the table; x p99: how many times as long as there the slowest
puts take. CPU is that of all processes of a side, for each item. Every item is numbered; a row where not every item
came exactly once is void. A busy machine shows in the rates: compare CPU per item.
"""


def names(known):
    def parse(text):
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}; there are {', '.join(known)}")
        return [name for name in known if name in chosen]

    return parse


def sizes(text):
    return [int(size) for size in text.split(",")]


def parse(words):
    parser = argparse.ArgumentParser(
        prog="peers.sh", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    systems = [name for name in SYSTEMS if name not in EXTRA_SYSTEMS]
    workloads = [name for name in WORKLOADS if name not in EXTRA_WORKLOADS]
    parser.add_argument("--systems", type=names(SYSTEMS),
                        help=f"of {', '.join(SYSTEMS)}; default: all but {', '.join(EXTRA_SYSTEMS)}")  # fmt: skip
    parser.add_argument("--workloads", type=names(WORKLOADS),
                        help=f"of {', '.join(WORKLOADS)}; default: all but {', '.join(EXTRA_WORKLOADS)}")  # fmt: skip
    parser.add_argument("--sizes", type=sizes, default=[100, 1024], help="bytes of an item; default 100,1024")
    parser.add_argument("--rounds", type=int, default=3, help="the table has their medians; default 3")
    parser.add_argument("--burst-rounds", type=int, default=1, help="of w4, with a fresh server each; default 1")
    parser.add_argument("--seconds", type=float, default=0.7, help="of each run, after its warm-up; default 0.7")
    parser.add_argument("--quick", action="store_true", help="one round of 0.2 s, the smallest size and burst")
    parser.add_argument("--durable", action="store_true",
                        help=f"the systems {', '.join(DURABLE_CHOICE[0])}; {', '.join(DURABLE_CHOICE[1])}")  # fmt: skip
    parser.add_argument("--sync-ms", type=float, default=0,
                        help="each sync of a server takes so much longer, as on a slower disk; default 0")  # fmt: skip
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write the rows there, too")
    parser.add_argument("--sluice-bin", metavar="DIR", type=pathlib.Path, default=ROOT / "build" / "release" / "bin",
                        help="the folder of sluiced and queue_load; without it they are built")  # fmt: skip
    parser.add_argument("--no-install", action="store_true", help="install nothing: skip the systems that are missing")
    args = parser.parse_args(words)
    choice = DURABLE_CHOICE if args.durable else (systems, workloads)
    args.systems = args.systems or list(choice[0])
    args.workloads = args.workloads or list(choice[1])
    args.latency = args.durable or any(system in DURABLE_SYSTEMS for system in args.systems)
    if args.quick:
        args.rounds, args.seconds, args.sizes = 1, 0.2, args.sizes[:1]
        args.workloads = [name for name in args.workloads if name != "w4-10000"]
    return args


def can_run(system, programs):
    """Why it cannot, or None."""
    if missing(system):
        return f"{missing(system)} is not installed"
    built = subprocess.run([programs / "queue_load", "systems"], capture_output=True, text=True, check=True)
    if system != "python" and DRIVERS.get(system, system) not in built.stdout.split():
        return "its client library is not installed"
    return None


def measure(system, server, workload, size, args):
    """A row; a void one when the run failed."""
    try:
        if not workload.parked:
            return Run(system, server, workload, size, args.sluice_bin, args.latency).steady(args.seconds)
        with SERVERS[system](args.sluice_bin) as fresh:  # its memory is that of the parked calls
            return Run(system, fresh, workload, size, args.sluice_bin).burst()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        return {"system": system, "workload": workload.name, "size_bytes": size, "valid": False, "why": str(error)}


def run_all(servers, absent, args):
    runs = []
    for number in range(args.rounds):
        for name in args.workloads:
            if WORKLOADS[name].parked and number >= args.burst_rounds:
                continue
            for size in args.sizes:
                for system in args.systems:
                    workload = WORKLOADS[name]
                    why = absent.get(system) or refusal(system, workload)
                    if why:
                        row = {"system": system, "workload": name, "size_bytes": size, "valid": False, "skipped": True}
                        runs.append({**row, "why": why})
                        continue
                    progress(f"round {number + 1} of {args.rounds}: {name}, {size} B, {system}")
                    runs.append({"round": number, **measure(system, servers[system], workload, size, args)})
    progress("")
    return runs


def disk():
    folder = tempfile.gettempdir()
    done = subprocess.run(["stat", "--file-system", "--format=%T", folder], capture_output=True, text=True, check=True)
    return f"{folder} ({done.stdout.strip()})"


def slow_down(syncs_ms, programs):
    """Of the servers that are started from now on."""
    library = programs / "libslow_sync.so"
    if not library.is_file():
        sys.exit(f"peers: {programs} has no {library.name}: build slow_sync, or leave --sync-ms out")
    os.environ["LD_PRELOAD"] = str(library)
    os.environ["SLUICE_BENCH_SYNC_US"] = str(round(syncs_ms * 1000))


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def main(words):
    args = parse(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    args.sluice_bin = args.sluice_bin.resolve()
    for name in ("sluiced", "queue_load"):
        if not (args.sluice_bin / name).is_file():
            sys.exit(f"peers: {args.sluice_bin} has no {name}: build it, or leave --sluice-bin out")
    if args.sync_ms > 0:
        slow_down(args.sync_ms, args.sluice_bin)
    begin = time.monotonic()
    absent = {system: why for system in args.systems if (why := can_run(system, args.sluice_bin))}
    with contextlib.ExitStack() as stack:
        servers = {}
        for system in args.systems:
            if system not in absent:
                progress(f"starting {system}")
                servers[system] = stack.enter_context(SERVERS[system](args.sluice_bin))
        runs = run_all(servers, absent, args)
    rows = table.medians(runs)
    machine = f"{os.cpu_count()} cores, Linux {platform.release()}"
    print(f"{machine}; medians of {args.rounds} rounds of {args.seconds:g} s, client and server on one machine")
    if args.latency:
        slower = f"; each sync takes {args.sync_ms:g} ms longer" if args.sync_ms > 0 else ""
        print(f"durable systems write to {disk()}{slower}")
    print(table.text(rows))
    print("\n" + "\n".join(f"{name}: {NOTES[name]}" for name in args.systems if name in NOTES))
    others = [run["other_cpu"] for run in runs if "other_cpu" in run]
    if others:
        middle, most = statistics.median(others), max(others)
        print(f"\nother programs used {middle:.0%} of the machine in the median run, {most:.0%} in the worst")
    print(f"{time.monotonic() - begin:.0f} s in all")
    if args.json:
        document = {"machine": machine, "rounds": args.rounds, "seconds": args.seconds, "rows": rows}
        document["runs"] = runs
        args.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if all(row["valid"] or row["skipped"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
