// SPDX-License-Identifier: Apache-2.0
//
// Waits for ever, two calls down; node is told to compile every function (--always-sparkplug).
const cell = new Int32Array(new SharedArrayBuffer(4));

function waitForEver() {
  require('fs').writeSync(1, 'ready\n');
  Atomics.wait(cell, 0, 0);
}

function callIt() {
  waitForEver();
}

callIt();
