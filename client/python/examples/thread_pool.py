"""A queue as the head of a ThreadPoolExecutor: other processes put, this one's pool works.

An item is done when its work is, not when the pool has taken it: killed in between, it comes
again. No more is taken than the pool has threads for, so the rest stays in the queue, for others.
"""

import concurrent.futures
import contextlib
import threading

import sluice

ITEMS, THREADS = 100, 5


def process_item(item):
    return len(item)


def work(queue):
    lengths = []
    free = threading.Semaphore(THREADS)

    def run(item, task):
        try:
            with task:  # done at the end; an exception: failed, and tried again
                lengths.append(process_item(item))
        finally:
            free.release()

    with concurrent.futures.ThreadPoolExecutor(max_workers=THREADS) as executor:
        while True:
            free.acquire()
            with contextlib.ExitStack() as task:
                try:
                    item = task.enter_context(queue.task(until_finished=True))
                except sluice.ShutDown:
                    break
                executor.submit(run, item, task.pop_all())
    return lengths


def main():
    queue = sluice.Queue(None, "words", maxsize=20)
    lengths = []
    worker = threading.Thread(target=lambda: lengths.extend(work(queue)))
    worker.start()
    for number in range(ITEMS):
        queue.put("x" * number)
    queue.shutdown()
    queue.join()
    worker.join()
    queue.client.delete(queue.name)
    print(len(lengths), "words,", sum(lengths), "letters")


if __name__ == "__main__":
    main()
