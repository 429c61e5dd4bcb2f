"""What is measured, and on whom."""

import dataclasses

BATCH = 256


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    what: str  # for the table
    unit: str
    sides: tuple  # (role, processes, threads of each)
    batch: int = 1
    parked: int = 0  # getters of a burst; 0: a steady load
    # Items put and not finished: a bounded queue, the same bound for every system.
    open_items: int = 1000


def _steady(name, what, sides, **more):
    return Workload(name, what, "items/s", sides, **more)


def _burst(parked):
    what = f"{parked:,} parked getters, then as many puts in batches of {BATCH}"
    return Workload(f"w4-{parked}", what, "ms", (), batch=BATCH, parked=parked)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("w1", "one client: put, get, task_done, each waiting", "cycles/s", (("cycle", 1, 1),)),
        _steady("w2-threads", "8 producers and 8 consumers, one operation at a time, a process a side",
                (("get", 1, 8), ("put", 1, 8))),
        _steady("w2-processes", "8 producers and 8 consumers, one operation at a time, 16 processes",
                (("get", 8, 1), ("put", 8, 1))),
        _steady("w3", f"8 producers and 8 consumers, batches of {BATCH}, a process a side",
                (("get", 1, 8), ("put", 1, 8)), batch=BATCH, open_items=64 * BATCH),
        _steady("w3-single", f"1 producer and 1 consumer, batches of {BATCH}",
                (("get", 1, 1), ("put", 1, 1)), batch=BATCH, open_items=64 * BATCH),
        _burst(1000),
        _burst(10000),
    )
}  # fmt: skip

# In the order of the table. Peers: those that acknowledge each item and deliver it again when its consumer is lost.
SYSTEMS = (
    "sluice",
    "sluice-prefetch",
    "sluice-unary",
    "redis",
    "beanstalkd",
    "rabbitmq",
    "rabbitmq-nowait",
    "nats",
    "python",
    "raw",
    "sluice-durable-memory",
    "sluice-fsync",
    "sluice-fsync-prefetch",
    "redis-fsync",
)
PEERS = ("redis", "beanstalkd", "rabbitmq", "nats")
# Compared with others than these.
PEERS_OF = {
    "sluice-durable-memory": ("sluice",),
    "sluice-fsync": ("redis-fsync",),
    "sluice-fsync-prefetch": ("redis-fsync",),
    "redis-fsync": ("redis-fsync",),
}
# What they put is on the disk, or might be. Their rows tell how long a put took.
DURABLE_SYSTEMS = tuple(PEERS_OF)
# Of queue_load, where it has not the system's name; and what it is told.
DRIVERS = {
    "sluice-durable-memory": "sluice",
    "sluice-fsync": "sluice",
    "sluice-fsync-prefetch": "sluice-prefetch",
    "redis-fsync": "redis",
}
DRIVER_OPTIONS = {name: ("--durability", "fsync") for name in ("sluice-fsync", "sluice-fsync-prefetch")}
# Left out unless asked for.
EXTRA_SYSTEMS = ("rabbitmq-nowait", *DURABLE_SYSTEMS)
# The choice of --durable.
DURABLE_CHOICE = ("sluice", *DURABLE_SYSTEMS), ("w2-threads", "w3")
EXTRA_WORKLOADS = ("w3-single",)
NOTES = {
    "sluice": "the C++ SDK: the threads of a process share a connection",
    "sluice-prefetch": "the same, with consumers that get up to 16 items, or a batch, in advance; task_done goes with the next message "
    "and does not wait: it is told all the same, and a lost connection only means that the item comes again",
    "sluice-unary": "unary gRPC calls without the SDK, a connection for each thread",
    "redis": "lists; an item waits in a list of its consumer until it is finished (LPUSH, BLMOVE, LREM; batched: "
    "LPUSH, a script or pipelined LMOVE, DEL)",
    "beanstalkd": "put, reserve, delete; batched: as many commands in one write",
    "rabbitmq": "transient, publisher confirms, prefetch 1; an acknowledgement has no answer, so that task_done waits "
    "for that of a basic.qos behind it; batched: published, then confirmed; acknowledged at once",
    "rabbitmq-nowait": "task_done does not wait: less than the workload asks, therefore no peer",
    "nats": "JetStream in memory, work queue, one pull consumer; batched: the last acknowledgement waits for all",
    "python": "queue.Queue behind a BaseManager: no redelivery, therefore no peer",
    "raw": "the same bytes over TCP, producer to consumer through a relay, without a queue: the floor",
    "sluice-durable-memory": "queues of durability memory on a server with a data directory; the peer is sluice",
    "sluice-fsync": "queues of durability fsync: what is answered is on the disk; the peer is redis-fsync",
    "sluice-fsync-prefetch": "the same, in advance as sluice-prefetch",
    "redis-fsync": "as redis, with appendonly yes and appendfsync always",
}


def refusal(system, workload):
    """Why this system has no such row, or None."""
    if system == "raw" and not (workload.batch > 1 and workload.sides):
        return "no queue: only streams"
    if system == "sluice-unary" and not workload.parked and workload.name != "w1":
        return "shown alone and parked"
    if system == "sluice-prefetch" and workload.parked:
        return "as sluice"
    if system in DURABLE_SYSTEMS and workload.parked:
        return "nothing that a disk would change"
    if system == "rabbitmq" and workload.parked > 1000:
        return "does not take 10,000 connections within a minute"
    if system == "rabbitmq-nowait" and workload.batch > 1:
        return "as rabbitmq"
    if system == "python" and workload.batch > 1 and workload.sides:
        return "no batches"
    if system == "python" and workload.parked > 1000:
        return "a server thread for each caller"
    return None


def own_connections(system, workload):
    """NATS is faster with a connection for each thread, but parks thousands of calls on one."""
    return system == "nats" and not workload.parked
