"""The tests of JUnit files that failed, and the end of what the first of them printed."""

import sys
import xml.etree.ElementTree as ET

MOST, LINES = 10, 40


def failures(files):
    for file in files:
        for case in ET.parse(file).getroot().iter("testcase"):
            failure = case.find("failure")
            if failure is not None:
                text = f"{case.get('name')}: {failure.get('message') or 'failed'} ({file})"
                yield text, (case.findtext("system-out") or "").splitlines()[-LINES:]


def main(files):
    failed = list(failures(files))
    for text, output in failed[:MOST]:
        print(f"\n-- {text}", *output, sep="\n")
    print("\nfailed:", *(text for text, _ in failed), sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1:])
