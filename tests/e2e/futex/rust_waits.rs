// SPDX-License-Identifier: Apache-2.0
//
// Waits of Rust's standard library: `rust_waits CASE leaky|fixed`.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Barrier, Condvar, Mutex, RwLock};
use std::thread;

static MUTEX: Mutex<i32> = Mutex::new(0);
static RWLOCK: RwLock<i32> = RwLock::new(0);
static READY: Mutex<bool> = Mutex::new(false);
static CONDVAR: Condvar = Condvar::new();
static UNPARKED: AtomicBool = AtomicBool::new(false);

/// Until `count` other threads sleep in futex calls, as the kernel says.
fn await_blocked(count: usize) {
    let own = std::fs::read_link("/proc/thread-self").unwrap();
    for _ in 0..60_000 {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap());
        let is_blocked = |task: &std::fs::DirEntry| {
            let call = std::fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
            !own.ends_with(task.file_name()) && call.starts_with("202 ")
        };
        if tasks.filter(is_blocked).count() == count {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(1));
    }
    std::process::exit(3);
}

fn finish(waiter: thread::JoinHandle<()>, is_leaky: bool, release: impl FnOnce()) {
    finish_all(1, waiter, is_leaky, release);
}

fn finish_all(count: usize, waiter: thread::JoinHandle<()>, is_leaky: bool, release: impl FnOnce()) {
    await_blocked(count);
    if is_leaky {
        std::process::exit(0);
    }
    release();
    waiter.join().unwrap();
}

fn lock_mutex() {
    drop(MUTEX.lock().unwrap()); // SITE(mutex) lock_mutex
}

fn lock_to_read() {
    drop(RWLOCK.read().unwrap()); // SITE(read) lock_to_read
}

fn lock_to_write() {
    drop(RWLOCK.write().unwrap()); // SITE(write) lock_to_write
}

fn wait_for_condition() {
    let mut ready = READY.lock().unwrap();
    while !*ready {
        ready = CONDVAR.wait(ready).unwrap(); // SITE(condition) wait_for_condition
    }
}

fn receive(channel: mpsc::Receiver<i32>) {
    channel.recv().unwrap(); // SITE(receive) receive
}

fn wait_at_barrier(barrier: &'static Barrier) {
    barrier.wait(); // SITE(barrier) wait_at_barrier
}

fn park() {
    while !UNPARKED.load(Ordering::Acquire) {
        thread::park(); // SITE(park) park
    }
}

fn join_scope() {
    thread::scope(|scope| drop(scope.spawn(wait_for_condition))); // SITE(scope) join_scope
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let is_leaky = arguments[2] == "leaky";
    match arguments[1].as_str() {
        "mutex" => {
            let held = MUTEX.lock().unwrap();
            finish(thread::spawn(lock_mutex), is_leaky, || drop(held)); // SITE(created-mutex) main
        }
        "read" => {
            let held = RWLOCK.write().unwrap();
            finish(thread::spawn(lock_to_read), is_leaky, || drop(held)); // SITE(created-read) main
        }
        "write" => {
            let held = RWLOCK.read().unwrap();
            finish(thread::spawn(lock_to_write), is_leaky, || drop(held)); // SITE(created-write) main
        }
        "readers-and-writer" => {
            let held = RWLOCK.write().unwrap();
            thread::spawn(lock_to_write);
            await_blocked(1);
            finish_all(2, thread::spawn(lock_to_read), is_leaky, || drop(held));
        }
        "condition" => {
            let waiter = thread::spawn(wait_for_condition); // SITE(created-condition) main
            finish(waiter, is_leaky, || {
                *READY.lock().unwrap() = true;
                CONDVAR.notify_one();
            });
        }
        "scope" => {
            let waiter = thread::spawn(join_scope); // SITE(created-scope) main
            finish_all(2, waiter, is_leaky, || {
                *READY.lock().unwrap() = true;
                CONDVAR.notify_one();
            });
        }
        "receive" => {
            let (sender, receiver) = mpsc::channel();
            let waiter = thread::spawn(move || receive(receiver)); // SITE(created-receive) main
            finish(waiter, is_leaky, || sender.send(1).unwrap());
        }
        "barrier" => {
            let barrier: &'static Barrier = Box::leak(Box::new(Barrier::new(2)));
            let waiter = thread::spawn(move || wait_at_barrier(barrier)); // SITE(created-barrier) main
            finish(waiter, is_leaky, || {
                barrier.wait();
            });
        }
        "park" => {
            let waiter = thread::spawn(park); // SITE(created-park) main
            let parked = waiter.thread().clone();
            finish(waiter, is_leaky, || {
                UNPARKED.store(true, Ordering::Release);
                parked.unpark();
            });
        }
        _ => std::process::exit(2),
    }
}
