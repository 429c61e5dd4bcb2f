"""What an operator does with a data directory: verify it, back it up, restore it, and read why it is refused."""

import hashlib
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from sluice_process import DEADLINE_S, Process, Server, program, wait_until  # noqa: E402

LOAD = 20_000


def fingerprint(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


class Storage(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-storage-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.data = self.folder / "data"

    def server(self, *args, data=None):
        server = Server(args=["--data-dir", data or self.data, *args])
        self.addCleanup(server.close)
        return server

    def ok(self, server, *args, **options):
        done = server.run(*args, **options)
        self.assertEqual(done.returncode, 0, f"{args}: {done.stderr}")
        return done.stdout

    def drain(self, server, queue):
        """All that is ready."""
        return self.ok(server, "get", queue, "--ack", "--max", LOAD * 2, "--timeout", "0").splitlines()

    def verify(self, folder=None):
        command = [program("sluiced"), "--verify", str(folder or self.data)]
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)

    def refused(self, folder):
        """What a server that cannot start with this directory says."""
        command = [program("sluiced"), "--listen", f"unix:{self.folder}/never", "--data-dir", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def fill(self, server):
        self.ok(server, "create", "jobs", "--durability", "fsync")
        self.ok(server, "put", "jobs", "--lines", stdin="".join(f"job {n} {'x' * 500}\n" for n in range(1000)))
        self.ok(server, "create", "other/mail", "--durability", "async")
        self.ok(server, "put", "other/mail", "a letter")


class Status(Storage):
    """What watches a server sees of its disk."""

    def metrics(self, server):
        lines = self.ok(server, "status", "--metrics").splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        for name in values:  # each has its help and its type
            name = name.partition("{")[0]
            self.assertTrue(any(line.startswith(f"# HELP {name} ") for line in lines), name)
            self.assertTrue(any(line.startswith(f"# TYPE {name} ") for line in lines), name)
        server_label = f'server="{server.address}"'
        for name in values:
            self.assertIn(server_label, name)
        return {
            name.replace(server_label + ",", "").replace("{" + server_label + "}", ""): float(value)
            for name, value in values.items()
        }

    def test_of_a_disk_that_fails_and_gets_well(self):
        server = self.server()
        self.fill(server)
        well = self.metrics(server)
        self.assertEqual((well["sluice_serving"], well['sluice_storage_state{state="ok"}']), (1, 1))
        self.assertGreater(well["sluice_storage_batches_total"], 1)
        self.assertGreater(well["sluice_storage_written_bytes_total"], 500_000)
        self.assertGreater(well["sluice_storage_syncs_total"], 0)
        self.assertGreater(well["sluice_storage_free_bytes"], 0)
        self.assertEqual((well["sluice_queues"], well["sluice_namespaces"]), (2, 2))
        self.assertEqual((well["sluice_storage_failures_total"], well["sluice_up"]), (0, 1))

        may_grow = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, may_grow[1]))
        self.addCleanup(resource.prlimit, server.pid, resource.RLIMIT_FSIZE, may_grow)
        late = server.start("put", "jobs", "late")
        self.addCleanup(late.close)
        wait_until(lambda: server.json("status")["status"] == "not serving", "the trouble to be told")
        status = server.json("status")
        self.assertEqual(status["storage"]["state"], "failing")
        self.assertIn(str(self.data), status["storage"]["trouble"])
        self.assertGreater(status["storage"]["failures"], 0)
        self.assertGreater(status["storage"]["refused"], 0)
        self.assertRegex(self.ok(server, "status"), rf"not serving\n(.*\n)*storage +failing.*\ntrouble +.*{self.data}")
        ill = self.metrics(server)
        self.assertEqual((ill["sluice_serving"], ill['sluice_storage_state{state="failing"}']), (0, 1))
        self.assertEqual(ill['sluice_storage_state{state="ok"}'], 0)

        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, may_grow)
        wait_until(lambda: server.json("status")["status"] == "serving", "the storage to be well")
        self.assertEqual(server.json("status")["storage"]["trouble"], "")
        self.assertEqual(late.wait(), 0, late.stderr)

    def test_of_queues_in_memory(self):
        server = Server()
        self.addCleanup(server.close)
        self.assertNotIn("storage", server.json("status"))
        self.assertIn("queues live in memory", self.ok(server, "status"))
        self.assertFalse([name for name in self.metrics(server) if "storage" in name])


