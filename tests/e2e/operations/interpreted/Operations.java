// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of Java's library, each in a thread that is named for it.
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

public class Operations {
    interface Operation {
        void enter() throws InterruptedException;
    }

    static final int HOUR = 3600 * 1000;
    static final Object MONITOR = new Object();
    static final ReentrantLock LOCK = new ReentrantLock();

    static Thread start(String name, Operation operation) {
        Thread thread = new Thread(() -> {
            try {
                operation.enter();
            } catch (InterruptedException end) {
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    static void await(Object monitor, long time) throws InterruptedException {
        synchronized (monitor) {
            monitor.wait(time);
        }
    }

    public static void main(String[] arguments) throws Exception {
        LOCK.lock();
        synchronized (MONITOR) {
            start("wait", () -> await(new Object(), 0));
            start("wait_timed", () -> await(new Object(), HOUR));
            Thread parked = start("park", () -> LockSupport.park());
            start("reentrant", () -> LOCK.lock());
            start("queue", () -> new LinkedBlockingQueue<Integer>().take());
            start("sleep", () -> Thread.sleep(HOUR));
            start("join", () -> parked.join());
            System.out.println("started");
            Thread.sleep(HOUR);
        }
    }
}
