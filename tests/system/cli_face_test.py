"""How `sluice` meets people and programs: help, exit codes, JSON errors, addresses, terminals, completion."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import unittest

from cli_case import EMPTY, LIMIT_REACHED, OK, UNREACHABLE, USAGE, CliTest
from sluice_process import ROOT, Server, program, wait_until
from terminal import TerminalProcess

COMPLETION = ROOT / "client" / "cli" / "sluice.bash"


def commands(help_text):
    """[(name, example)] of `sluice --help`."""
    return re.findall(r"(?m)^  ([a-z]+) +\S.*\n +\$ (.+)$", help_text)


class Help(CliTest):
    def test_every_command_is_told_with_an_example_that_uses_it(self):
        told = commands(self.ok("--help"))
        self.assertEqual(len(told), 25)
        for name, example in told:
            with self.subTest(name=name):
                self.assertIn(f"sluice {name}", example)
                text = self.ok(name, "--help")
                self.assertIn(example, text)
                used = re.findall(r"--[a-z-]+", example.split(f"sluice {name}", 1)[1])
                self.assertEqual([flag for flag in used if flag not in text], [])

    def test_every_exit_code_is_told(self):
        text = self.ok("--help").split("Exit codes:\n")[1]
        told = [int(line.split()[0]) for line in text.splitlines() if line.strip()]
        self.assertEqual(told, [*range(15), 130, 143])

    def test_version(self):
        self.assertRegex(self.ok("--version"), r"\Asluice \d+\.\d+\.\d+\n\Z")


class Usage(CliTest):
    def test_what_makes_no_sense_is_refused_with_what_does(self):
        for said, args in {
            "500ms, 2s, 1m": ["get", "q", "--timeout", "5"],
            "is not a duration": ["get", "q", "--timeout", "-1s"],
            "500ms": ["get", "q", "--timeout", "1.5"],
            "at most 365d": ["join", "q", "--timeout", "366d"],
            "64KiB": ["create", "q", "--max-bytes", "64KB!"],
            "is not a size": ["bench", "--size", "much"],
            "from 1": ["get", "q", "--max", "0"],
            "from 0": ["create", "q", "--maxsize", "-1"],
            "whole number": ["done", "q", "x17"],
            "fifo, lifo, priority": ["create", "q", "--order", "random"],
            "NAME=VALUE": ["put", "q", "a", "--header", "novalue"],
            "priority": ["put", "q", "a", "--priority", "high"],
            "QUEUE": ["get"],
            "FENCE": ["done", "q"],
            "--nonsense": ["get", "q", "--nonsense"],
            "frobnicate": ["frobnicate"],
            "A-Z a-z 0-9": ["create", "no/such/name"],
            "HOST:PORT": ["ping", "--address", "nowhere"],
            "sluice --help": [],
        }.items():
            with self.subTest(args=args):
                self.assertIn(said, self.fails(USAGE, *args))

    def test_units_are_understood(self):
        for lease, lease_ms, size, size_bytes in (
            ("1500ms", 1500, "64KiB", 65536),
            ("1.5s", 1500, "1.5MiB", 1572864),
            ("2m", 120000, "100", 100),
            ("1h", 3600000, "100B", 100),
            ("1d", 86400000, "1MB", 1000000),
        ):
            with self.subTest(lease=lease, size=size):
                self.ok("create", self.queue, "--lease", lease, "--max-bytes", size)
                settings = self.server.json("describe", self.queue)["settings"]
                self.assertEqual((settings["lease_ms"], settings["max_bytes"]), (lease_ms, size_bytes))
                self.ok("delete", self.queue)

    def test_json_errors_are_one_document_and_one_line_for_people(self):
        for code, reason, args in (
            (EMPTY, "EMPTY", ["get", self.queue, "--timeout", "0", "--create"]),
            (USAGE, "USAGE", ["get", self.queue, "--timeout", "soon"]),
            (USAGE, "INVALID_ARGUMENT", ["create", "no/such/name"]),
            (UNREACHABLE, "UNAVAILABLE", ["list", "--address", "unix:/nowhere", "--connect-timeout", "100ms"]),
        ):
            with self.subTest(reason=reason):
                done = self.server.run(*args, "--json")
                self.assertEqual(done.returncode, code)
                error = json.loads(done.stdout)["error"]
                self.assertEqual(error["reason"], reason)
                self.assertIn(error["message"], done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_global_options_stand_before_and_after_the_command(self):
        self.create()
        for args in (["--json", "stats", self.queue], ["stats", "--json", self.queue], ["stats", self.queue, "--json"]):
            self.assertEqual(json.loads(self.ok(*args))["queue"], self.queue)


class Address(CliTest):
    def test_a_server_that_answers(self):
        self.assertEqual(self.ok("ping"), f"{self.server.address} serving\n")
        self.assertEqual(self.server.json("ping")["status"], "serving")
        self.assertEqual(self.ok("status").splitlines()[0], f"{self.server.address} serving")

    def test_a_server_that_does_not(self):
        for args in (["ping"], ["status"], ["get", "q"], ["list"]):
            with self.subTest(args=args):
                text = self.fails(UNREACHABLE, *args, "--address", "127.0.0.1:1", "--connect-timeout", "100ms")
                self.assertIn("127.0.0.1:1", text)

    def test_metrics_of_a_server_that_does_not_answer(self):
        done = self.server.run("status", "--metrics", "--address", "127.0.0.1:1", "--connect-timeout", "100ms")
        self.assertEqual(done.returncode, UNREACHABLE)
        self.assertEqual(done.stdout.splitlines()[2:], ['sluice_up{server="127.0.0.1:1"} 0'])
        self.fails(USAGE, "status", "--metrics", "--json")

    def test_the_option_wins_over_the_environment(self):
        env = {"SLUICE_ADDRESS": "unix:/nowhere"}
        self.ok("ping", "--address", self.server.address, env=env)
        self.fails(UNREACHABLE, "ping", "--connect-timeout", "100ms", env=env)

    def test_tcp(self):
        with Server(listen="127.0.0.1:0") as server:
            self.ok("put", "q", "a", "--create", "--address", server.address)
            self.assertEqual(self.ok("get", "q", "--ack", "--address", server.address), "a\n")

    def test_a_full_server_says_so_and_is_alive(self):
        with Server(args=["--max-sessions", "1", "--max-queues", "1"]) as server:
            server.run("create", "only")
            self.assertEqual(server.run("create", "another").returncode, LIMIT_REACHED)
            with server.start("get", "only", "--ack") as getter:
                wait_until(lambda: f"sluice-cli-{getter.pid}" in server.process.stderr, "the getter's session")
                self.assertEqual(server.run("list").returncode, LIMIT_REACHED)
                self.assertEqual(server.run("ping").stdout, f"{server.address} full\n")


class Terminal(CliTest):
    def terminal(self, *args, env=None, stdin=subprocess.DEVNULL):
        return TerminalProcess(program("sluice"), *args, env=self.server.environment(env), stdin=stdin)

    def shown(self, *args, env=None):
        """What a command that ends shows."""
        with self.terminal(*args, env=env) as process:
            wait_until(lambda: (process.text, process.ended)[1], f"{args} to end")
            self.assertEqual(process.process.wait(), OK, process.text)
            return process.text

    def test_titles_are_bold_on_a_terminal_unless_no_color_is_set(self):
        self.create()
        self.assertIn("\x1b[1mQUEUE", self.shown("list"))
        self.assertNotIn("\x1b", self.shown("list", env={"NO_COLOR": "1"}))
        self.assertNotIn("\x1b", self.ok("list"))

    def test_an_item_cannot_command_the_terminal(self):
        self.create()
        self.ok("put", self.queue, "\x1b[2J\a")
        self.assertIn("\\x1b[2J\\x07", self.shown("get", self.queue))
        self.assertNotIn("\x1b[2J", self.shown("peek", self.queue))

    def test_a_lease_on_a_terminal_says_what_to_do_with_it(self):
        self.create()
        self.ok("put", self.queue, "a")
        self.assertIn(f"sluice done {self.queue} FENCE", self.shown("get", self.queue))

    def test_a_long_transfer_shows_a_bar_on_a_terminal_and_wipes_it(self):
        self.create()
        with self.terminal("put", self.queue, "-", stdin=subprocess.PIPE) as putter:

            def bar():
                putter.stdin.write(b"line\n")
                putter.stdin.flush()
                return re.search(r"put \S+  [\d,]+ items  [\d,]+/s", putter.text)

            wait_until(bar, "the bar")
            putter.stdin.close()
            wait_until(lambda: (putter.text, putter.ended)[1], "the end")
            self.assertRegex(putter.text, r"\r\x1b\[Kadded [\d,]+ items\r\n\Z")

    def test_a_share_of_a_known_whole_has_a_time_left(self):
        text = self.shown("bench", "--duration", "1s", "--producers", "1", "--consumers", "1")
        self.assertRegex(text, r"bench  \[=*> *\] \d+%  [\d,]+ items  [\d,]+/s  ETA ")

    def test_there_is_no_bar_where_nobody_looks(self):
        self.ok("bench", "--duration", "500ms")  # says nothing on standard error


class Completion(CliTest):
    def complete(self, *words):
        """What bash offers for the last of `words`, in the order of the offer."""
        script = (
            f"source {COMPLETION}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); "
            f"COMP_CWORD={len(words) - 1}; _sluice; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
        folder = str(pathlib.Path(program("sluice")).parent)
        env = self.server.environment({"PATH": f"{folder}:{os.environ['PATH']}"})
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, env=env, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_the_program_prints_the_script_and_bash_takes_it(self):
        text = self.ok("completion")
        self.assertEqual(text, COMPLETION.read_text())
        done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_commands_are_those_of_the_help(self):
        self.assertEqual(self.complete("sluice", ""), [name for name, _ in commands(self.ok("--help"))])
        self.assertEqual(self.complete("sluice", "re"), ["release", "resume", "reopen"])

    def test_names_of_queues(self):
        for name in ("jobs", "jobs-dead", "mail", "other/jobs"):
            self.ok("create", name)
        self.assertEqual(self.complete("sluice", "get", "jo"), ["jobs", "jobs-dead"])
        self.assertEqual(self.complete("sluice", "join", "jobs", "m"), ["mail"])
        self.assertEqual(self.complete("sluice", "stats", "other/"), ["other/jobs"])
        self.assertEqual(self.complete("sluice", "put", "jobs", "m"), [])
        self.assertEqual(self.complete("sluice", "--address", self.server.address, "get", "ma"), ["mail"])

    def test_options_and_their_words(self):
        self.assertEqual(self.complete("sluice", "join", "--on"), ["--only-put-before"])
        self.assertEqual(self.complete("sluice", "create", "jobs", "--order", "l"), ["lifo"])

    def test_without_a_server_it_offers_nothing_and_says_nothing(self):
        self.assertEqual(self.complete("sluice", "--address", "unix:/nowhere", "get", ""), [])


if __name__ == "__main__":
    unittest.main()
