# SPDX-License-Identifier: Apache-2.0
#
# Workers that add up together, wait for one another and are ended from outside.
# packages: nodejs
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

cat > workers.js << 'JAVASCRIPT'
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');
if (isMainThread) {
  const shared = new SharedArrayBuffer(8);
  const cells = new Int32Array(shared);
  const workers = [];
  for (let i = 0; i < 8; ++i) workers.push(new Worker(__filename, { workerData: shared }));
  let ended = 0;
  const stuck = new Worker("require('worker_threads').parentPort.postMessage(0); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", { eval: true });
  stuck.on('message', () => stuck.terminate().then((code) => {
    if (code !== 1) throw new Error(`terminated: ${code}`);
    for (const worker of workers) worker.postMessage('go');
  }));
  for (const worker of workers) {
    worker.on('exit', (code) => {
      if (code !== 0) throw new Error(`worker: ${code}`);
      if (++ended === workers.length) console.log(Atomics.load(cells, 0));
    });
  }
} else {
  const cells = new Int32Array(workerData);
  parentPort.once('message', () => {
    for (let i = 0; i < 100000; ++i) Atomics.add(cells, 0, 1);
    Atomics.add(cells, 1, 1);
    Atomics.notify(cells, 1);
    for (let n; (n = Atomics.load(cells, 1)) < 8;) Atomics.wait(cells, 1, n, 50);
  });
}
JAVASCRIPT
check workers is 800000 "$(node workers.js)"
check files is 200 "$(node -e '
const fs = require("fs/promises");
Promise.all([...Array(200).keys()].map(async (i) => {
  await fs.writeFile(`f${i}`, "x".repeat(i));
  return (await fs.readFile(`f${i}`)).length === i ? 1 : 0;
})).then((all) => console.log(all.reduce((a, b) => a + b)));')"
check children is '[0,7,"SIGTERM"]' "$(node -e '
const { spawn } = require("child_process");
const run = (...command) => new Promise((done) => spawn(...command).on("exit", (code, signal) => done(signal ?? code)));
const slow = new Promise((done) => {
  const child = spawn("cat");
  child.on("spawn", () => child.kill());
  child.on("exit", (code, signal) => done(signal ?? code));
});
Promise.all([run("true"), run("sh", ["-c", "exit 7"]), slow]).then((all) => console.log(JSON.stringify(all)));')"
