"""The package as a user has it: a wheel from the distribution's packages alone, installed, used."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from server_case import ROOT, ServerCase

USE = """
import sluice
assert sluice.__file__.startswith({prefix!r}), sluice.__file__
jobs = sluice.Queue(None, "jobs", maxsize=10)
jobs.put({{"n": 1}})
with jobs.task() as job:
    print(job)
"""


class Package(ServerCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-package-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_command(self, *command, **environment):
        done = subprocess.run(command, capture_output=True, text=True, timeout=250, cwd=self.folder, **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_a_wheel_is_built_and_installed_and_works(self):
        offline = ("--no-build-isolation", "--no-index", "--no-deps", "--disable-pip-version-check", "-q")
        pip = (sys.executable, "-m", "pip")
        source = self.copy_of_the_package()
        self.run_command(*pip, "wheel", *offline, "--wheel-dir", self.folder, source)
        (wheel,) = self.folder.glob("sluice-*.whl")
        prefix = self.folder / "site"
        self.run_command(*pip, "install", *offline, "--target", prefix, wheel)
        names = {path.name for path in (prefix / "sluice").iterdir()}
        self.assertLessEqual({"__init__.py", "py.typed", "_native.pyi"}, names)
        environment = {"SLUICE_ADDRESS": self.server.address, "PYTHONPATH": str(prefix)}
        output = self.run_command(sys.executable, "-c", USE.format(prefix=str(prefix)), env=environment)
        self.assertEqual(output, "{'n': 1}\n")

    def test_the_module_exports_nothing_but_what_python_looks_for(self):
        import sluice._native

        listing = self.run_command("nm", "-D", "--defined-only", sluice._native.__file__)
        self.assertEqual([line.split()[-1] for line in listing.splitlines()], ["PyInit__native"])

    def copy_of_the_package(self):
        """pip leaves build/ and an egg-info behind: not in the repository's folder. The rest of it is linked."""
        tree = self.folder / "tree"
        (tree / "client").mkdir(parents=True)
        shutil.copytree(ROOT / "client" / "python", tree / "client" / "python", symlinks=True)
        (tree / "CMakeLists.txt").symlink_to(ROOT / "CMakeLists.txt")
        return tree / "client" / "python"


if __name__ == "__main__":
    unittest.main()