class Verify(Storage):
    def test_a_killed_servers_directory_is_sound_and_is_left_as_it_is(self):
        server = self.server()
        self.fill(server)
        server.kill()
        before = fingerprint(self.data)
        done = self.verify()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"namespace 'default': \d+ batches, 1 queues, 1000 items, 0 sessions, \d+ bytes\n")
        self.assertRegex(done.stdout, r"namespace 'other': \d+ batches, 1 queues, 1 items, 0 sessions, \d+ bytes\n")
        self.assertRegex(done.stdout, r"data: sound, 2 namespaces, \d+ bytes on the disk\n\Z")
        self.assertEqual(fingerprint(self.data), before)

    def test_one_at_a_time_uses_a_directory(self):
        self.server()
        done = self.verify()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"data directory {self.data} is in use by another sluiced", done.stdout)
        self.assertIn("is in use by another sluiced: stop it", self.refused(self.data))

    def test_damage_is_named_and_nothing_is_touched(self):
        server = self.server()
        self.fill(server)
        server.restart()  # everything is in tables now
        server.kill()
        tables = [path for path in self.data.glob("*.sst") if b"job 500 " in path.read_bytes()]
        for table in tables:  # one, or the one that a compaction makes of it
            table.write_bytes(table.read_bytes().replace(b"job 500 ", b"job 501 "))
        before = fingerprint(self.data)
        done = self.verify()
        self.assertEqual(done.returncode, 1)
        self.assertIn("DAMAGE: ", done.stdout)
        self.assertTrue(any(table.name in done.stdout for table in tables), done.stdout)
        self.assertIn("position ", done.stdout)
        self.assertIn("namespace 'other': ", done.stdout)
        self.assertIn(": damaged, 2 namespaces", done.stdout)
        self.assertIn("What to do: ", done.stdout)
        self.assertEqual(fingerprint(self.data), before)

    def test_a_server_that_finds_damage_says_how_to_see_all_of_it(self):
        server = self.server()
        self.fill(server)
        server.restart()
        server.stop()
        table = max(self.data.glob("*.sst"), key=lambda path: path.stat().st_size)
        table.write_bytes(b"")
        self.assertIn(f"sluiced --verify {self.data}", self.refused(self.data))
        self.assertEqual(self.verify().returncode, 1)

    def test_what_is_no_data_directory_is_refused(self):
        foreign = self.folder / "documents"
        foreign.mkdir()
        (foreign / "letter.txt").write_text("dear")
        self.assertIn("is not one of sluiced's (there is letter.txt)", self.refused(foreign))
        self.assertEqual([path.name for path in foreign.iterdir()], ["letter.txt"])
        self.assertIn("is not a directory", self.refused(foreign / "letter.txt"))
        self.assertIn("is not one of sluiced's", self.verify(foreign).stdout)
        absent = self.verify(self.folder / "absent")
        self.assertEqual(absent.returncode, 1)
        self.assertIn("cannot read", absent.stdout)
        self.assertFalse((self.folder / "absent").exists())


class Backup(Storage):
    def test_a_backup_under_load_has_all_that_was_acknowledged_before(self):
        backups = self.folder / "backups"
        server = self.server("--backup-dir", backups)
        for queue in ("load", "before"):
            self.ok(server, "create", queue, "--durability", "fsync")
        lines = self.folder / "lines"
        lines.write_text("".join(f"{n}\n" for n in range(LOAD)))
        with lines.open() as source, Process(
            program("sluice"), "put", "load", "--lines", "--batch", "20", stdin=source, env=server.environment()
        ) as load:
            wait_until(lambda: server.stats("load")["put"] > 100, "the load to begin")
            self.ok(server, "put", "before", "acknowledged")
            acknowledged = server.stats("load")["put"]
            backup = server.json("backup", "monday")
            self.ok(server, "put", "before", "too late")
            self.assertEqual(load.wait(), 0, str(load))
        self.assertEqual(backup["directory"], str(backups / "monday"))
        self.assertGreater(backup["bytes"], 0)
        self.assertEqual(self.verify(backups / "monday").returncode, 0)

        copy = self.folder / "restored"
        shutil.copytree(backups / "monday", copy)
        restored = self.server(data=copy)
        self.assertEqual(self.drain(restored, "before"), ["acknowledged"])
        there = self.drain(restored, "load")
        self.assertGreaterEqual(len(there), acknowledged)
        self.assertEqual(there, [str(n) for n in range(len(there))])

        # The original knows nothing of it.
        self.ok(server, "put", "before", "later")
        server.restart()
        self.assertEqual(self.drain(server, "before"), ["acknowledged", "too late", "later"])
        self.assertEqual(server.stats("load")["ready"], LOAD)

    def test_it_is_refused_where_it_may_not_be(self):
        memory = Server(args=["--backup-dir", self.folder / "backups"])
        self.addCleanup(memory.close)
        plain = self.server(data=self.folder / "plain")
        server = self.server("--backup-dir", self.folder / "backups")
        for where, name, why in (
            (memory, "one", "keeps no queues on disk"),
            (plain, "one", "start sluiced with --backup-dir DIR"),
            (server, "../one", "a backup's name has"),
            (server, "/tmp/one", "a backup's name has"),
            (server, ".one", "a backup's name has"),
        ):
            done = where.run("backup", name)
            self.assertEqual(done.returncode, 2, name)
            self.assertIn(why, done.stderr)
        self.ok(server, "backup", "one")
        self.assertIn("exists: name another one", server.run("backup", "one").stderr)
        self.assertEqual([path.name for path in (self.folder / "backups").iterdir()], ["one"])


if __name__ == "__main__":
    unittest.main()
