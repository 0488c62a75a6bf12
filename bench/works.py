# SPDX-License-Identifier: Apache-2.0
"""Whole programs, each with one piece of work that is always the same, bare or observed."""
import os
import random
import shutil
import socket
import subprocess
import sys
import time

LIBRARY = ""    # the preload library
FOLDER = ""     # for what programs and recordings leave
VARIABLES = {}  # more of the observed programs' environment


def set_up(library, folder, variables=None):
    global LIBRARY, FOLDER, VARIABLES
    LIBRARY, FOLDER, VARIABLES = library, folder, variables or {}
    make_input(8)



def environment(observed):
    added = {"LD_PRELOAD": LIBRARY, "LOITER_DIR": FOLDER, "LOITER_OPTIONS": "report=none", **VARIABLES}
    return dict(os.environ, **(added if observed else {}))


def processor_time(process):
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def run(command, observed, **options):
    process = subprocess.Popen(command, env=environment(observed), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    used = processor_time(process)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return used


def wait_for(path):
    for _ in range(1000):
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.connect(path)
            return
        except OSError:
            time.sleep(0.01)
        finally:
            probe.close()
    raise RuntimeError(f"nobody listens at {path}")


def serve(command, path, observed, load):
    """Processor time of a server for one load."""
    process = subprocess.Popen(command, env=environment(observed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(path)
        load()
    finally:
        process.terminate()
        used = processor_time(process)
        if os.path.exists(path):
            os.unlink(path)
    return used


def redis(options=(), operations=600_000):
    path = f"{FOLDER}/redis.socket"

    def once(observed):
        load = ["redis-benchmark", "-s", path, "-n", str(operations), "-c", "20", "-P", "8", "-t", "get,set", "-q"]
        return serve(["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", FOLDER, *options],
                     path, observed, lambda: subprocess.run(load, stdout=subprocess.DEVNULL, check=True))
    return once


def memcached(batch, operations, threads=2):
    """Four connections, so many requests in a packet each: with many the server works and not the kernel."""
    path = f"{FOLDER}/memcached.socket"

    def load():
        connections = []
        for i in range(4):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            connection.sendall(f"set key{i} 0 0 8\r\nabcdefgh\r\n".encode())
            connection.recv(100)
            connections.append((connection, f"get key{i}\r\n".encode() * batch, batch * len(f"VALUE key{i} 0 8\r\nabcdefgh\r\nEND\r\n")))
        for _ in range(operations // batch // len(connections)):
            for connection, request, _ in connections:
                connection.sendall(request)
            for connection, _, expected in connections:
                while expected > 0:
                    expected -= len(connection.recv(expected))

    def once(observed):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        return serve(["memcached", "-t", str(threads), "-s", path, "-a", "0777", *user], path, observed, load)
    return once


def compressor(*command):
    def once(observed):
        with open(f"{FOLDER}/input", "rb") as file:
            return run(list(command), observed, stdin=file)
    return once


def make_input(megabytes):
    """Words that compress about as well as text does."""
    generator = random.Random(1)
    words = ["".join(generator.choices("etaoinshrdlu", k=generator.randrange(2, 9))) for _ in range(5000)]
    with open(f"{FOLDER}/input", "w") as file:
        for _ in range(megabytes):
            file.write(" ".join(generator.choices(words, k=180_000)))


def sysbench_oltp(observed):
    """Processor time of the server, for so many events."""
    data = f"{FOLDER}/mariadb"
    path = f"{FOLDER}/mariadb.socket"
    user = ["--user=root"] if os.geteuid() == 0 else []
    if not os.path.exists(data):
        subprocess.run(["mariadb-install-db", f"--datadir={data}", "--auth-root-authentication-method=normal", *user],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = ["sysbench", "oltp_read_only", "--db-driver=mysql", f"--mysql-socket={path}", "--mysql-user=root",
              "--mysql-db=test", "--tables=1", "--table-size=2000", "--threads=2", "--events=1500", "--time=0"]

    def load():
        subprocess.run(["mariadb", f"--socket={path}", "-uroot", "-e", "create database if not exists test"], check=True)
        subprocess.run([*client, "cleanup"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([*client, "prepare"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*client, "run"], check=True, stdout=subprocess.DEVNULL)
    return serve(["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={path}", "--skip-networking",
                  "--skip-log-bin", *user], path, observed, load)


def works():
    rows = [
        ("redis GET and SET", "redis-server", redis()),
        ("redis, 2 io-threads", "redis-server", redis(("--io-threads", "2", "--io-threads-do-reads", "yes"))),
        ("memcached -t 2, get", "memcached", memcached(1, 80_000)),
        ("memcached -t 2, 16 gets a packet", "memcached", memcached(16, 400_000)),
        ("xz -T2", "xz", compressor("xz", "-T2", "-2", "--block-size=1MiB", "-c")),
        ("zstd -T2", "zstd", compressor("zstd", "-T2", "-8", "-q", "-c")),
        ("pbzip2 -p2", "pbzip2", compressor("pbzip2", "-p2", "-c")),
        ("sysbench threads", "sysbench",
         lambda observed: run(["sysbench", "threads", "--threads=2", "--events=4000", "--time=0", "run"], observed)),
        ("sysbench mutex, 64 mutexes", "sysbench",
         lambda observed: run(["sysbench", "mutex", "--threads=2", "--mutex-num=64", "--mutex-locks=500000",
                               "--mutex-loops=0", "--time=0", "run"], observed)),
        ("sysbench mutex, as it comes", "sysbench",
         lambda observed: run(["sysbench", "mutex", "--threads=2", "--mutex-locks=50000", "--mutex-loops=1000", "--time=0", "run"],
                              observed)),
        ("MariaDB, sysbench oltp_read_only", "mariadbd", sysbench_oltp),
    ]
    return those_here(rows)


def those_here(rows):
    """Name and work of those rows (name, program, work) whose program is there."""
    return [(name, work) for name, program, work in rows
            if shutil.which(program) or print(f"no {program} here: {name} left out", file=sys.stderr)]
