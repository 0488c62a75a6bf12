# SPDX-License-Identifier: Apache-2.0
"""MariaDB's own tests of connections, locks, kills, events and shutdown, by its mariadb-test-run."""
import os
import re

from comparison import Result
from observation import run

VERSION_OF = "mariadb-test"

FOLDER = "/usr/share/mysql/mysql-test"  # where it has to be started
CONNECTIONS = ("main.connect2", "main.kill", "main.lock_multi")
LONG = ("main.bigint", "main.connect", "main.create_or_replace", "main.deadlock_innodb", "main.events_1",
        "main.events_restart", "main.events_scheduling", "main.flush", "main.flush_read_lock_kill", "main.func_time",
        "main.insert_select", "main.join", "main.kill_query-6728", "main.lock", "main.lock_kill",
        "main.lock_multi_bug38499", "main.pool_of_threads", "main.ps", "main.query_cache", "main.select", "main.sp",
        "main.sp-threads", "main.subselect", "main.trigger", "main.view", "main.wait_timeout", "innodb.innodb-lock",
        "innodb.innodb_bug21704", "innodb.lock_delete_updated", "innodb.monitor",
        "perfschema.threads_mysql", "rpl.rpl_row_until", "rpl.rpl_stop_slave")
SECONDS = 1500
LINE = re.compile(r"^(\w+\.[\w-]+)(?: '[\w,-]+')*\s+(?:w\d+ )?\[ (pass|fail|skipped|disabled) \]", re.MULTILINE)
RESULTS = {"pass": Result.PASSED, "fail": Result.FAILED}


def packages(short):
    return () if short else ("mariadb-test",)


def units(short):
    return () if short else ("connections", "long")  # its packages alone take longer than a short selection may


def run_unit(unit, mode, folder, only):
    tests = [test.split(" ")[0] for test in only or (CONNECTIONS if unit == "connections" else LONG)]
    command = ["sh", "-c", f"cd {FOLDER} && exec perl ./mariadb-test-run.pl \"$@\"", "mtr", f"--vardir={os.path.join(folder, 'var')}", "--force", "--max-test-fail=0", "--retry=0",
               "--nowarnings", "--suite-timeout=20", "--testcase-timeout=5", *dict.fromkeys(tests)]
    ended = run(mode, command, folder, SECONDS)
    results = {}
    for test, verdict in LINE.findall(ended.output):
        result = RESULTS.get(verdict, Result.SKIPPED)
        # In several settings: it has passed when it has in all of them.
        if results.get(test, Result.PASSED) is Result.PASSED:
            results[test] = result
    return results
