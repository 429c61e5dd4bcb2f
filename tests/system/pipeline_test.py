"""The pipeline of pictures, with real processes: what it promises, and that its check can fail."""

import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from sluice_process import Process, Server, program, wait_until  # noqa: E402

DEADLINE_S = 120


def pipeline(*args, env=None):
    return subprocess.run(
        [program("pipeline"), *map(str, args)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env={**os.environ, **(env or {})},
    )


def png_size(path):
    return struct.unpack(">II", path.read_bytes()[16:24])


def leftovers(folder):
    return sorted(p.name for p in pathlib.Path(folder).iterdir())


def writer_of(pid):
    """The process id of the worker that writes."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(c) for c in children if b"\0write\0" in pathlib.Path(f"/proc/{c}/cmdline").read_bytes())


class Pipeline(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-pictures-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.pictures = self.folder / "pictures"
        self.thumbnails = self.folder / "thumbnails"
        self.scratch = self.folder / "tmp"  # TMPDIR of the pipeline: must be empty at its end
        self.scratch.mkdir()

    def run_on(self, server, *args):
        done = pipeline("run", "--address", server.address, *args, env={"TMPDIR": str(self.scratch)})
        self.assertEqual(leftovers(self.scratch), [], done.stderr)
        self.assertEqual(server.json("list")["queues"], [], "queues that the pipeline left behind")
        return done

    def test_a_killed_worker_costs_no_picture(self):
        with Server(args=["--grace", "1s"]) as server:
            done = self.run_on(server, "--count", 200, "--output", self.thumbnails)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"killed with a picture in its hands: [1-9]\d* redelivered")
            self.assertIn("200 items finished", done.stdout)
            self.assertIn("check: 200 thumbnails are there exactly once and right", done.stdout)
            self.assertEqual(len(leftovers(self.thumbnails)), 200)
            sizes = [png_size(path) for path in self.thumbnails.glob("*.png")]
            self.assertEqual({max(size) for size in sizes if max(size) >= 96}, {96})

    def test_progress_is_a_line_a_second_where_there_is_no_terminal(self):
        with Server(args=["--grace", "1s"]) as server:
            done = self.run_on(server, "--count", 40)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"read: \d+ queued, \d+ working, 40 done, 0 redelivered")
            self.assertNotIn("\033", done.stdout)

    def test_pictures_that_cannot_be_read_are_told_and_stop_nothing(self):
        self.assertEqual(pipeline("make", self.pictures, "--count", 30).returncode, 0)
        (self.pictures / "empty.png").touch()
        (self.pictures / "text.JPG").write_text("no picture")
        (self.pictures / "cut.png").write_bytes((self.pictures / "picture-00002.png").read_bytes()[:200])
        (self.pictures / "notes.txt").write_text("not meant")
        (self.pictures / "below").mkdir()
        shutil.copy(self.pictures / "picture-00001.jpg", self.pictures / "below" / "name with space.JPEG")
        with Server(args=["--grace", "1s"]) as server:
            done = self.run_on(server, self.pictures)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("31 items finished", done.stdout)
        self.assertIn("3 failed", done.stdout)
        for name in ("empty.png", "text.JPG", "cut.png"):
            self.assertIn(f"  {name}: ", done.stderr)
        self.assertTrue((self.folder / "pictures-thumbnails" / "below" / "name with space.JPEG").is_file())
        self.assertEqual(len(list((self.folder / "pictures-thumbnails").rglob("*.*"))), 31)

    def test_a_second_run_over_the_same_folder_is_right_too(self):
        self.assertEqual(pipeline("make", self.pictures, "--count", 20).returncode, 0)
        with Server(args=["--grace", "1s"]) as server:
            for _ in range(2):
                done = self.run_on(server, self.pictures, "--output", self.thumbnails)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_picture_too_large_for_an_item_goes_by_its_name(self):
        self.assertEqual(pipeline("make", self.pictures, "--count", 2).returncode, 0)
        large = self.pictures / "picture-00001.jpg"
        large.write_bytes(large.read_bytes() + bytes(5 << 20))  # bytes after the end of a JPEG are no matter
        with Server() as server:
            done = self.run_on(server, self.pictures, "--output", self.thumbnails)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_check_sees_what_is_wrong(self):
        self.assertEqual(pipeline("make", self.pictures, "--count", 40).returncode, 0)
        with Server(args=["--grace", "1s"]) as server:
            self.assertEqual(self.run_on(server, self.pictures, "--output", self.thumbnails).returncode, 0)
        self.assertEqual(pipeline("check", self.pictures, self.thumbnails).returncode, 0)
        wrong = {
            "missing": lambda one, two: one.unlink(),
            "of another picture": lambda one, two: shutil.copy(two, one),
            "damaged": lambda one, two: one.write_bytes(one.read_bytes()[:100]),
            "there twice": lambda one, two: shutil.copy(one, one.with_suffix(".jpeg")),
            "the original": lambda one, two: shutil.copy(self.pictures / one.name, one),
        }
        for what, spoil in wrong.items():
            with self.subTest(what):
                spoiled = self.folder / what
                shutil.copytree(self.thumbnails, spoiled)
                spoil(spoiled / "picture-00004.png", spoiled / "picture-00006.png")
                done = pipeline("check", self.pictures, spoiled)
                self.assertEqual(done.returncode, 1)
                self.assertIn("  picture-00004.", done.stderr)

    def start_and_block(self, server):
        """A pipeline that is in the middle, and stays there: its last queue is paused."""
        self.assertEqual(pipeline("make", self.pictures, "--count", 200).returncode, 0)
        command = [program("pipeline"), "run", self.pictures, "--address", server.address]
        process = Process(*command, env={"TMPDIR": str(self.scratch)})
        self.addCleanup(process.close)
        name = wait_until(
            lambda: [q["queue"] for q in server.json("list")["queues"] if q["queue"].endswith(".write")], "the queues"
        )[0]
        self.assertEqual(server.run("pause", name).returncode, 0)
        wait_until(lambda: server.stats(name)["ready"] > 0, "a picture that is not written")
        return process

    def test_interrupted_it_leaves_nothing_behind(self):
        with Server() as server:
            with self.start_and_block(server) as process:
                process.signal(signal.SIGINT)
                self.assertEqual(process.wait(), 130, str(process))
            self.assertEqual(leftovers(self.scratch), [])
            self.assertEqual(server.json("list")["queues"], [])

    def test_a_stage_that_dies_ends_the_run(self):
        with Server() as server:
            with self.start_and_block(server) as process:
                os.kill(writer_of(process.pid), signal.SIGKILL)  # there is one: nobody could take over
                self.assertEqual(process.wait(), 1, str(process))
                self.assertIn("a write worker was killed by signal 9", process.stderr)

    def test_mistakes_are_told(self):
        (self.folder / "nothing").mkdir()
        unreachable = {"SLUICE_ADDRESS": f"unix:{self.folder}/nobody"}
        for args, status, words in (
            (["run", self.folder / "absent"], 2, "absent"),
            (["run", self.folder / "nothing"], 2, "no PNG or JPEG pictures"),
            (["run", self.folder / "nothing", "--output", self.folder], 2, "could overwrite"),
            (["run", "--count", "0"], 2, "--count"),
            (["play"], 2, ""),
            (["run", "--count", "1"], 1, "nobody"),
        ):
            with self.subTest(args):
                done = pipeline(*args, env=unreachable)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(words, done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
