"""Every Python program of the pages runs, against a server of the test's own, and the tables say what the code does."""

import re
import subprocess
import sys
import unittest

import sluice
from server_case import DEADLINE_S, ROOT, ServerCase
from sluice import codecs

PAGES = (ROOT / "README.md", ROOT / "client" / "python" / "README.md")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUTS = {"README.md": ["worked on hello\n"], "client/python/README.md": ["a.png\n", "hello\n", "[1.0, 2.0, 3.0]\n"]}


class Readme(ServerCase):
    def test_every_program(self):
        for page in PAGES:
            outputs = []
            for code in BLOCK.findall(page.read_text()):
                self.client.delete("jobs") if self.client.list(prefix="jobs") else None
                code = code.replace("127.0.0.1:7171", self.server.address)
                done = subprocess.run(
                    [sys.executable, "-c", code],
                    env={"PYTHONPATH": ":".join(sys.path)},
                    capture_output=True,
                    text=True,
                    timeout=DEADLINE_S,
                )
                self.assertEqual(done.returncode, 0, done.stderr)
                outputs.append(done.stdout)
            self.assertEqual(outputs, OUTPUTS[page.relative_to(ROOT).as_posix()])

    def test_the_content_types(self):
        told = re.findall(r"^\| .* \| `((?:application|text)/[^`]*)` \|$", PAGES[1].read_text(), re.MULTILINE)
        protobuf = codecs.PROTOBUF + "; type=package.Name"
        self.assertEqual(told, [codecs.BYTES, codecs.TEXT, codecs.JSON, codecs.JSON_TUPLE, protobuf])

    def test_what_the_page_says_is_there(self):
        for name in set(re.findall(r"`?sluice\.(\w+)\b", PAGES[1].read_text())):
            self.assertTrue(hasattr(sluice, name), name)


if __name__ == "__main__":
    unittest.main()
