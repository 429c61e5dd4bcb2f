"""asyncio workers: a hundred coroutines of one process wait on one connection."""

import asyncio

import sluice.aio

ITEMS, WORKERS = 300, 100


async def fetch(url):
    await asyncio.sleep(0.001)  # a download
    return len(url)


async def work(queue, sizes):
    while True:
        try:
            async with queue.task() as url:  # done at the end; an exception: tried again
                sizes.append(await fetch(url))
        except sluice.aio.QueueShutDown:
            return


async def main():
    queue = sluice.aio.Queue(None, "urls", maxsize=50)
    sizes = []
    async with asyncio.TaskGroup() as workers:
        for _ in range(WORKERS):
            workers.create_task(work(queue, sizes))
        for number in range(ITEMS):
            await queue.put(f"https://example.org/{number}")
        queue.shutdown()
        await queue.join()
    queue.client.delete(queue.name)
    print(len(sizes), "pages fetched")


if __name__ == "__main__":
    asyncio.run(main())
