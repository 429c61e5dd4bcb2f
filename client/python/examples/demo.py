"""A bounded queue at work: producers and consumers of different speed, for some seconds.

    python demo.py
    python -c 'import demo; demo.run_producer_consumer_demo(queue_capacity=2, run_time=5)'
"""

import random
import threading
import time
from dataclasses import dataclass
from typing import Tuple

import sluice


@dataclass
class Producer:
    queue: "sluice.Queue[int]"
    running: threading.Event
    producer_id: int
    delay: float = 0.5
    produced: int = 0

    def __call__(self) -> None:
        while self.running.is_set():
            value = random.randint(1, 100)
            self.queue.put(value)  # waits while the queue is full
            self.produced += 1
            print(f"Producer {self.producer_id} produced {value}")
            time.sleep(self.delay)


@dataclass
class Consumer:
    queue: "sluice.Queue[int]"
    consumer_id: int
    delay: float = 1.0
    consumed: int = 0

    def __call__(self) -> None:
        while True:
            try:
                with self.queue.task() as value:
                    print(f"Consumer {self.consumer_id} consumed {value}")
                    time.sleep(self.delay)
                self.consumed += 1
            except sluice.ShutDown:
                return


def run_producer_consumer_demo(
    queue_capacity: int = 5,
    num_producers: int = 3,
    num_consumers: int = 2,
    run_time: float = 15.0,
    *,
    delay: float = 0.5,
) -> Tuple[int, int]:
    """Produces for `run_time` seconds, consumes what there is; returns how many of both.

    A producer makes an item each `delay` seconds, a consumer takes twice as long.
    """
    queue: "sluice.Queue[int]" = sluice.Queue(None, "demo", queue_capacity)
    running = threading.Event()
    running.set()
    producers = [Producer(queue, running, i, delay) for i in range(num_producers)]
    consumers = [Consumer(queue, i, 2 * delay) for i in range(num_consumers)]
    making = [threading.Thread(target=each) for each in producers]
    taking = [threading.Thread(target=each) for each in consumers]
    for thread in making + taking:
        thread.start()
    try:
        time.sleep(run_time)
    finally:
        running.clear()
        for thread in making:
            thread.join()
        queue.shutdown()
        for thread in taking:
            thread.join()
        queue.client.delete(queue.name)
    return sum(each.produced for each in producers), sum(each.consumed for each in consumers)


if __name__ == "__main__":
    print("%d produced, %d consumed" % run_producer_consumer_demo())
