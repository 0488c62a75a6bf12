// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of Rust's standard library: see operations.h.
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::sync::{Barrier, Condvar, Mutex, Once, OnceLock, RwLock};
use std::thread;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
static MUTEX: Mutex<i32> = Mutex::new(0);
static READ: RwLock<i32> = RwLock::new(0);
static WRITE: RwLock<i32> = RwLock::new(0);
static READY: Mutex<bool> = Mutex::new(false);
static CONDVAR: Condvar = Condvar::new();
static ONCE: Once = Once::new();
static CELL: OnceLock<i32> = OnceLock::new();

fn sit() -> i32 {
    loop {
        thread::park(); // SITE(sit) sit
    }
}

fn lock_mutex() {
    drop(MUTEX.lock()); // SITE(mutex) lock_mutex
}

fn lock_to_read() {
    drop(READ.read()); // SITE(read) lock_to_read
}

fn lock_to_write() {
    drop(WRITE.write()); // SITE(write) lock_to_write
}

fn wait_for_condition() {
    drop(CONDVAR.wait(READY.lock().unwrap())); // SITE(condvar) wait_for_condition
}

fn wait_a_while() {
    drop(CONDVAR.wait_timeout(READY.lock().unwrap(), HOUR)); // SITE(condvar_timed) wait_a_while
}

fn receive() {
    let (_sender, receiver) = mpsc::channel::<i32>();
    let _ = receiver.recv(); // SITE(receive) receive
}

fn receive_timed() {
    let (_sender, receiver) = mpsc::channel::<i32>();
    let _ = receiver.recv_timeout(HOUR); // SITE(receive_timed) receive_timed
}

fn send() {
    let (sender, _receiver) = mpsc::sync_channel::<i32>(1);
    let _ = sender.send(1);
    let _ = sender.send(2); // SITE(send) send
}

fn send_rendezvous() {
    let (sender, _receiver) = mpsc::sync_channel::<i32>(0);
    let _ = sender.send(1); // SITE(rendezvous) send_rendezvous
}

fn wait_at_barrier() {
    Barrier::new(2).wait(); // SITE(barrier) wait_at_barrier
}

fn park() {
    thread::park(); // SITE(park) park
}

fn park_timed() {
    thread::park_timeout(HOUR); // SITE(park_timed) park_timed
}

fn once() {
    let initialize = || {
        sit();
    };
    ONCE.call_once(initialize); // SITE(once_too) once
}

fn fill_cell() {
    CELL.get_or_init(sit); // SITE(cell_too) fill_cell
}

fn join_scope() {
    thread::scope(|scope| drop(scope.spawn(sit))); // SITE(scope) join_scope
}

fn join() {
    let _ = thread::spawn(sit).join(); // SITE(join) join
}

fn sleep() {
    thread::sleep(HOUR); // SITE(sleep) sleep
}

fn accept() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _ = listener.accept(); // SITE(accept) accept
}

/// Ends when this process does: nobody else can write to it.
fn reader() -> Command {
    let mut command = Command::new("cat");
    command.env_remove("LD_PRELOAD").stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn wait_for_child() {
    let mut child = reader().spawn().unwrap();
    let _kept = child.stdin.take();
    let _ = child.wait(); // SITE(wait) wait_for_child
}

fn take_output() {
    let mut first = reader().spawn().unwrap();
    let _ = reader().stdin(first.stdout.take().unwrap()).output(); // SITE(output) take_output
}

const OPERATIONS: [(&str, fn()); 22] = [
    ("mutex", lock_mutex),
    ("read", lock_to_read),
    ("write", lock_to_write),
    ("condvar", wait_for_condition),
    ("condvar_timed", wait_a_while),
    ("receive", receive),
    ("receive_timed", receive_timed),
    ("send", send),
    ("rendezvous", send_rendezvous),
    ("barrier", wait_at_barrier),
    ("park", park),
    ("park_timed", park_timed),
    ("once", once),
    ("once_too", once),
    ("cell", fill_cell),
    ("cell_too", fill_cell),
    ("scope", join_scope),
    ("join", join),
    ("sleep", sleep),
    ("accept", accept),
    ("wait", wait_for_child),
    ("output", take_output),
];

/// What every other thread does, and how often it went to sleep; none while one is awake.
fn sleeps() -> Option<Vec<String>> {
    let own = std::fs::read_link("/proc/thread-self").unwrap();
    let mut all = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        if own.ends_with(task.file_name()) {
            continue;
        }
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        if !status.contains("State:\tS") {
            return None;
        }
        let switches = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"));
        all.push(format!("{:?} {:?}", task.file_name(), switches));
    }
    Some(all)
}

/// Until all others sleep, and slept on between two looks.
fn await_sleep(threads: usize) {
    for _ in 0..60_000 {
        let first = sleeps();
        thread::sleep(Duration::from_millis(1));
        if first.is_some() && first == sleeps() && first.map_or(0, |all| all.len()) >= threads {
            return;
        }
    }
    std::process::exit(3);
}

fn main() {
    let _held = (MUTEX.lock().unwrap(), READ.write().unwrap(), WRITE.read().unwrap());
    for (index, (name, enter)) in OPERATIONS.iter().enumerate() {
        thread::Builder::new().name(name.to_string()).spawn(*enter).unwrap();
        await_sleep(index + 1);
    }
    if std::env::args().nth(1).as_deref() == Some("leave") {
        std::process::exit(0);
    }
    println!("blocked");
    loop {
        thread::sleep(HOUR);
    }
}
