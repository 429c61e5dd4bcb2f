"""The pages hold together: links lead somewhere, the table of dependencies is the list that is installed, the format on
the disk is told as the code writes it."""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]+\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")


def tracked(suffix):
    listing = subprocess.run(["git", "ls-files", "*" + suffix], cwd=ROOT, capture_output=True, text=True)
    names = listing.stdout.split() or [str(p.relative_to(ROOT)) for p in ROOT.rglob("*" + suffix)]  # no git: a tarball
    return [ROOT / name for name in names if not name.startswith("build/") and (ROOT / name).is_file()]


def packages():
    """[(stage, package)] of docker/packages.txt"""
    lines = (ROOT / "docker" / "packages.txt").read_text().splitlines()
    return [tuple(line.split()[:2]) for line in lines if line and not line.startswith("#")]


def version_of(package):
    """The upstream version that is installed: without epoch."""
    query = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return query.stdout.split(":", 1)[-1]


class Docs(unittest.TestCase):
    def test_every_link_within_the_repository_leads_somewhere(self):
        broken = []
        for page in tracked(".md"):
            for target in LINK.findall(page.read_text()):
                if not (page.parent / target).exists():
                    broken.append(f"{page.relative_to(ROOT)}: {target}")
        self.assertEqual(broken, [])

    def test_the_readme_names_every_dependency_with_its_version(self):
        text = (ROOT / "README.md").read_text().split("## Dependencies\n")[1]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
        told = {}
        for names, versions, _ in rows[2:]:
            names, versions = names.split(", "), versions.split(", ")
            told |= dict(zip(names, versions * len(names) if len(versions) == 1 else versions, strict=True))
        needed = {package: stage for stage, package in packages() if stage != "runtime"}
        self.assertEqual(set(told), set(needed))
        for package, version in told.items():
            with self.subTest(package=package):
                there = version_of(package)
                if not there and needed[package] == "bench":
                    continue  # only who runs the benchmarks has it
                self.assertTrue(there.startswith(version), there)

    def test_the_format_tells_every_record_with_its_fields_in_their_order(self):
        code = (ROOT / "server" / "queue" / "record.h").read_text()
        page = (ROOT / "server" / "FORMAT.md").read_text()
        told = re.findall(r"^\| (\d*) ?\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
        told = {name: (number, re.findall(r"`(\w+)`", fields)) for number, name, fields in told}
        written = {}
        for body in re.split(r"^struct ", code, flags=re.MULTILINE)[1:]:
            number = re.search(r"kType = (\d+);", body)
            fields = re.search(r"visit\(([^;]*)\);", body).group(1)
            names = re.findall(r"r\.(?:\w+\.)?(\w+)", fields)
            written[re.match(r"\w+", body).group(0)] = (number.group(1) if number else "", names)
        self.assertEqual(told, written)
        self.assertEqual(len(written), len(set(re.findall(r"\w+Record(?=[,>])", code.split("std::variant<")[1]))) + 1)


if __name__ == "__main__":
    unittest.main()
