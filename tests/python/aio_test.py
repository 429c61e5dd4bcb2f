"""What sluice.aio promises beyond asyncio's own tests."""

import asyncio
import collections
import gc
import pickle
import unittest

from server_case import DEADLINE_S, ServerCase

import sluice
import sluice.aio

THOUSANDS = 2_000
LARGE = "x" * (1 << 20)


class AioCase(ServerCase, unittest.IsolatedAsyncioTestCase):
    def new_queue(self, maxsize=0, kind=sluice.aio.Queue, **options):
        return super().new_queue(maxsize, kind, **options)

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # thousands of tasks, each with a traceback

    async def until(self, queue, **expected):
        """Waits until the statistics of a queue are so."""
        for stat, value in expected.items():
            await asyncio.to_thread(self.await_stat, queue, stat, value)

    async def soon(self, awaitable):
        """Its result; TimeoutError when there is none."""
        return await asyncio.wait_for(awaitable, DEADLINE_S)


class Window(AioCase):
    """Puts that wait because the client has too many unanswered."""

    async def test_one_that_does_not_use_its_turn_passes_it_on(self):
        outcomes = sluice.aio.loops.outcomes()
        full = False
        begun = {"first": asyncio.Event(), "third": asyncio.Event()}

        def put(name):
            def begin(_completions, _token):
                if full:
                    raise sluice.LimitReached("full")
                if name not in begun:
                    raise sluice.TooLarge("never")
                begun[name].set()

            return asyncio.create_task(outcomes.of_put(begin))

        first = put("first")
        await self.soon(begun["first"].wait())
        full = True
        second, third = put("too large"), put("third")
        await asyncio.sleep(0)  # both wait now
        full = False
        first.cancel()
        with self.assertRaises(sluice.TooLarge):
            await self.soon(second)
        await self.soon(begun["third"].wait())
        third.cancel()


class Waiting(AioCase):
    async def test_thousands_of_coroutines_wait_on_one_connection(self):
        queue = self.new_queue()
        getters = [asyncio.create_task(queue.get()) for _ in range(THOUSANDS)]
        await self.until(queue, waiting_getters=THOUSANDS)
        await self.soon(asyncio.gather(*(queue.put(i) for i in range(THOUSANDS))))
        got = await self.soon(asyncio.gather(*getters))
        self.assertEqual(sorted(got), list(range(THOUSANDS)))

    async def test_thousands_of_putters_wait_for_room_and_come_in_their_order(self):
        queue = self.new_queue(maxsize=1)
        putters = [asyncio.create_task(queue.put(i)) for i in range(THOUSANDS)]
        got = []
        while len(got) < THOUSANDS:
            got += await self.soon(queue.get_many(100))
        await self.soon(asyncio.gather(*putters))
        self.assertEqual(got, list(range(THOUSANDS)))

    async def test_puts_beyond_what_a_client_may_have_unanswered_wait_too(self):
        queue = self.new_queue(maxsize=1)
        putters = [asyncio.create_task(queue.put(LARGE)) for _ in range(20)]  # 8 MiB are allowed
        await self.until(queue, ready=1)
        putters.pop().cancel()
        for _ in putters:
            self.assertEqual(await self.soon(queue.get()), LARGE)
        await self.soon(asyncio.gather(*putters))
        self.assertTrue(queue.empty())

    async def test_a_loop_goes_on_while_its_coroutines_wait(self):
        queue = self.new_queue()
        getter = asyncio.create_task(queue.get())
        await self.until(queue, waiting_getters=1)
        self.assertFalse(getter.done())
        await queue.put("a")
        self.assertEqual(await self.soon(getter), "a")

    async def test_a_timeout_is_empty_or_full(self):
        queue = self.new_queue(maxsize=1)
        with self.assertRaises(asyncio.QueueEmpty):
            await queue.get(timeout=0)
        await queue.put(1)
        with self.assertRaises(asyncio.QueueFull):
            await queue.put(2, timeout=0.01)

    async def test_several_loops_share_a_queue(self):
        queue = self.new_queue()

        async def work():
            for i in range(100):
                await queue.put(i)
                async with queue.task():
                    pass

        loops = [self.in_thread(asyncio.run, work()) for _ in range(3)]
        await self.soon(work())
        for loop in loops:
            await asyncio.to_thread(loop.result)
        self.assertEqual(queue.stats()["done"], 400)

    def test_a_loop_that_is_gone_keeps_nothing(self):
        queue = self.new_queue()

        async def leave():
            asyncio.get_running_loop().create_task(queue.get())
            await self.until(queue, waiting_getters=1)

        asyncio.run(leave())
        queue.put_nowait("a")
        self.assertEqual(asyncio.run(queue.get()), "a")


