// SPDX-License-Identifier: Apache-2.0
//
// Atomics.wait in two workers, the second with a bound.
const { Worker } = require('worker_threads');

for (const bound of ['', ', 3600000']) {
    new Worker(`Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0${bound});`, { eval: true });
}
console.log('started');
