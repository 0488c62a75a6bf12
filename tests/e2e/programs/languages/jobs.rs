// SPDX-License-Identifier: Apache-2.0
//
// Scoped threads work out the jobs, a thread of its own receives them: `leaky` keeps the sender, so that
// the receiver waits for ever, `clean` drops it.
use std::sync::mpsc;
use std::thread;

fn consume(jobs: mpsc::Receiver<u64>) -> u64 {
    jobs.iter().sum()
}

/// Another thread is in an untimed futex wait.
fn someone_is_blocked() -> bool {
    std::fs::read_dir("/proc/self/task").unwrap().any(|task| {
        let call = std::fs::read_to_string(task.unwrap().path().join("syscall")).unwrap_or_default();
        let words: Vec<&str> = call.split(' ').collect();
        words[0] == "202" && words.get(4) == Some(&"0x0")
    })
}

fn main() {
    let leaky = std::env::args().nth(1).as_deref() == Some("leaky");
    let mut parts = [0u64; 4];
    thread::scope(|scope| {
        for (index, part) in parts.iter_mut().enumerate() {
            scope.spawn(move || *part = (0..100_000u64).filter(|n| n % 4 == index as u64).sum());
        }
    });
    let (sender, jobs) = mpsc::channel();
    let consumer = thread::Builder::new().name("consumer".into()).spawn(move || consume(jobs)).unwrap();
    for part in parts {
        sender.send(part).unwrap();
    }
    if leaky {
        while !someone_is_blocked() {
            thread::yield_now();
        }
        println!("left behind");
        std::process::exit(5);
    }
    drop(sender);
    println!("{}", consumer.join().unwrap());
    std::process::exit(5);
}
