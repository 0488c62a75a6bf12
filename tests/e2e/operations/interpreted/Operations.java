// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of Java's library, each in a thread that is named for it.
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.Selector;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

public class Operations {
    interface Operation {
        void enter() throws Exception;
    }

    static final int HOUR = 3600 * 1000;
    static final Object MONITOR = new Object();
    static final ReentrantLock LOCK = new ReentrantLock();
    static final ReentrantReadWriteLock BOTH = new ReentrantReadWriteLock();

    static Thread start(String name, Operation operation) {
        Thread thread = new Thread(() -> {
            try {
                operation.enter();
            } catch (Exception end) {
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    static void enter(Object monitor) {
        synchronized (monitor) {
            System.out.println("never");
        }
    }

    static void await(Object monitor, long time) throws InterruptedException {
        synchronized (monitor) {
            monitor.wait(time);
        }
    }

    static void awaitCondition() throws InterruptedException {
        ReentrantLock lock = new ReentrantLock();
        Condition condition = lock.newCondition();
        lock.lock();
        condition.await();
    }

    public static void main(String[] arguments) throws Exception {
        ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
        Socket accepted = server.accept();
        LOCK.lock();
        BOTH.writeLock().lock();
        synchronized (MONITOR) {
            start("synchronized", () -> enter(MONITOR));
            start("wait", () -> await(new Object(), 0));
            start("wait_timed", () -> await(new Object(), HOUR));
            Thread parked = start("park", () -> LockSupport.park());
            start("park_timed", () -> LockSupport.parkNanos(HOUR * 1_000_000L));
            start("reentrant", () -> LOCK.lock());
            start("read_lock", () -> BOTH.readLock().lock());
            start("condition", () -> awaitCondition());
            start("latch", () -> new CountDownLatch(1).await());
            start("barrier", () -> new CyclicBarrier(2).await());
            start("permit", () -> new Semaphore(0).acquire());
            start("queue", () -> new LinkedBlockingQueue<Integer>().take());
            start("poll_timed", () -> new LinkedBlockingQueue<Integer>().poll(1, TimeUnit.HOURS));
            start("future", () -> new CompletableFuture<Integer>().get());
            start("sleep", () -> Thread.sleep(HOUR));
            start("join", () -> parked.join());
            start("accept", () -> server.accept());
            start("read", () -> accepted.getInputStream().read());
            start("select", () -> Selector.open().select());
            start("process", () -> new ProcessBuilder("cat").start().waitFor());
            System.out.println("started");
            Thread.sleep(HOUR);
        }
    }
}
