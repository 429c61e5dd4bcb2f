"""Compiles our own sources with clang, syntax and thread-safety analysis only: clang_check.py COMMANDS BUILD JOBS

COMMANDS is a folder that was configured, file by file or in unity, and not built; what is generated is taken from
BUILD. A warning is an error.
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def clang_command(entry, commands, build):
    words = shlex.split(entry["command"])
    words = [word if word == entry["file"] else word.replace(f"{commands}/", f"{build}/") for word in words]
    while not words[0].endswith("++"):  # ccache
        words.pop(0)
    output = words.index("-o")
    del words[output : output + 2]
    return ["clang++", *words[1:], "-fsyntax-only", "-Wthread-safety", "-Wno-unknown-warning-option", "-Werror"]


# What is generated from protos is not ours; what is generated to include several of our files at once is.
def is_own(file, commands):
    if file.is_relative_to(commands):
        return file.parent.name == "Unity"
    return file.is_relative_to(ROOT)


def check(entry, commands, build):
    command = clang_command(entry, commands, build)
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
    return entry["file"], done.returncode, done.stderr


def main():
    commands, build, jobs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), int(sys.argv[3])
    entries = json.loads((commands / "compile_commands.json").read_text())
    own = [e for e in entries if is_own(pathlib.Path(e["file"]), commands)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for number, (file, status, errors) in enumerate(pool.map(lambda entry: check(entry, commands, build), own), 1):
            print(f"[{number}/{len(own)}] {os.path.relpath(file, ROOT)}", flush=True)
            if status != 0:
                print(errors, flush=True)
                bad += 1
    print(f"{len(own) - bad} of {len(own)} files are clean under clang")
    return 1 if bad or not own else 0


if __name__ == "__main__":
    sys.exit(main())
