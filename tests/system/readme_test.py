"""Every command of the README is run, its program is built and run, against a server of the test's own.

What stands in for the reader's machine: `sluiced` listens where the test says, unless the page says it, `./quickstart` runs in full only in
build/release (elsewhere the pipeline alone), the comparison with the peers only says how it is used, and `docker`, for
which there is no engine, only has its files looked at.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from sluice_process import Server, program  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD_DIR", ROOT / "build" / "release"))
DEADLINE_S = 200
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STAND_INS = r"""
set -euo pipefail
sluiced() {
  case " $* " in
    *" --verify "*) command sluiced "$@" ;;
    *" --listen "*) exec sluiced "$@" ;;
    *) exec sluiced --listen "$SLUICE_ADDRESS" "$@" ;;
  esac
}
if [ "$BUILD" != "$PWD/build/release" ]; then
  ./quickstart() { pipeline run ${1+"$1"}; }
fi
tests/bench/peers.sh() { bash tests/bench/peers.sh --help; }
docker() {
  local previous=
  for word in "$@"; do
    if [ "$previous" = -f ]; then test -f "$word"; fi
    previous=$word
  done
  case $1 in build | run | compose) ;; *) return 1 ;; esac
}
"""


def blocks(language):
    text = (ROOT / "README.md").read_text()
    return [body for found, body in BLOCK.findall(text) if found == language]


class Readme(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-readme-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_block(self, body, address):
        home = self.folder / "home"
        path = f"{pathlib.Path(program('sluice')).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", STAND_INS + body],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            env={**os.environ, "PATH": path, "HOME": str(home), "SLUICE_ADDRESS": address, "BUILD": str(BUILD)},
        )
        self.assertEqual(done.returncode, 0, f"{body}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_there_is_no_block_that_nobody_runs(self):
        languages = {language for language, _ in BLOCK.findall((ROOT / "README.md").read_text())}
        self.assertEqual(languages, {"", "sh", "cpp", "cmake", "python"})  # the last: tests/python/readme_test.py

    def test_the_quick_start(self):
        body = blocks("sh")[0]
        if BUILD == ROOT / "build" / "release":
            output = self.run_block(body, f"unix:{self.folder}/socket")
        else:  # the stand-in for ./quickstart needs a server before there is one
            with Server(args=["--grace", "1s"]) as server:
                output = self.run_block("./quickstart", server.address)
            output += self.run_block(body.split("\n", 1)[1], f"unix:{self.folder}/socket")
        self.assertIn("1000 items finished", output)
        self.assertIn("check: 1000 thumbnails are there exactly once and right", output)
        self.assertEqual(re.findall(r"^job \d$", output, re.MULTILINE), [f"job {n}" for n in range(1, 6)])

    def test_the_other_commands(self):
        pictures = self.folder / "home" / "Pictures"
        subprocess.run([program("pipeline"), "make", pictures, "--count", "20"], check=True, capture_output=True)
        for body in blocks("sh")[1:]:
            with self.subTest(body), Server(args=["--grace", "1s"]) as server:
                self.run_block(body, server.address)
        self.assertEqual(len(list((self.folder / "home" / "Pictures-thumbnails").iterdir())), 20)

    def test_the_program(self):
        (code,), (build,) = blocks("cpp"), blocks("cmake")
        prefix = self.folder / "prefix"
        (self.folder / "main.cc").write_text(code)
        (self.folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(app CXX)\nadd_executable(app main.cc)\n" + build
        )
        for command in (
            ["cmake", "--install", BUILD, "--prefix", prefix, "--component", "sdk"],
            ["cmake", "-S", self.folder, "-B", self.folder / "b", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"],
            ["cmake", "--build", self.folder / "b"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with Server() as server:
            app = [self.folder / "b" / "app"]
            done = subprocess.run(app, env=server.environment(), capture_output=True, text=True, timeout=DEADLINE_S)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(done.stdout.splitlines()), sorted(f"worked on job {n}" for n in range(1, 11)))


if __name__ == "__main__":
    unittest.main()
