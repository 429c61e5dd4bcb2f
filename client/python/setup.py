"""Builds the native module with the project's own CMake; all else is in pyproject.toml.

$SLUICE_BUILD_DIR names a build tree to use, configured or not, instead of a new one: what is there
is not built again.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PROJECT = pathlib.Path(__file__).resolve().parents[2]
NEEDED = "the Debian packages of the stages `build` and `python` in docker/packages.txt"
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_UNITY_BUILD=ON",
    "-DCMAKE_UNITY_BUILD_BATCH_SIZE=12",
    "-DSLUICE_BUILD_TESTS=OFF",
    "-DSLUICE_BUILD_PYTHON=ON",
)


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        if not (PROJECT / "CMakeLists.txt").is_file():
            sys.exit("sluice is built from its repository: pip install ./client/python")
        for program in ("cmake", "ninja"):
            if shutil.which(program) is None:
                sys.exit(f"sluice: {program} is missing; building needs {NEEDED}")
        tree = pathlib.Path(os.environ.get("SLUICE_BUILD_DIR") or self.build_temp).resolve()
        if not (tree / "CMakeCache.txt").is_file():
            python = f"-DSLUICE_PYTHON={sys.executable}"
            self.run_step("cmake", "-S", PROJECT, "-B", tree, "-G", "Ninja", *OPTIONS, python)
        self.run_step("cmake", "--build", tree, "--target", "sluice_python")
        target = pathlib.Path(self.get_ext_fullpath(extension.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / "python" / "sluice" / target.name, target)

    @staticmethod
    def run_step(*command):
        if subprocess.run([str(word) for word in command]).returncode != 0:
            sys.exit(f"sluice: `{' '.join(map(str, command[:2]))}` failed; building needs {NEEDED}")


setup(ext_modules=[Extension("sluice._native", sources=[])], cmdclass={"build_ext": CMakeBuild})
