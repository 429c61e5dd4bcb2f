"""The rows of all rounds as medians, and those as a table for people."""

import statistics

from workloads import PEERS, PEERS_OF, SYSTEMS, WORKLOADS

VALUES = ("value", "server_cpu_us", "client_cpu_us", "server_rss_bytes", "parked_bytes", "put_p50_us", "put_p99_us")


HEAD = ("", "unit", "best round", "x best peer", "server us", "client us", "RSS MiB", "KiB/call", "put p50 us",
        "put p99 us", "x p99", "")  # fmt: skip
# Columns that only some blocks have, and what a row has then.
OPTIONAL = {"KiB/call": "parked_bytes", "put p50 us": "put_p50_us", "put p99 us": "put_p99_us", "x p99": "p99_ratio"}


def medians(runs):
    """A row for each system, workload and size. One void run makes it void: the others prove nothing then."""
    groups = {}
    for run in runs:
        groups.setdefault((run["workload"], run["size_bytes"], run["system"]), []).append(run)
    rows = []
    for (workload, size, system), group in groups.items():
        bad = [run for run in group if not run["valid"]]
        row = {"system": system, "workload": workload, "size_bytes": size, "unit": WORKLOADS[workload].unit,
               "rounds": len(group), "valid": not bad, "skipped": any(run.get("skipped") for run in bad),
               "why": bad[0]["why"] if bad else ""}  # fmt: skip
        for name in VALUES:
            values = [run[name] for run in group if run.get(name) is not None]
            row[name] = statistics.median(values) if values and not bad else None
        best = min if row["unit"] == "ms" else max
        row["best"] = None if bad else best(run["value"] for run in group)
        rows.append(row)
    _add_ratios(rows)
    return sorted(rows, key=lambda row: (list(WORKLOADS).index(row["workload"]), row["size_bytes"],
                                         SYSTEMS.index(row["system"])))  # fmt: skip


def _add_ratios(rows):
    """How many times as fast as the best peer; how many times as long as at the best peer the slowest puts take."""
    for row in rows:
        peers = [
            other
            for other in rows
            if other["system"] in PEERS_OF.get(row["system"], PEERS)
            and (other["workload"], other["size_bytes"]) == (row["workload"], row["size_bytes"])
        ]
        values = [peer["value"] for peer in peers if peer["value"]]
        slowest = [peer["put_p99_us"] for peer in peers if peer["put_p99_us"]]
        row["ratio"] = row["p99_ratio"] = None
        if values and row["value"]:
            row["ratio"] = min(values) / row["value"] if row["unit"] == "ms" else row["value"] / max(values)
        if slowest and row["put_p99_us"]:
            row["p99_ratio"] = row["put_p99_us"] / min(slowest)


def _number(value, form):
    return "-" if value is None else format(value, form)


def _cells(row):
    form = ",.1f" if row["unit"] == "ms" else ",.0f"
    return [
        row["system"],
        _number(row["value"], form),
        _number(row["best"], form),
        _number(row["ratio"], ".2f"),
        _number(row["server_cpu_us"], ".2f"),
        _number(row["client_cpu_us"], ".2f"),
        _number(row["server_rss_bytes"] and row["server_rss_bytes"] / 2**20, ".0f"),
        _number(row["parked_bytes"] and row["parked_bytes"] / 2**10, ".1f"),
        _number(row["put_p50_us"], ",.0f"),
        _number(row["put_p99_us"], ",.0f"),
        _number(row["p99_ratio"], ".2f"),
        row["why"] and (row["why"] if row["skipped"] else f"VOID: {row['why']}"),
    ]


def text(rows):
    """A block for each workload and size."""
    blocks = {}
    for row in rows:
        blocks.setdefault((row["workload"], row["size_bytes"]), []).append(row)
    lines = []
    for (name, size), block in blocks.items():
        unit = WORKLOADS[name].unit
        lines += ["", f"{name}, {size} B: {WORKLOADS[name].what}"]
        cells = [[unit if word == "unit" else word for word in HEAD], *map(_cells, block)]
        unused = {HEAD.index(word) for word, value in OPTIONAL.items() if not any(row[value] for row in block)}
        cells = [[word for place, word in enumerate(line) if place not in unused] for line in cells]
        widths = [max(map(len, column)) for column in zip(*cells)]
        for line in cells:
            padded = [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1]))]
            lines.append("  ".join([*padded, line[-1]]).rstrip())
    return "\n".join(lines[1:])
