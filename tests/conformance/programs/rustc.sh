# SPDX-License-Identifier: Apache-2.0
#
# The Rust compiler makes sixteen units at a time; what it makes runs.
# packages: rustc
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

{
  for module in {1..32}; do
    echo "pub mod m$module { pub fn f(n: u64) -> u64 { (0..n).map(|i| i * $module).filter(|i| i % 3 != 0).sum() } }"
  done
  echo 'fn main() { let mut n = 0u64; let mut threads = vec![];'
  for module in {1..32}; do echo "threads.push(std::thread::spawn(|| m$module::f(1000)));"; done
  echo 'for thread in threads { n += thread.join().unwrap(); } println!("{n}"); }'
} > units.rs
wanted=$(python3 -c 'print(sum(i * m for m in range(1, 33) for i in range(1000) if i * m % 3))')
check compile rustc --edition 2021 -C codegen-units=16 -C opt-level=2 -o units units.rs
check run is "$wanted" "$(./units)"
check 'compile in parallel' rustc --edition 2021 -C codegen-units=16 -g -o debuggable units.rs
check 'run it' is "$wanted" "$(./debuggable)"
