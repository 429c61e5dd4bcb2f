"""multiprocessing workers: a queue is an argument like any other, and no death loses an item.

The processes are spawned: a connection does not survive a fork. One of them is killed with an
item in its hands; another one gets it.
"""

import multiprocessing
import os
import signal

import sluice

ITEMS, WORKERS, UNLUCKY = 100, 3, 42


def work(numbers, squares):
    while True:
        task = numbers.task()
        try:
            with task as number:
                if number == UNLUCKY and task.attempt == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                squares.put([number, number**2])
        except sluice.ShutDown:
            return


def main():
    spawn = multiprocessing.get_context("spawn")
    numbers, squares = sluice.Queue(None, "numbers"), sluice.Queue(None, "squares")
    workers = [spawn.Process(target=work, args=(numbers, squares)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for number in range(ITEMS):
        numbers.put(number)
    numbers.join()
    numbers.shutdown()
    for worker in workers:
        worker.join()
    got = dict(squares.get_many(2 * ITEMS))
    squares.done_many()
    for queue in (numbers, squares):
        queue.client.delete(queue.name)
    killed = [worker for worker in workers if worker.exitcode == -signal.SIGKILL]
    print(f"{len(got)} numbers squared, {len(killed)} worker killed")


if __name__ == "__main__":
    main()
