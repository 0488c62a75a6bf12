# SPDX-License-Identifier: Apache-2.0
"""Whole programs under the checking build of the library: each stack that it gives for a lock or wait is compared
with libunwind's, and each recalled one with its own walk. Fails where one differs."""
import os
import subprocess
import sys

import works

LIBRARY, FOLDER, POOL = sys.argv[1:4]
COUNTS = f"{FOLDER}/counts"

PYTHON = """
import queue, threading
waiting, done = queue.Queue(8), queue.Queue()
def work():
    while (item := waiting.get()) is not None: done.put(sum(range(item)))
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for item in range(20000): waiting.put(item % 50)
for _ in threads: waiting.put(None)
for thread in threads: thread.join()
"""

JAVA = """
import java.util.concurrent.*;
public class Work {
    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        Object monitor = new Object();
        long[] sum = new long[1];
        for (int i = 0; i < 200000; ++i) {
            final int item = i;
            pool.submit(() -> { synchronized (monitor) { sum[0] += new byte[item % 4096].length; } });
        }
        pool.shutdown();
        pool.awaitTermination(10, TimeUnit.MINUTES);
    }
}
"""


def more_works():
    with open(f"{FOLDER}/Work.java", "w") as file:
        file.write(JAVA)
    return works.those_here([
        ("C++ thread pool with futures", POOL, lambda observed: works.run([POOL], observed)),
        ("CPython, four threads and a queue", "python3",
         lambda observed: works.run(["/usr/bin/python3", "-c", PYTHON], observed)),
        ("JVM, pool of four threads", "java",
         lambda observed: works.run(["java", "-Xmx64m", f"{FOLDER}/Work.java"], observed)),
    ])


def counts_of(work):
    """The sum over all processes of one piece of work."""
    if os.path.exists(COUNTS):
        os.unlink(COUNTS)
    work(True)
    sums = {}
    with open(COUNTS) as file:
        for line in file:
            words = line.split()
            for word, number in zip(words[::2], words[1::2]):
                sums[word] = sums.get(word, 0) + int(number)
    return sums


def main():
    works.set_up(LIBRARY, FOLDER, {"LOITER_CHECK_FILE": COUNTS})
    wrong = 0
    print("| program | recalled | other than its walk | compared with libunwind | other | libunwind was lost |")
    print("|---|---|---|---|---|---|")
    for name, work in works.works() + more_works():
        sums = counts_of(work)
        wrong += sums["different"] + sums["unlike"]
        print(f"| {name} | {sums['recalled']:,} | {sums['different']:,} | {sums['compared']:,} | {sums['unlike']:,} | "
              f"{sums['not-comparable']:,} |", flush=True)
    sys.exit(1 if wrong else 0)


main()