class Cancelling(AioCase):
    async def test_a_cancelled_get_has_ended_when_its_exception_is_here(self):
        queue = self.new_queue()
        getters = [asyncio.create_task(queue.get()) for _ in range(10)]
        await self.until(queue, waiting_getters=10)
        for getter in getters:
            getter.cancel()
        await self.soon(asyncio.wait(getters))
        self.assertTrue(all(getter.cancelled() for getter in getters))
        self.assertEqual(queue.stats()["waiting_getters"], 0)

    async def test_cancelling_gets_at_any_time_loses_no_item(self):
        queue = self.new_queue()
        items, got = 500, collections.Counter()

        async def consume():
            item = await queue.get()
            got[item] += 1
            queue.task_done(item)

        async def produce():
            for i in range(items):
                await queue.put(i)

        producer = asyncio.create_task(produce())
        while sum(got.values()) < items:
            getters = [asyncio.create_task(consume()) for _ in range(8)]
            await self.soon(asyncio.wait(getters[:4], timeout=0.005))
            for getter in getters:
                getter.cancel()
            await self.soon(asyncio.wait(getters))
        await producer
        await self.soon(queue.join())
        self.assertEqual(got, collections.Counter(range(items)))

    async def test_a_get_cancelled_with_its_item_at_hand_gives_it_back(self):
        queue = self.new_queue()
        await queue.put("a")
        getter = asyncio.create_task(queue.get())
        while queue.stats()["leased"] == 0:
            await asyncio.sleep(0)  # begins it; the loop is not woken by the outcome in between
        getter.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await getter
        self.assertEqual(await self.soon(queue.get()), "a")

    async def test_a_get_that_is_over_anyway_is_cancelled_all_the_same(self):
        queue = self.new_queue()
        await queue.put("a")
        await queue.get()
        getters = [asyncio.create_task(queue.get(timeout=0)) for _ in range(100)]
        await asyncio.sleep(0)  # they have begun, and no answer can be here
        for getter in getters:
            getter.cancel()
        ends = await self.soon(asyncio.gather(*getters, return_exceptions=True))
        self.assertEqual({type(end) for end in ends}, {asyncio.CancelledError})

    async def test_wait_for_gives_up_and_the_next_gets_the_item(self):
        queue = self.new_queue()
        with self.assertRaises(TimeoutError):
            await asyncio.wait_for(queue.get(), 0.01)
        await queue.put("a")
        self.assertEqual(await self.soon(queue.get()), "a")

    async def test_a_cancelled_put_adds_nothing_while_there_is_no_room(self):
        queue = self.new_queue(maxsize=1)
        await queue.put(1)
        putter = asyncio.create_task(queue.put(2))
        await self.until(queue, waiting_putters=1)
        putter.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await putter
        self.assertEqual((await queue.get(), queue.qsize()), (1, 0))

    async def test_a_put_with_a_request_id_can_be_made_again_after_it_was_cancelled(self):
        queue = self.new_queue()
        putter = asyncio.create_task(queue.put(1, request_id="one"))
        await asyncio.sleep(0)
        putter.cancel()
        await asyncio.wait([putter])
        await queue.put(1, request_id="one")
        self.assertEqual(queue.qsize(), 1)

    async def test_a_cancelled_join_leaves_the_queue_as_it_is(self):
        queue = self.new_queue()
        await queue.put(1)
        joiner = asyncio.create_task(queue.join())
        await self.until(queue, waiting_joiners=1)
        joiner.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await joiner
        self.assertEqual(queue.stats()["waiting_joiners"], 0)


