"""The installed package: a project that knows nothing but find_package(sluice) builds and runs."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from sluice_process import Server  # noqa: E402

BUILD = pathlib.Path(os.environ["SLUICE_BUILD_DIR"])
DEADLINE_S = 240


def run(*command, env=None):
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_S,
        env={**os.environ, **(env or {})},
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sluice-consumer-")
        cls.prefix = pathlib.Path(cls.folder.name) / "prefix"
        cls.build = pathlib.Path(cls.folder.name) / "build"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", "sdk")
        # Without a path to gRPC's or protobuf's packages: a consumer does not need them.
        run("cmake", "-S", HERE, "-B", cls.build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={cls.prefix}",
            "-DCMAKE_DISABLE_FIND_PACKAGE_gRPC=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_Protobuf=ON",
            f"-DCMAKE_CXX_FLAGS={os.environ.get('SLUICE_CXX_FLAGS', '')}")
        run("cmake", "--build", cls.build)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_it_runs_embedded(self):
        self.assertEqual(run(self.build / "consumer"), "ok\n")

    def test_the_asio_face_runs(self):
        self.assertEqual(run(self.build / "asio_consumer"), "ok\n")

    def test_it_runs_against_a_server(self):
        with Server() as server:
            self.assertEqual(run(self.build / "consumer", server.address), "ok\n")

    def test_public_headers_include_the_standard_library_only(self):
        headers = sorted((self.prefix / "include" / "sluice").glob("*.h"))
        names = {header.name for header in headers}
        self.assertIn("client.h", names)
        for header in headers:
            for include in re.findall(r'#\s*include\s*([<"][^>"]+)', header.read_text()):
                own = include.startswith("<sluice/") and include[len("<sluice/"):] in names
                standard = re.fullmatch(r"<[a-z_]+", include)
                if header.name == "asio.h" and include.startswith("<asio/"):
                    continue
                self.assertTrue(own or standard, f"{header.name} includes {include}")

    def test_the_library_exports_its_public_names_only(self):
        library = next(self.prefix.rglob("libsluice.so"))
        symbols = run("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()
        self.assertTrue(symbols)
        for symbol in symbols:
            self.assertRegex(symbol, r"\bsluice::(?!v1|broker|queue::|wire|journal)", "an inside is visible")

    def test_the_package_names_no_dependency_of_the_inside(self):
        for file in self.prefix.rglob("sluice*.cmake"):
            self.assertIsNone(re.search(r"grpc|protobuf|absl|spdlog", file.read_text(), re.IGNORECASE), file.name)


if __name__ == "__main__":
    unittest.main()
