"""Code that was written for queue.Queue runs unchanged: logging's handler and listener, a pool of threads."""

import logging
import logging.handlers
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import sluice
from server_case import ServerCase


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


class Logging(ServerCase):
    def test_records_go_from_handler_to_listener(self):
        # A record is an object of a class: the one codec that takes it is asked for.
        queue = self.new_queue(codec=sluice.UnsafePickleCodec())
        logger = logging.Logger("far away")
        logger.addHandler(logging.handlers.QueueHandler(queue))
        kept = Kept()
        listener = logging.handlers.QueueListener(queue, kept)
        listener.start()
        for number in range(20):
            logger.warning("number %d", number)
        self.in_thread(queue.join).result()
        self.in_thread(listener.stop).result()
        self.assertEqual([record.getMessage() for record in kept.records], [f"number {n}" for n in range(20)])

    def test_threads_of_a_pool_drain_a_queue(self):
        queue = self.new_queue(maxsize=4)
        total, lock = [], threading.Lock()

        def work():
            while (item := queue.get()) is not None:
                with lock:
                    total.append(item)
                queue.task_done()
            queue.task_done()

        with ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(work) for _ in range(4)]
            for number in range(100):
                queue.put(number)
            for _ in workers:
                queue.put(None)
            queue.join()
            for worker in workers:
                worker.result(30)
        self.assertEqual(sorted(total), list(range(100)))


if __name__ == "__main__":
    unittest.main()
