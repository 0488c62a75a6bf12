// SPDX-License-Identifier: Apache-2.0
//
// A worker waits for ever, and the main thread for it.
const { Worker, isMainThread, parentPort } = require('worker_threads');

const cell = new Int32Array(new SharedArrayBuffer(4));

if (isMainThread) {
  new Worker(__filename).on('message', () => {
    require('fs').writeSync(1, 'ready\n');
    Atomics.wait(cell, 0, 0);
  });
} else {
  parentPort.postMessage('waits');
  Atomics.wait(cell, 0, 0);
}
