"""What ./check says at its end of the tests that failed."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

FAILURES = pathlib.Path(__file__).resolve().parents[1] / "support" / "failures.py"


def case(name, failed=False, output=""):
    inside = f'<failure message="{name} went wrong"/>' if failed else ""
    return f'<testcase name="{name}">{inside}<system-out>{output}</system-out></testcase>'


class Report(unittest.TestCase):
    def report(self, *cases):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "tests.xml"
            file.write_text(f"<testsuite>{''.join(cases)}</testsuite>")
            done = subprocess.run([sys.executable, "-B", FAILURES, file], capture_output=True, text=True, check=True)
        return done.stdout.replace(str(file), "FILE").splitlines()

    def test_each_is_named_with_the_end_of_its_output(self):
        output = "\n".join(f"line {n}" for n in range(100))
        lines = self.report(case("good", output="fine"), case("bad", True, output))
        self.assertEqual(lines[:2], ["", "-- bad: bad went wrong (FILE)"])
        self.assertEqual(lines[2:-3], [f"line {n}" for n in range(60, 100)])
        self.assertEqual(lines[-3:], ["", "failed:", "  bad: bad went wrong (FILE)"])

    def test_of_many_all_are_named_and_few_are_shown(self):
        lines = self.report(*(case(f"t{n}", True, f"output {n}") for n in range(50)))
        self.assertEqual(sum(line.startswith("output") for line in lines), 10)
        self.assertEqual(lines[-1], "  t49: t49 went wrong (FILE)")


if __name__ == "__main__":
    unittest.main()
