"""The package's types hold, strictly, and a program that uses them wrongly is told."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from server_case import ROOT

SOURCES = ROOT / "client" / "python" / "src"
PROGRAM = """
import sluice

jobs: sluice.Queue[int] = sluice.Queue(None, "jobs", maxsize=3, durability="fsync")
jobs.put(1)
number: int = jobs.get()
with jobs.task() as job:
    number = job
numbers: list[int] = jobs.get_many(10)
"""
MISTAKES = {
    'jobs.put("text")': "arg-type",
    "text: str = jobs.get()": "assignment",
    'jobs.put(1, timeout="long")': "arg-type",
    'sluice.Queue(None, "jobs", durability="stone")': "arg-type",
    "sluice.Client(lesae=1.0)": "call-arg",
}


class Types(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-types-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def mypy(self, *arguments):
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", self.folder / "cache", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=250, cwd=SOURCES)

    def test_the_package_keeps_its_types_and_says_when_others_do_not(self):
        package = self.mypy("-p", "sluice")
        self.assertEqual(package.returncode, 0, package.stdout + package.stderr)
        program = self.folder / "program.py"
        program.write_text(PROGRAM)
        right = self.mypy(program)
        self.assertEqual(right.returncode, 0, right.stdout + right.stderr)
        first = PROGRAM.count("\n") + 1
        program.write_text(PROGRAM + "\n".join(MISTAKES))
        wrong = self.mypy(program)
        for line, kind in enumerate(MISTAKES.values(), first):
            self.assertRegex(wrong.stdout, rf"program\.py:{line}: error: .*\[{kind}\]")


if __name__ == "__main__":
    unittest.main()