class Tasks(AioCase):
    async def test_an_item_is_done_at_the_end_of_its_block(self):
        queue = self.new_queue()
        await queue.put("a", headers={"from": "here"})
        task = queue.task()
        async with task as item:
            self.assertEqual((item, task.headers, task.attempt), ("a", {"from": "here"}, 1))
        self.assertEqual(queue.stats()["done"], 1)

    async def test_an_item_whose_block_raises_is_tried_again_and_tells_why(self):
        queue = self.new_queue(max_attempts=2)
        await queue.put("a")
        with self.assertRaises(KeyError):
            async with queue.task():
                raise KeyError("of the block")
        await self.until(queue, ready=1)
        (failed,) = queue._native().peek()
        self.assertIn("KeyError: 'of the block'", failed["last_error"])
        task = queue.task()
        async with task as item:
            self.assertEqual((item, task.attempt), ("a", 2))

    async def test_a_cancelled_block_gives_its_item_back_uncounted(self):
        queue = self.new_queue()
        await queue.put("a")
        inside = asyncio.Event()

        async def work():
            async with queue.task():
                inside.set()
                await asyncio.Event().wait()

        worker = asyncio.create_task(work())
        await self.soon(inside.wait())
        worker.cancel()
        await asyncio.wait([worker])
        task = queue.task()
        async with task:
            self.assertEqual(task.attempt, 1)

    async def test_task_done_means_the_oldest_of_this_task(self):
        queue = self.new_queue()
        for item in ("a", "b"):
            await queue.put(item)
        self.assertEqual(await queue.get(), "a")

        async def other():
            self.assertEqual(await queue.get(), "b")
            queue.task_done()
            with self.assertRaisesRegex(ValueError, "this task took no item"):
                queue.task_done()

        await self.soon(asyncio.create_task(other()))
        await self.until(queue, leased=1)
        queue.task_done("a")
        await self.soon(queue.join())

    async def test_an_item_belongs_to_who_asked_for_it_whoever_waited(self):
        queue = self.new_queue()
        for item in ("a", "b"):
            await queue.put(item)
        await asyncio.wait_for(queue.get(), DEADLINE_S)
        await self.soon(asyncio.create_task(queue.get()))
        queue.task_done()
        queue.task_done()
        await self.soon(queue.join())

    async def test_many_at_once(self):
        queue = self.new_queue()
        await queue.put_many(range(100))
        self.assertEqual(await queue.get_many(200), list(range(100)))
        queue.done_many(range(50))
        queue.done_many()
        await self.soon(queue.join())
        with self.assertRaises(ValueError):
            queue.done_many([1])

    async def test_an_item_that_cannot_be_decoded_has_failed_and_holds_up_nobody(self):
        queue = self.new_queue(max_attempts=1)
        queue._native().put(b"{", "application/json")
        await queue.put("b")
        with self.assertRaises(sluice.DecodeError):
            await queue.get()
        self.assertEqual(await self.soon(queue.get()), "b")
        queue.task_done()
        await self.soon(queue.join())
        self.assertEqual(queue.stats()["dead"], 1)

    async def test_a_priority_queue_takes_the_number_an_item_begins_with(self):
        queue = self.new_queue(kind=sluice.aio.PriorityQueue)
        for item in ((2, "b"), (1, "a"), (3, "c")):
            await queue.put(item)
        self.assertEqual([(await queue.get())[1] for _ in range(3)], ["a", "b", "c"])
        with self.assertRaises(TypeError):
            await queue.put("no number")


class Ending(AioCase):
    async def test_shutdown_follows_asyncio(self):
        queue = self.new_queue(maxsize=1)
        await queue.put(1)
        putter = asyncio.create_task(queue.put(2))
        await self.until(queue, waiting_putters=1)
        queue.shutdown()
        with self.assertRaises(sluice.aio.QueueShutDown):
            await self.soon(putter)
        with self.assertRaises(sluice.aio.QueueShutDown):
            queue.put_nowait(3)
        self.assertEqual(await queue.get(), 1)
        with self.assertRaises(sluice.aio.QueueShutDown):
            await queue.get()
        with self.assertRaises(sluice.aio.QueueShutDown):
            queue.get_nowait()
        queue.task_done()
        await self.soon(queue.join())

    async def test_an_immediate_shutdown_ends_gets_and_joins(self):
        queue = self.new_queue()
        getter = asyncio.create_task(queue.get())
        await self.until(queue, waiting_getters=1)
        queue.shutdown(immediate=True)
        with self.assertRaises(sluice.aio.QueueShutDown):
            await self.soon(getter)
        await self.soon(queue.join())

    async def test_a_closed_client_ends_all_waiting(self):
        client = sluice.Client(self.server.address)
        queue = sluice.aio.Queue(client, self.new_name())
        waiting = [asyncio.create_task(queue.get()) for _ in range(100)]
        await self.until(queue, waiting_getters=100)
        client.close()
        ends = await self.soon(asyncio.gather(*waiting, return_exceptions=True))
        self.assertEqual({type(end) for end in ends}, {sluice.Cancelled})
        with self.assertRaises(sluice.Cancelled):
            await queue.put(1)

    async def test_a_queue_that_nobody_holds_gives_its_items_back(self):
        queue = self.new_queue()
        same = sluice.aio.Queue(self.client, queue.name)
        await queue.put("a")
        await queue.get()
        del queue
        gc.collect()
        self.assertEqual(await self.soon(same.get()), "a")

    async def test_a_queue_travels_as_its_name_and_settings(self):
        queue = self.new_queue(maxsize=7, kind=sluice.aio.LifoQueue)
        copy = pickle.loads(pickle.dumps(queue))
        self.assertIs(type(copy), sluice.aio.LifoQueue)
        await copy.put("a")
        self.assertEqual((copy.name, queue.maxsize, await queue.get()), (queue.name, 7, "a"))


class Joining(AioCase):
    async def test_a_queue_that_does_not_exist_is_finished(self):
        await self.soon(self.new_queue().join())


if __name__ == "__main__":
    unittest.main()
