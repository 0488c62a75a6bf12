// SPDX-License-Identifier: Apache-2.0
//
// Four workers, each of which ends; what is left then are the runtime's own threads.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

function work(divisor) {
  let sum = 0;
  for (let number = 0; number < 1000000; number++) sum += number % divisor;
  return sum;
}

function ask(divisor) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: divisor });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

if (isMainThread) {
  Promise.all([1, 2, 3, 4].map(ask)).then((sums) => {
    console.log('hello from the workers: ' + sums.join(' '));
    process.exitCode = 5;
  });
} else {
  parentPort.postMessage(work(workerData));
}
