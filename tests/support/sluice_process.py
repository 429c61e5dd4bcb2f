"""Real servers, workers and commands for system tests.

    with Server() as server:
        server.run("create", "jobs")                      # a sluice command that ends
        with server.start("get", "jobs") as getter:       # one that goes on
            server.run("put", "jobs", "hello")
            getter.wait()

Programs are taken from $SLUICE_BIN_DIR (ctest sets it), else from build/release/bin. Everything ends with its context,
by process id. Every wait is bounded: a test that would hang fails and says what it waited for.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

DEADLINE_S = 30.0  # of anything that a test waits for: a loaded machine reaches it, a hang does not pass it
POLL_S = 0.01
ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(name):
    """The path of a program that was built."""
    folder = pathlib.Path(os.environ.get("SLUICE_BIN_DIR", ROOT / "build" / "release" / "bin"))
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not built; set SLUICE_BIN_DIR to the folder of the programs")
    return str(path)


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Returns the first true value of condition(); AssertionError, naming `what`, when there was none in time."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s:g} s for {what}")
        time.sleep(POLL_S)


class Process:
    """A program that runs until it ends, is stopped, or its context is left. Its output goes to files: it never
    blocks on a pipe that nobody reads."""

    def __init__(self, *command, env=None, stdin=subprocess.DEVNULL, cwd=None):
        self.command = [str(word) for word in command]
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-process-"))
        with open(self._folder / "stdout", "wb") as out, open(self._folder / "stderr", "wb") as err:
            self.process = subprocess.Popen(
                self.command, stdin=stdin, stdout=out, stderr=err, cwd=cwd, env={**os.environ, **(env or {})}
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def stdin(self):
        """With stdin=subprocess.PIPE."""
        return self.process.stdin

    @property
    def stdout(self):
        """What it has written so far."""
        return (self._folder / "stdout").read_text(errors="replace")

    @property
    def stderr(self):
        return (self._folder / "stderr").read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def wait(self, deadline_s=DEADLINE_S):
        """Its exit code: negative when a signal killed it."""
        try:
            return self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} did not end within {deadline_s:g} s") from None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """SIGKILL, and gone when this returns."""
        self.process.kill()
        self.process.wait()

    def stop(self, deadline_s=DEADLINE_S):
        """SIGTERM; returns the exit code. A stopped (SIGSTOP) process is continued to get it."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        return self.wait(deadline_s)

    def close(self):
        if self.running():
            self.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __str__(self):
        return f"{' '.join(self.command)} (pid {self.pid}, stderr: {self.stderr[-2000:]!r})"


class Server:
    """A sluiced of its own, listening on a Unix socket (default) or, with listen="127.0.0.1:0", on a free port.

    `config`: the text of a configuration file. stop(), kill() and start() may follow each other: the address stays.
    """

    def __init__(self, listen=None, config=None, args=()):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-server-"))
        self._listen = listen or f"unix:{self._folder}/socket"
        self._port_file = self._folder / "port"
        self._args = [str(arg) for arg in args]
        if config is not None:
            path = self._folder / "sluiced.toml"
            path.write_text(config)
            self._args += ["--config", str(path)]
        self.address = None
        self.process = None
        try:
            self.start_server()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self.process.pid

    def start_server(self):
        """Returns when it answers. After the first time it listens where it did before."""
        self.launch()
        self.await_listening()

    def launch(self):
        """As start_server, but returns at once."""
        self._port_file.unlink(missing_ok=True)
        listen = self.address or self._listen
        if listen.startswith("unix:"):
            pathlib.Path(listen[len("unix:") :]).unlink(missing_ok=True)  # left by a server that was killed
        if self.process:
            self.process.close()
        self.process = Process(program("sluiced"), "--listen", listen, "--port-file", self._port_file, *self._args)

    def await_listening(self):
        def listening():
            if not self.process.running():
                raise AssertionError(f"{self.process} ended")
            return self._port_file.exists() and self._port_file.read_text().strip()

        text = wait_until(listening, "the port file of sluiced")
        self.address = self._listen if self._listen.startswith("unix:") else _address(self._listen, text)

    def stop(self, deadline_s=DEADLINE_S):
        """SIGTERM; returns the exit code."""
        return self.process.stop(deadline_s)

    def kill(self):
        self.process.kill()

    def restart(self):
        """SIGTERM, and a new one at the same address."""
        self.stop()
        self.start_server()

    def close(self):
        if self.process:
            self.process.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- commands ----

    def run(self, *args, stdin=None, env=None, deadline_s=DEADLINE_S):
        """Runs a sluice command to its end; `stdin` is text or bytes. Returns subprocess.CompletedProcess with text
        in stdout and stderr (stdout_bytes holds what was written)."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [program("sluice"), *map(str, args)],
            input=data if data is not None else b"",
            capture_output=True,
            timeout=deadline_s,
            env=self.environment(env),
            check=False,
        )
        done.stdout_bytes = done.stdout
        done.stdout = done.stdout.decode(errors="replace")
        done.stderr = done.stderr.decode(errors="replace")
        return done

    def json(self, *args, **options):
        """The JSON document that a command prints; AssertionError when it fails."""
        done = self.run(*args, "--json", **options)
        if done.returncode != 0:
            raise AssertionError(f"sluice {args} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def stats(self, queue):
        return self.json("stats", queue)

    def start(self, *args, stdin=subprocess.DEVNULL, env=None):
        """A sluice command that goes on: a Process."""
        return Process(program("sluice"), *args, stdin=stdin, env=self.environment(env))

    def environment(self, more=None):
        """That of a process whose server this is."""
        return {**os.environ, "SLUICE_ADDRESS": self.address, **(more or {})}


def _address(listen, port_text):
    """HOST:PORT from the host that was asked for and the port that the file tells."""
    host = listen.rsplit(":", 1)[0]
    port = port_text.split()[0].rsplit(":", 1)[-1]
    return f"{host}:{int(port)}"
