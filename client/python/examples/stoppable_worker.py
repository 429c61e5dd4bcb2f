"""A pipeline: download, resize, upload; each stage ends when the one before it has.

The queues between the stages are bounded: a slow stage holds up the ones before it, and memory
does not fill. It is written for `queue`, and runs with it: only the constructors differ.
"""

from threading import Thread

from sluice import Queue, ShutDown

ITEMS = 1000


class StoppableWorker(Thread):
    def __init__(self, func, in_queue, out_queue):
        super().__init__()
        self.func = func
        self.in_queue = in_queue
        self.out_queue = out_queue

    def run(self):
        while True:
            try:
                item = self.in_queue.get()
            except ShutDown:
                return
            result = self.func(item)
            self.out_queue.put(result)
            self.in_queue.task_done()


def download(item):
    return item


def resize(item):
    return item


def upload(item):
    return item


def main():
    download_queue = Queue(None, "download")
    resize_queue = Queue(None, "resize", 100)
    upload_queue = Queue(None, "upload", 100)
    done_queue = Queue(None, "done")
    queues = [download_queue, resize_queue, upload_queue, done_queue]
    threads = [
        StoppableWorker(download, download_queue, resize_queue),
        StoppableWorker(resize, resize_queue, upload_queue),
        StoppableWorker(upload, upload_queue, done_queue),
    ]
    for thread in threads:
        thread.start()

    for number in range(ITEMS):
        download_queue.put({"picture": number})
    for queue in queues[:-1]:
        queue.shutdown()
        queue.join()
    done_queue.shutdown()

    counter = 0
    while True:
        try:
            done_queue.get()
        except ShutDown:
            break
        done_queue.task_done()
        counter += 1
    done_queue.join()
    for thread in threads:
        thread.join()
    for queue in queues:
        queue.client.delete(queue.name)
    print(counter, "items finished")


if __name__ == "__main__":
    main()
