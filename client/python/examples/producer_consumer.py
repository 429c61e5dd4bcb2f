"""Producers and consumers: several of each, any of which may run on another machine.

The one line that differs from `queue.Queue` is the constructor. No sentinels: shutdown() tells
the consumers that nothing more comes, and join() that all is done, also by a consumer that died.
"""

import random
import threading

import sluice

NUM_PRODUCERS, NUM_CONSUMERS, ITEMS_PER_PRODUCER = 2, 3, 50


def produce(queue, producer):
    for _ in range(ITEMS_PER_PRODUCER):
        queue.put({"producer": producer, "number": random.randint(1, 100)})  # waits while full


def consume(queue, squares):
    while True:
        try:
            item = queue.get()
        except sluice.ShutDown:
            return
        squares.append(item["number"] ** 2)
        queue.task_done()


def main():
    queue = sluice.Queue(None, "numbers", maxsize=10)  # None: the server of $SLUICE_ADDRESS
    squares = []
    producers = [
        threading.Thread(target=produce, args=(queue, number)) for number in range(NUM_PRODUCERS)
    ]
    consumers = [
        threading.Thread(target=consume, args=(queue, squares)) for _ in range(NUM_CONSUMERS)
    ]
    for thread in producers + consumers:
        thread.start()
    for thread in producers:
        thread.join()
    queue.shutdown()
    queue.join()
    for thread in consumers:
        thread.join()
    queue.client.delete(queue.name)
    print(len(squares), "numbers squared")


if __name__ == "__main__":
    main()
