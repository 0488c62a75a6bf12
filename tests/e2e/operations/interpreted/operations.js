// SPDX-License-Identifier: Apache-2.0
//
// Atomics.wait in two workers, the second with a bound, and two requests in libuv's pool. Two more of the
// pool have nothing to do.
const fs = require('fs');
const { Worker } = require('worker_threads');

for (const bound of ['', ', 3600000']) {
    new Worker(`Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0${bound});`, { eval: true });
}
const fifo = process.argv[2];
fs.open(fifo, 'r', () => {});
fs.read(fs.openSync(fifo + '.both', 'r+'), Buffer.alloc(1), 0, 1, null, () => {});
console.log('started');
