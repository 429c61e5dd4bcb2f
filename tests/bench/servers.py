"""The servers, each on free loopback ports, in memory alone unless the name says otherwise, in a folder that goes with
it. The folder is on the disk of temporary files: $TMPDIR.

A server has: address, processes (whose CPU and memory are counted), close().
"""

import contextlib
import os
import pathlib
import shutil
import socket
import sys

from processes import Process, wait_until

HERE = pathlib.Path(__file__).resolve().parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Server:
    """Started by `start(self)` of the subclass; what it starts goes through run()."""

    def __init__(self, programs):
        self.programs = programs
        self.processes = []
        self.port = free_port()
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pids(self):
        return [process.pid for process in self.processes]

    def run(self, *command, env=None):
        process = Process(command, env=env)
        self.processes.append(process)
        return process

    def listening(self, port=None):
        def ready():
            for process in self.processes:
                if not process.running():
                    raise RuntimeError(f"{process.command[0]} ended: {process.stderr[-500:]}{process.stdout[-500:]}")
            return answers(port or self.port)

        wait_until(ready, f"{type(self).__name__} to listen")

    def close(self):
        for process in reversed(self.processes):
            process.close()


class Sluice(Server):
    options = ()

    def start(self):
        self.run(self.programs / "sluiced", "--listen", self.address, *self.options)
        self.listening()


class DurableSluice(Sluice):
    options = ("--data-dir", "data")


class Redis(Server):
    options = ("--appendonly", "no")

    def start(self):
        self.run("redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "", *self.options,
                 "--maxclients", 12000, "--tcp-backlog", 4096)  # fmt: skip
        self.listening()


class DurableRedis(Redis):
    options = ("--appendonly", "yes", "--appendfsync", "always")


class Beanstalkd(Server):
    def start(self):
        self.run("beanstalkd", "-l", "127.0.0.1", "-p", self.port)
        self.listening()


class Nats(Server):
    def start(self):
        self.run("nats-server", "-a", "127.0.0.1", "-p", self.port, "-js", "-sd", ".")
        self.listening()


class Rabbitmq(Server):
    """The node and its name service, which it finds at an address of our own."""

    def start(self):
        epmd_port, dist_port = free_port(), free_port()
        env = {**os.environ, "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(epmd_port)}
        self.run("epmd", "-address", "127.0.0.1", "-port", epmd_port, env=env)
        self.listening(epmd_port)
        self.folder = self.processes[0].folder
        settings = ["loopback_users = none", "log.file = false", "log.console.level = error"]
        (self.folder / "rabbitmq.conf").write_text("\n".join(settings) + "\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq-env.conf").write_text("")
        home = str(self.folder)
        env |= {
            "HOME": home,
            "RABBITMQ_NODENAME": f"sluice-bench-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/rabbitmq-env.conf",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
        }
        self.run("/usr/lib/rabbitmq/bin/rabbitmq-server", env=env)
        self.listening()


class PythonManager(Server):
    def start(self):
        self.run(sys.executable, "-B", HERE / "python_load.py", "serve", "--address", self.address)
        self.listening()


class Raw(Server):
    def start(self):
        process = self.run(self.programs / "queue_load", "relay")
        self.port = int(wait_until(lambda: process.stdout.strip(), "the port of the relay"))


SERVERS = {
    "sluice": Sluice,
    "sluice-prefetch": Sluice,
    "sluice-unary": Sluice,
    "redis": Redis,
    "beanstalkd": Beanstalkd,
    "rabbitmq": Rabbitmq,
    "rabbitmq-nowait": Rabbitmq,
    "nats": Nats,
    "python": PythonManager,
    "raw": Raw,
    "sluice-durable-memory": DurableSluice,
    "sluice-fsync": DurableSluice,
    "sluice-fsync-prefetch": DurableSluice,
    "redis-fsync": DurableRedis,
}
PROGRAMS = {"redis": "redis-server", "redis-fsync": "redis-server", "beanstalkd": "beanstalkd", "nats": "nats-server",
            "rabbitmq": "/usr/lib/rabbitmq/bin/rabbitmq-server",
            "rabbitmq-nowait": "/usr/lib/rabbitmq/bin/rabbitmq-server"}  # fmt: skip


def missing(name):
    """The program that it would need, or None."""
    program = PROGRAMS.get(name)
    return program if program and not shutil.which(program) else None
