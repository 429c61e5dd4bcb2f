"""The image and the compose file, as far as they can be held to account without a container engine."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from sluice_process import Process, Server, program  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
COMPOSE = (ROOT / "docker" / "compose.yaml").read_text()


def instructions():
    """[(instruction, arguments)] of the Dockerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def packages(stage):
    lines = (ROOT / "docker" / "packages.txt").read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith(stage + " ")}


def with_dependencies(names):
    """The packages and all that they depend on, as installed here."""
    found, open_names = set(), set(names)
    while open_names:
        found |= open_names
        query = ["dpkg-query", "-W", "-f", "${Depends}, ${Pre-Depends}, ", *open_names]
        text = subprocess.run(query, capture_output=True, text=True).stdout
        open_names = set(re.findall(r"([a-z0-9][a-z0-9.+-]+)(?::\w+)?(?: \([^)]*\))?(?=[,|]| \|)", text)) - found
    return found


def libraries_of(path):
    lines = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    return {os.path.realpath(library).removeprefix("/usr") for library in re.findall(r"=> (/\S+)", lines)}


def owner_of(library):
    """The package of /lib/...; some are listed there, some below /usr."""
    query = ["dpkg", "-S", library, "/usr" + library]
    return subprocess.run(query, capture_output=True, text=True).stdout.split(":")[0]


class Dockerfile(unittest.TestCase):
    def test_every_builder_understands_it(self):
        for unwanted in ("syntax=", "<<", "--link", "--start-interval", "--mount"):
            self.assertNotIn(unwanted, DOCKERFILE)

    def test_what_it_copies_is_there_and_not_ignored(self):
        ignored = [line.strip() for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] not in "#"]
        copies = [shlex.split(arguments) for word, arguments in instructions() if word == "COPY"]
        sources = [word for words in copies if not words[0].startswith("--from") for word in words[:-1]]
        self.assertTrue(sources)
        for source in sources:
            self.assertTrue((ROOT / source).exists(), source)
            self.assertNotIn(source.split("/")[0], ignored)
        for needed in ("CMakeLists.txt", "CMakePresets.json", "common", "proto", "server", "client"):
            self.assertNotIn(needed, ignored)

    def test_it_ends_as_a_user_without_rights(self):
        words = [word for word, _ in instructions()]
        self.assertLess(words.index("USER"), words.index("ENTRYPOINT"))
        self.assertEqual(words.count("FROM"), 2)

    def test_durable_queues_are_in_a_volume_that_the_user_may_write_to(self):
        found = dict(instructions())
        entry = yaml.safe_load(found["ENTRYPOINT"])
        folder = entry[entry.index("--data-dir") + 1]
        self.assertEqual(found["VOLUME"], folder)
        self.assertIn(f"install -d -o {found['USER']} -g {found['USER']} -m 700 {folder}", DOCKERFILE)
        compose = yaml.safe_load(COMPOSE)
        self.assertEqual(compose["services"]["server"]["volumes"], [f"data:{folder}"])
        self.assertIn("data", compose["volumes"])

    def test_the_runtime_packages_bring_every_library(self):
        there = with_dependencies(packages("runtime"))
        for name in ("sluiced", "sluice"):
            for library in libraries_of(program(name)):
                self.assertIn(owner_of(library), there, f"{name} needs {library}")

    def test_entry_point_and_health_check_are_commands_that_work(self):
        found = dict(instructions())
        entry = yaml.safe_load(found["ENTRYPOINT"])
        self.assertEqual(entry[0], "sluiced")
        checked = subprocess.run([program("sluiced"), *entry[1:], "--check-config"], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        health = yaml.safe_load(found["HEALTHCHECK"].split("CMD", 1)[1])
        with Server() as server:
            self.assertEqual(health[0], "sluice")
            self.assertEqual(server.run(*health[1:]).returncode, 0)
            server.stop()
            self.assertNotEqual(server.run(*health[1:]).returncode, 0)


class Compose(unittest.TestCase):
    def setUp(self):
        self.file = yaml.safe_load(COMPOSE)

    def test_every_compose_understands_it(self):
        self.assertEqual(set(self.file), {"services", "volumes"})
        self.assertNotIn("start_interval", COMPOSE)
        build = self.file["services"]["server"]["build"]
        context = (ROOT / "docker" / build["context"]).resolve()
        self.assertTrue((context / build["dockerfile"]).is_file())

    def test_who_needs_the_server_waits_until_it_is_healthy(self):
        services = self.file["services"]
        for name in ("producers", "consumers"):
            self.assertEqual(services[name]["depends_on"], {"server": {"condition": "service_healthy"}})
        self.assertEqual(services["finish"]["depends_on"], {"producers": {"condition": "service_completed_successfully"}})

    def test_its_commands_do_what_it_says(self):
        services = self.file["services"]
        path = {"PATH": f"{pathlib.Path(program('sluice')).parent}:{os.environ['PATH']}"}

        def start(name):
            service = services[name]
            command = [word.replace("$$", "$") for word in service["entrypoint"] + service["command"]]
            return [
                Process(*command, env=server.environment(path))
                for _ in range(service.get("scale", 1))
            ]

        with Server() as server:
            consumers = start("consumers")
            producers = start("producers")
            running = consumers + producers
            try:
                for process in producers:
                    self.assertEqual(process.wait(), 0, str(process))
                finish = start("finish")
                running += finish
                for process in finish + consumers:
                    self.assertEqual(process.wait(60), 0, str(process))
                lines = "".join(process.stdout for process in consumers).splitlines()
                self.assertEqual(sorted(lines), sorted([f"job {n}" for n in range(1, 501)] * 2))
                self.assertEqual(server.stats("jobs")["done"], 1000)
            finally:
                for process in running:
                    process.close()


if __name__ == "__main__":
    unittest.main()
