// SPDX-License-Identifier: Apache-2.0
//
// Two daemon threads are left waiting when main returns; one has the name of a helper of the virtual machine.
public class Daemons {
    static final Object monitor = new Object();

    static void await() {
        synchronized (monitor) {
            try {
                monitor.wait();
            } catch (InterruptedException ignored) {
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Thread[] daemons = {new Thread(Daemons::await, "worker"), new Thread(Daemons::await, "Finalizer")};
        for (Thread daemon : daemons) {
            daemon.setDaemon(true);
            daemon.start();
        }
        for (Thread daemon : daemons) {
            while (daemon.getState() != Thread.State.WAITING) Thread.onSpinWait();
        }
        System.out.println("ready");
    }
}
