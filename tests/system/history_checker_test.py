"""The checker of histories finds each kind of broken promise, and calls a history good that breaks none."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from history_checker import check, report  # noqa: E402

QUEUES = ["queue a/jobs fsync 0", "queue a/risky async 2", "queue a/notes memory 0"]


def final(jobs=(0, 0), risky=(0, 0, 0), notes=(0, 0)):
    """(put, done[, dead]) of each queue, at the end of a history."""
    texts = []
    for name, (put, done, *dead) in {"jobs": jobs, "risky": risky, "notes": notes}.items():
        texts.append(f"final a/{name} {put} {done} {dead[0] if dead else 0} 0 0 0")
    return texts


def once(queue="a/jobs", item=7, fence=1, operation=1):
    """An item that is put, got and finished."""
    return [
        f"put {operation} {queue} {item}",
        f"put_ok {operation} {item}",
        f"got {queue} {item} {item} {fence} 1",
        f"settle {operation + 1} {queue} done {fence}",
        f"settled {operation + 1} {fence}:ok",
    ]


class Histories(unittest.TestCase):
    def violations(self, *lines):
        return check(f"{time} {line}" for time, line in enumerate([*QUEUES, *lines]))

    def good(self, *lines):
        violations = self.violations(*lines)
        self.assertEqual([], violations, report(violations))

    def bad(self, kind, *lines):
        violations = self.violations(*lines)
        self.assertIn(kind, [violation.kind for violation in violations], report(violations))
        return violations


class Items(Histories):
    def test_an_item_put_and_finished_once_is_right(self):
        self.good(*once(), *final(jobs=(1, 1)))

    def test_an_acknowledged_item_that_never_came_is_lost(self):
        violations = self.bad("lost", "put 1 a/jobs 7", "put_ok 1 1", *final(jobs=(1, 1)))
        self.assertIn("put 1 a/jobs 7", report(violations))  # its lines are shown

    def test_an_item_that_was_there_though_not_acknowledged_is_lost_when_it_does_not_come_back(self):
        self.bad("lost", "put 1 a/jobs 7", "put_unknown 1 UNAVAILABLE", "got a/jobs 7 1 1 1",
                 "settle 2 a/jobs release 1", "settled 2 1:ok", *final(jobs=(1, 0)))  # fmt: skip

    def test_an_item_given_back_for_ever_is_lost_though_an_earlier_done_is_unknown(self):
        self.bad("lost", "put 1 a/jobs 7", "put_ok 1 1", "got a/jobs 7 1 1 1", "settle 2 a/jobs done 1",
                 "settled 2 1:unknown", "got a/jobs 7 1 2 2", "settle 3 a/jobs fail 2", "settled 3 2:ok",
                 *final(jobs=(1, 1)))  # fmt: skip

    def test_a_put_whose_answer_is_unknown_may_be_there_or_not(self):
        self.good("put 1 a/jobs 7 8", "put_unknown 1 UNAVAILABLE", *final())
        self.good("put 1 a/jobs 7", "put_unknown 1 UNAVAILABLE", *once()[2:], *final(jobs=(1, 1)))

    def test_an_item_that_nobody_put_is_unexpected(self):
        self.bad("unexpected", *once()[2:], *final(jobs=(1, 1)))

    def test_a_damaged_payload_is_unexpected(self):
        self.bad("unexpected", *once(), "got a/jobs damaged 7 2 1", *final(jobs=(1, 1)))

    def test_an_item_of_another_queue_is_unexpected(self):
        self.bad("unexpected", "put 1 a/risky 7", "put_ok 1 1", *once()[2:], *final(jobs=(1, 1)))

    def test_an_item_that_was_refused_is_unexpected(self):
        self.bad("unexpected", "put 1 a/jobs 7", "put_refused 1 FULL", *once()[2:], *final(jobs=(1, 1)))

    def test_a_put_that_added_its_item_twice_is_seen_by_the_ids(self):
        lines = [*once(), "got a/jobs 7 8 2 1", "settle 4 a/jobs done 2", "settled 4 2:ok"]
        self.bad("put twice", *lines, *final(jobs=(2, 2)))

    def test_an_id_of_two_items_is_seen(self):
        other = [line.replace(" 7 7 ", " 8 7 ").replace("jobs 7", "jobs 8") for line in once(fence=2, operation=3)]
        self.bad("put twice", *once(), *other, *final(jobs=(2, 2)))


class Leases(Histories):
    def test_an_item_delivered_after_an_acknowledged_done_is_seen(self):
        lines = [*once(), "got a/jobs 7 7 2 2", "settle 4 a/jobs done 2"]
        self.bad("delivered after done", *lines, "settled 4 2:lost", *final(jobs=(1, 1)))
        self.bad("delivered after done", *lines, "settled 4 2:ok", *final(jobs=(1, 1)))  # done twice

    def test_an_item_comes_again_when_its_done_was_not_acknowledged(self):
        self.good("put 1 a/jobs 7", "put_ok 1 7", "got a/jobs 7 7 1 1", "settle 2 a/jobs done 1", "settled 2 1:unknown",
                  "got a/jobs 7 7 2 2", "settle 3 a/jobs done 2", "settled 3 2:ok", *final(jobs=(1, 1)))  # fmt: skip

    def test_the_order_of_deliveries_is_that_of_their_fences(self):
        # The first holder gave it back; it was slow to write so.
        self.good("put 1 a/jobs 7", "put_ok 1 7", "got a/jobs 7 7 2 1", "settle 2 a/jobs done 2", "got a/jobs 7 7 1 1",
                  "settled 2 2:ok", "settle 3 a/jobs release 1", "settled 3 1:ok", *final(jobs=(1, 1)))  # fmt: skip

    def test_a_lease_lost_though_its_holder_lives_is_seen(self):
        again = ["got a/jobs 7 7 2 2", "settle 3 a/jobs done 2", "settled 3 2:ok"]
        self.bad("lease lost", *once()[:4], "settled 2 1:lost", *again, *final(jobs=(1, 1)))

    def test_a_fence_of_two_deliveries_is_seen(self):
        self.bad("fence", *once(), *once("a/risky", 8, fence=1, operation=3), *final(jobs=(1, 1), risky=(1, 1, 0)))

    def test_attempts_rise_after_an_acknowledged_fail(self):
        failed = ["put 1 a/jobs 7", "put_ok 1 7", "got a/jobs 7 7 1 1", "settle 2 a/jobs fail 1", "settled 2 1:ok"]
        done = ["settle 3 a/jobs done 2", "settled 3 2:ok", *final(jobs=(1, 1))]
        self.good(*failed, "got a/jobs 7 7 2 2", *done)
        self.bad("attempts", *failed, "got a/jobs 7 7 2 1", *done)

    def test_an_item_that_failed_for_the_last_time_is_dead_and_not_lost(self):
        dead = ["put 1 a/risky 7", "put_ok 1 7", "got a/risky 7 7 1 2", "settle 2 a/risky fail 1", "settled 2 1:ok"]
        self.good(*dead, *final(risky=(1, 0, 1)))
        self.bad("counts", *dead, *final(risky=(1, 1, 0)))
        self.bad("lost", *[line.replace("risky", "jobs") for line in dead], *final(jobs=(1, 1)))


class Counts(Histories):
    def test_statistics_that_count_more_or_fewer_items_than_were_put_are_seen(self):
        self.bad("counts", *once(), *final(jobs=(2, 2)))
        self.bad("counts", *once(), *final(jobs=(1, 0)))
        self.bad("counts", *once(), *final())

    def test_something_unfinished_at_the_end_is_seen(self):
        self.bad("not drained", *once(), *final(jobs=(1, 1))[1:], "final a/jobs 1 1 0 0 0 1")
        self.bad("not drained", *once(), *final(jobs=(1, 1))[1:])

    def test_a_join_counts_what_ended_before_it_and_may_count_what_ends_meanwhile(self):
        more = once(item=8, fence=2, operation=3)
        for count in range(4):
            lines = [*once(), *more[:3], "join 9 a/jobs", *more[3:], f"join_ok 9 {count}:0:0:0", *final(jobs=(2, 2))]
            if count in (1, 2):
                self.good(*lines)
            else:
                self.bad("counts", *lines)

    def test_a_join_that_ends_before_an_item_put_before_it_is_seen(self):
        self.bad("join", *once()[:3], "join 9 a/jobs", "join_ok 9 0:0:0:0", *once()[3:], *final(jobs=(1, 1)))
        put, *rest = once()
        self.good(put, "join 9 a/jobs", *rest[:2], "join_ok 9 0:0:0:0", *rest[2:], *final(jobs=(1, 1)))

    def test_a_call_that_never_ended_is_seen(self):
        self.bad("unanswered", *once(), "put 9 a/jobs 8", *final(jobs=(1, 1)))
        self.bad("unanswered", *once(), "join 9 a/jobs", *final(jobs=(1, 1)))
        self.bad("unanswered", *once()[:4], *final(jobs=(1, 1)))

    def test_a_put_with_too_few_ids_is_seen(self):
        self.bad("counts", "put 1 a/jobs 7 8", "put_ok 1 7", *once()[2:], *final(jobs=(1, 1)))

    def test_lines_that_do_not_fit_are_seen(self):
        self.bad("unexpected", *once(), "settled 9 1:ok", *final(jobs=(1, 1)))
        self.bad("unexpected", *once(), "gibberish", *final(jobs=(1, 1)))


class Kills(Histories):
    kill = ["kill SIGKILL", "killed"]

    def test_a_durable_item_outlives_the_server(self):
        self.good(*once()[:2], *self.kill, *once()[2:], *final(jobs=(1, 1)))
        self.bad("lost", *once()[:2], *self.kill, *final(jobs=(1, 1)))

    def test_a_memory_item_may_be_gone_with_the_server_only_when_it_was_put_before(self):
        put = once("a/notes")[:2]
        self.good(*put, *self.kill, *final())
        self.good("kill SIGKILL", *put, "killed", *final())  # it lived still when it was about to be killed
        self.good(put[0], *self.kill, put[1], *final())
        self.bad("lost", *self.kill, *put, *final())

    def test_a_memory_queue_without_a_kill_keeps_everything(self):
        self.good(*once("a/notes"), *final(notes=(1, 1)))
        self.bad("lost", *once("a/notes")[:2], *final(notes=(1, 0)))
        self.bad("counts", *once("a/notes"), *final(notes=(2, 2)))

    def test_a_memory_item_is_not_delivered_after_its_done(self):
        again = ["got a/notes 7 7 2 1", "settle 9 a/notes done 2", "settled 9 2:ok"]
        self.bad("delivered after done", *once("a/notes"), *self.kill, *again, *final())

    def test_a_memory_put_that_a_kill_fell_into_may_be_begun_again(self):
        first = once("a/notes")
        again = ["put_ok 1 1", "got a/notes 7 1 2 1", "settle 9 a/notes done 2", "settled 9 2:ok"]
        self.good(first[0], *first[2:], *self.kill, *again, *final(notes=(1, 1)))
        self.bad("delivered after done", first[0], *first[2:], *again, *final(notes=(1, 1)))

    def test_a_lease_is_lost_with_the_server_only_when_nothing_younger_was_acknowledged_before(self):
        before = once()[:3]
        after = ["settle 2 a/jobs done 1", "settled 2 1:lost", "got a/jobs 7 7 2 1", "settle 3 a/jobs done 2",
                 "settled 3 2:ok"]  # fmt: skip
        younger = ["put 8 a/risky 8", "put_ok 8 8"]
        rest = ["got a/risky 8 8 3 1", "settle 9 a/risky done 3", "settled 9 3:ok", *final((1, 1), (1, 1, 0))]
        self.good(*before, *self.kill, *after, *final(jobs=(1, 1)))
        self.good(*before, younger[0], *self.kill, younger[1], *after, *rest)
        self.bad("lease lost", *before, *younger, *self.kill, *after, *rest)
        self.bad("lease lost", *before, *after, *self.kill, *final(jobs=(1, 1)))

    def test_a_lease_that_lay_in_its_client_is_as_old_as_its_neighbours(self):
        put, got = once()[:2], once()[2:3]
        younger = once("a/risky", 8, fence=2, operation=8)
        after = ["settle 2 a/jobs done 1", "settled 2 1:lost", "got a/jobs 7 7 3 1", "settle 3 a/jobs done 3",
                 "settled 3 3:ok", *final((1, 1), (1, 1, 0))]  # fmt: skip
        self.good(*put, *younger[:3], *self.kill, *younger[3:], *got, *after)
        self.bad("lease lost", *put, *younger, *self.kill, *got, *after)
        self.bad("lease lost", *self.kill, *put, *younger, *got, *after)

    def test_a_memory_lease_is_lost_with_the_server(self):
        self.good(*once("a/notes")[:3], *self.kill, "settle 2 a/notes done 1", "settled 2 1:lost", *final())


if __name__ == "__main__":
    unittest.main()
