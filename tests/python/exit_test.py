"""The end of a process that uses the package: no hang, no crash, no item kept."""

import unittest

import script
from server_case import ServerCase


class Exit(ServerCase):
    def run_to_end(self, queue, body):
        with script.start(self.server, queue.name, body) as process:
            status = process.wait()
            self.assertEqual((status, process.stderr), (0, ""), str(process))
            return process.stdout

    def test_daemon_threads_that_wait_do_not_keep_the_process(self):
        body = """
for _ in range(8):
    threading.Thread(target=jobs.get, daemon=True).start()
while jobs.stats()["waiting_getters"] < 8:
    time.sleep(0.01)
"""
        for _ in range(5):
            queue = self.new_queue()
            self.run_to_end(queue, body)
            self.await_stat(queue, "waiting_getters", 0)

    def test_daemon_threads_that_work_do_not_keep_the_process(self):
        body = """
def work():
    while True:
        jobs.put(b"x")
        jobs.get()
        jobs.task_done()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
while jobs.stats()["done"] < 100:
    time.sleep(0.001)
"""
        for _ in range(5):
            self.run_to_end(self.new_queue(), body)

    def test_items_in_hand_go_back(self):
        queue = self.new_queue()
        queue.put("item")
        self.run_to_end(queue, "jobs.get()")
        with queue.task(timeout=10) as item:
            self.assertEqual(item, "item")

    def test_a_client_in_a_reference_cycle_is_closed_at_the_end(self):
        queue = self.new_queue()
        queue.put("item")
        self.run_to_end(queue, "import gc; gc.disable(); jobs.get(); jobs.me = jobs; sys.me = jobs")
        self.assertEqual(queue.get(timeout=10), "item")

    def test_what_was_done_without_waiting_is_told_before_the_end(self):
        queue = self.new_queue()
        queue.put("item")
        self.run_to_end(queue, "jobs._native().get().done_nowait()")
        self.await_stat(queue, "done", 1)

    def test_an_import_alone_starts_no_thread_and_loads_no_library(self):
        body = """
assert "sluice._native" not in sys.modules
for heavy in ("asyncio", "concurrent.futures", "json", "logging", "multiprocessing", "pickle"):
    assert heavy not in sys.modules, heavy
print(len(os.listdir("/proc/self/task")))
"""
        self.assertEqual(self.run_to_end(self.new_queue(), body), "1\n")


if __name__ == "__main__":
    unittest.main()
