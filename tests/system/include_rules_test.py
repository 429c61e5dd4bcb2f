"""Who may include whom: the table in server/ARCHITECTURE.md, held against every source file."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARCHITECTURE = ROOT / "server" / "ARCHITECTURE.md"
SOURCES = ("common", "proto", "server", "client")

STANDARD = set(
    """
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
    cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem forward_list fstream
    functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
    memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
    semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view
    syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray
    variant vector version
    """.split()
)
POSIX = re.compile(
    r"(sys|netinet|arpa|net)/|(cxxabi|dirent|errno|fcntl|malloc|netdb|poll|pthread|pwd|sched|signal|spawn|syslog|termios|unistd)\.h$"
)
# What a name in the table's right column stands for.
LIBRARIES = {
    "POSIX": POSIX,
    "Protobuf": re.compile(r"google/protobuf/|sluice/v1/\w+\.pb\.h$"),
    "gRPC": re.compile(r"grpc(pp)?/|sluice/v1/\w+\.grpc\.pb\.h$"),
    "Abseil": re.compile(r"absl/"),
    "Abseil": re.compile(r"absl/"),
    "Asio": re.compile(r"asio(/|\.hpp$)"),
    "spdlog": re.compile(r"spdlog/"),
    "CLI11": re.compile(r"CLI/"),
    "RocksDB": re.compile(r"rocksdb/"),
    "xxHash": re.compile(r"xxhash\.h$"),
    "nlohmann/json": re.compile(r"nlohmann/"),
    "toml++": re.compile(r"toml\+\+/"),
    "stb": re.compile(r"stb/"),
    "Python": re.compile(r"Python\.h$|pybind11/"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def table(title, text):
    """The rows of the first table below the heading `title`, as lists of cells."""
    section = text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


def read_rules(text):
    """{folder: (may include <sluice/...>, folders, library patterns)}"""
    rules = {}
    for folder, allowed in table("Include rules", text):
        words = [word.strip().strip("`") for word in allowed.split(",") if word.strip()]
        libraries = [LIBRARIES[word] for word in words if word in LIBRARIES]
        folders = [word for word in words if word.endswith("/")]
        public = "<sluice/...>" in words
        assert len(libraries) + len(folders) + public == len(words), f"{folder}: unknown word among {words}"
        rules[folder.strip("`")] = (public, folders, libraries)
    return rules


def folder_of(path, rules):
    """The rule for a file is the one of the deepest folder that has one."""
    matches = [folder for folder in rules if path.startswith(folder)]
    return max(matches, key=len) if matches else None


def violations(path, text, rules):
    """What file `path` (relative to the repository) includes and may not."""
    own = folder_of(path, rules)
    if own is None:
        return [f"{path}: no row of the table covers it"]
    public, folders, libraries = rules[own]
    public = public or own.endswith("/include/sluice/")
    found = []
    for quote, target in INCLUDE.findall(text):
        if quote == "<":
            fine = (
                target in STANDARD
                or (public and re.fullmatch(r"sluice/\w+\.h", target))
                or any(library.match(target) for library in libraries)
            )
        elif target.startswith("sluice/v1/"):
            fine = any(library.match(target) for library in libraries)
        else:
            home = folder_of(target, rules)
            fine = home is not None and (home == own or home in folders) and (ROOT / target).is_file()
        if not fine:
            found.append(f"{path}: may not include {target}")
    if path.endswith(".h") and "#pragma once" not in text:
        found.append(f"{path}: lacks #pragma once")
    return found


def sources():
    for top in SOURCES:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path.relative_to(ROOT).as_posix(), path.read_text()


class IncludeRules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = ARCHITECTURE.read_text()
        cls.rules = read_rules(cls.text)

    def test_every_source_file_keeps_the_rules(self):
        found = [line for path, text in sources() for line in violations(path, text, self.rules)]
        self.assertEqual(found, [])

    def test_public_headers_see_the_standard_library_alone(self):
        for folder in ("common/include/sluice/", "client/cpp/include/sluice/"):
            self.assertEqual(self.rules[folder][1:], ([], []))
            self.assertTrue(list((ROOT / folder).glob("*.h")))

    def test_a_broken_rule_is_seen(self):
        for path, line in (
            ("common/x.h", "#pragma once\n#include <grpcpp/grpcpp.h>"),
            ("common/include/sluice/x.h", '#pragma once\n#include "common/ids.h"'),
            ("server/queue/x.cc", '#include "server/broker/broker.h"'),
            ("server/queue/x.cc", '#include "sluice/v1/queue.pb.h"'),
            ("server/broker/x.cc", "#include <unistd.h>"),
            ("server/broker/x.cc", "  #  include <asio.hpp>"),
            ("client/cpp/include/sluice/x.h", "#pragma once\n#include <spdlog/spdlog.h>"),
            ("client/cli/x.cc", '#include "common/ids.h"'),
            ("client/cli/x.cc", '#include "client/cli/absent.h"'),
            ("server/rpc/x.cc", '#include "../broker/broker.h"'),
            ("elsewhere/x.cc", "#include <string>"),
            ("common/x.h", "#include <string>"),
        ):
            with self.subTest(path=path, line=line):
                self.assertEqual(len(violations(path, line, self.rules)), 1)

    def test_the_map_and_the_folders_agree(self):
        on_map = {row[0].strip("`").rstrip("/") for row in table("The map", self.text)}
        missing = [folder for folder in sorted(on_map) if not (ROOT / folder).is_dir()]
        self.assertEqual(missing, [], "on the map, but not there")
        code = {str(pathlib.PurePath(path).parent) for path, _ in sources()}
        code |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").iterdir() if path.is_dir()}
        self.assertEqual(sorted(code - on_map), [], "there, but not on the map")


if __name__ == "__main__":
    unittest.main()
