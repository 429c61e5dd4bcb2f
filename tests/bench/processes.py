"""Processes of a run: started by us, measured through /proc, ended by their id."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

DEADLINE_S = 60.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def wait_until(condition, what, deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"waited {deadline_s:g} s for {what}")
        time.sleep(0.01)


class Process:
    """A program in a session of its own, with whatever it starts in turn. Its output goes to files of `folder`."""

    def __init__(self, command, env=None, stdin=subprocess.DEVNULL):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-"))
        self.command = [str(word) for word in command]
        with open(self.folder / "stdout", "wb") as out, open(self.folder / "stderr", "wb") as err:
            self._process = subprocess.Popen(
                self.command, stdin=stdin, stdout=out, stderr=err, cwd=self.folder, env=env, start_new_session=True
            )
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def stdout(self):
        return (self.folder / "stdout").read_text(errors="replace")

    @property
    def stderr(self):
        return (self.folder / "stderr").read_text(errors="replace")

    def running(self):
        return self._process.poll() is None

    def go(self):
        """The line that a process of the load waits for."""
        self._process.stdin.write(b"go\n")
        self._process.stdin.close()

    def wait(self, deadline_s=DEADLINE_S):
        """Its exit code; RuntimeError when it does not end."""
        try:
            return self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{self.command[0]} did not end within {deadline_s:g} s") from None

    def close(self):
        for number, patience_s in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            for pid in session([self.pid]):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + patience_s
            while (self.running() or session([self.pid])) and time.monotonic() < end:
                time.sleep(0.01)
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _stats():
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/stat") as file:
                    yield int(entry.name), file.read().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has just ended


def session(pids):
    """The living processes of these sessions."""
    return [pid for pid, words in _stats() if int(words[3]) in pids and words[0] != "Z"]


def cpu_s(pids):
    """CPU seconds of the processes of these sessions, and of their children that have ended."""
    return sum(sum(map(int, words[11:15])) for _, words in _stats() if int(words[3]) in pids) / TICKS_PER_S


def machine_cpu_s():
    """CPU seconds of all programs of the machine, and those that its host took away."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _io, irq, soft, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + soft + steal) / TICKS_PER_S


def rss_bytes(pids):
    total = 0
    for pid in session(pids):
        try:
            with open(f"/proc/{pid}/statm") as file:
                total += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total
