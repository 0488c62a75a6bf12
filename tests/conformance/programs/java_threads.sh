# SPDX-License-Identifier: Apache-2.0
#
# The Java compiler, and a program of threads with each of three garbage collectors.
# packages: default-jdk-headless
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

cat > Threads.java << 'JAVA'
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.concurrent.locks.*;

public class Threads {
    static int guarded;

    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(16);
        ReentrantLock lock = new ReentrantLock();
        LongAdder sum = new LongAdder();
        CountDownLatch latch = new CountDownLatch(2000);
        BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(8);
        Thread producer = new Thread(() -> {
            try {
                for (int i = 0; i < 20000; ++i) queue.put(i);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        producer.start();
        for (int task = 0; task < 2000; ++task) {
            pool.submit(() -> {
                byte[][] garbage = new byte[64][];
                for (int i = 0; i < garbage.length; ++i) garbage[i] = new byte[4096];
                for (int i = 0; i < 10; ++i) sum.add(queue.take());
                lock.lock();
                try {
                    ++guarded;
                } finally {
                    lock.unlock();
                }
                latch.countDown();
                return garbage;
            });
        }
        latch.await();
        producer.join();
        pool.shutdown();
        if (!pool.awaitTermination(60, TimeUnit.SECONDS)) throw new IllegalStateException("pool");
        Thread sleeper = new Thread(() -> LockSupport.park());
        sleeper.setDaemon(true);
        sleeper.start();
        int children = new ProcessBuilder("sh", "-c", "exit 3").start().waitFor();
        try {
            Object nothing = null;
            nothing.hashCode();
        } catch (NullPointerException expected) {
            System.out.println(sum.sum() + " " + guarded + " " + children);
        }
    }
}
JAVA
check javac javac Threads.java
for collector in Serial Parallel G1; do
  check "$collector" is '199990000 2000 3' "$(java -Xmx128m "-XX:+Use${collector}GC" Threads)"
done
java -XX:+UseSerialGC -cp . Threads > /dev/null &
machine=$!
wait "$machine"
check end is 0 $?
