"""The tests of JUnit files that failed, each with the end of what it printed: the end of a long log says it all."""

import sys
import xml.etree.ElementTree as ET

LINES = 40


def failures(file):
    for case in ET.parse(file).getroot().iter("testcase"):
        failure = case.find("failure")
        if failure is not None:
            yield case.get("name"), failure.get("message") or "", case.findtext("system-out") or ""


def main(files):
    for file in files:
        for name, message, output in failures(file):
            print(f"\n-- {name}: {message} ({file})")
            print("\n".join(output.splitlines()[-LINES:]))


if __name__ == "__main__":
    main(sys.argv[1:])
