"""What the tests of `sluice` have in common: exit codes, and a server for each test class."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from sluice_process import Server  # noqa: E402

OK, OTHER, USAGE, EMPTY, FULL, SHUT_DOWN, UNREACHABLE, TIMEOUT, LEASE_LOST = range(9)
QUEUE_NOT_FOUND, QUEUE_EXISTS, QUEUE_DELETED, TOO_LARGE, LIMIT_REACHED = range(9, 14)


class CliTest(unittest.TestCase):
    """Each class has a server, each test a queue name (self.queue) and an empty folder (self.folder)."""

    server_args = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(args=cls.server_args)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.queue = self.id().rsplit(".", 1)[-1]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def ok(self, *args, **options):
        """Standard output of a command that must succeed and say nothing on standard error."""
        done = self.server.run(*args, **options)
        self.assertEqual((done.returncode, done.stderr), (OK, ""), args)
        return done.stdout

    def fails(self, code, *args, **options):
        """The one line of a command that must fail so."""
        done = self.server.run(*args, **options)
        self.assertEqual(done.returncode, code, f"{args}: {done.stderr}")
        self.assertRegex(done.stderr, r"\Asluice: [^\n]+\n\Z")
        return done.stderr

    def create(self, *settings):
        self.ok("create", self.queue, *settings)

    def take(self, *args):
        """JSON of one item."""
        return self.server.json("get", self.queue, "--timeout", "0", *args)

    def payloads(self):
        """What was ready; taken and finished now."""
        done = self.server.run("get", self.queue, "--ack", "--max", "100000", "--timeout", "0")
        self.assertIn(done.returncode, (OK, EMPTY), done.stderr)
        return done.stdout.splitlines()
