#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Watches a server for a long time: its recording does not grow, no descriptor and no slot is lost, nobody is
accused, and the report at its end is exact. See scripts/soak."""
import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

REGION = struct.Struct("<QQIIQQ")  # Region, of protocol/layout.h: offset, bytes, stride, reserved, committed, used
THREADS_AT = 104  # ProcessRecord::regions
SAMPLES = 60
WARM_UP = 0.2  # of the time: by then every stack has been there
LEFT = {"deadlock": 2, "blocked": 1, "unjoined": 1}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", required=True, help="folder with bin/loiter and lib/loiter/libloiter.so")
    parser.add_argument("--server", required=True)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--threads", type=int, default=1_000_000)
    parser.add_argument("--locks", type=int, default=1_000_000_000)
    return parser.parse_args()


class Problems:
    def __init__(self):
        self.seen = []

    def expect(self, holds, words):
        if not holds and words not in self.seen:
            self.seen.append(words)
            print(f"NOT SO: {words}", flush=True)


class Server:
    def __init__(self, arguments, folder):
        self.command = os.path.join(arguments.prefix, "bin", "loiter")
        library = os.path.join(arguments.prefix, "lib", "loiter", "libloiter.so")
        environment = dict(os.environ, LD_PRELOAD=library, LOITER_DIR=folder,
                           LOITER_OPTIONS=f"format=json:all:log_path={folder}/report")
        words = [arguments.server, arguments.seconds, arguments.threads, arguments.locks]
        self.process = subprocess.Popen([str(word) for word in words], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.folder = pathlib.Path(folder)

    def recording(self):
        (path,) = self.folder.glob(f"loiter-{self.process.pid}-*")
        return path

    def sample(self):
        """What it has of each; None once it has gone."""
        pid = self.process.pid
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                status = dict(line.split(":", 1) for line in file)
            with open(self.recording(), "rb") as file:
                slots = REGION.unpack_from(file.read(THREADS_AT + REGION.size), THREADS_AT)[5] // 4096
            return {"recording_kb": self.recording().stat().st_blocks // 2, "slots": slots,
                    "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
                    "resident_kb": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"])}
        except (OSError, KeyError):
            return None

    def dump(self):
        """None where it ended meanwhile."""
        made = subprocess.run([self.command, "dump", "--format", "json", str(self.process.pid)], capture_output=True,
                              text=True, check=False)
        return json.loads(made.stdout) if made.returncode == 0 else None


def watch(server, seconds, problems):
    """Samples from the end of the warm-up on."""
    samples, dumps, begin = [], 0, time.monotonic()
    while True:
        try:
            server.process.wait(seconds / SAMPLES)
            return samples, dumps
        except subprocess.TimeoutExpired:
            pass
        sample, report = server.sample(), server.dump()
        elapsed = time.monotonic() - begin
        # At the end it deadlocks itself, and exits.
        if sample is None or report is None or elapsed > seconds * 0.98:
            continue
        dumps += 1
        problems.expect(not any(report["losses"].values()), f"nothing is lost: {report['losses']}")
        problems.expect(not report["findings"], f"a server at work has no finding: {report['findings']}")
        if elapsed > seconds * WARM_UP:
            samples.append(sample)


def check_samples(samples, problems):
    problems.expect(len(samples) >= SAMPLES // 3, f"it was looked at often: {len(samples)} times")
    if not samples:
        return
    first, last = samples[0], samples[-1]
    print(f"after a fifth of the time: {first}\nat its end:                {last}")
    problems.expect(max(sample["descriptors"] for sample in samples) == first["descriptors"],
                    "no descriptor is lost")
    problems.expect(last["slots"] <= first["slots"] + 2, f"no slot is lost: {first['slots']}, then {last['slots']}")
    problems.expect(last["recording_kb"] <= first["recording_kb"] + 64,
                    f"the recording does not grow: {first['recording_kb']} kB, then {last['recording_kb']} kB")


def check_end(server, made, problems):
    errors = server.process.stderr.read()
    problems.expect(server.process.returncode == 0 and errors == "",
                    f"it ends as ever: {server.process.returncode} {errors}")
    (path,) = server.folder.glob("report.*")
    report = json.loads(path.read_text(encoding="utf-8"))
    found = {finding["verdict"]: len(finding["threads"]) for finding in report["findings"]}
    problems.expect(found == LEFT and len(report["findings"]) == len(LEFT), f"the findings are {LEFT}: {found}")
    problems.expect(report["counts"]["threads"] == 1 + sum(LEFT.values()), f"the threads left: {report['counts']}")
    problems.expect(report["counts"]["created_total"] == made + 1, f"{made} threads were made: {report['counts']}")
    problems.expect(not any(report["losses"].values()), f"nothing is lost: {report['losses']}")


def main():
    arguments = parse_arguments()
    problems = Problems()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        server = Server(arguments, folder)
        samples, dumps = watch(server, arguments.seconds, problems)
        took = time.monotonic() - begin
        words = server.process.stdout.read().split()
        made, locks = (int(word) for word in words) if len(words) == 2 else (0, 0)
        check_samples(samples, problems)
        problems.expect(made >= arguments.threads and locks >= arguments.locks, f"it did its work: {words}")
        check_end(server, made, problems)
    print(f"scripts/soak: {took:.0f} s, {made} threads, {locks} locks, dumped {dumps} times: "
          + (f"{len(problems.seen)} NOT SO" if problems.seen else "all as it should be"))
    return 1 if problems.seen else 0


if __name__ == "__main__":
    sys.exit(main())
