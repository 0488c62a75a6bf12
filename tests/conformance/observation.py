# SPDX-License-Identifier: Apache-2.0
"""Runs a command plain or observed. Everything else is the same: folder, arguments, bound of time."""
import dataclasses
import os
import signal
import subprocess
import time

SHORT_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Mode:
    """`library` is None where commands run plain; `short`: suites choose what takes seconds."""

    name: str
    library: str | None
    reports: str
    short: bool = False

    def bound(self, seconds):
        """Of a command; what hangs is repeated, and yet the short selection has to end."""
        return min(seconds, SHORT_SECONDS) if self.short else seconds

    def environment(self):
        """Reports go to files: what a program leaves on standard error is its own to compare, and yet
        each end that leaves threads behind goes all the way, through the process that makes the report."""
        kept = {name: value for name, value in os.environ.items()
                if name != "LD_PRELOAD" and not name.startswith("LOITER_")}
        if self.library is None:
            return kept
        escaped = os.path.join(self.reports, "report").replace(":", "\\:")
        return kept | {"LD_PRELOAD": self.library, "LOITER_OPTIONS": f"log_path={escaped}"}

    def is_in_force(self):
        """A preload that cannot be loaded is ignored: then nothing would have been compared."""
        maps = subprocess.run(["cat", "/proc/self/maps"], env=self.environment(), capture_output=True, text=True,
                              check=True).stdout
        return ("libloiter.so" in maps) == (self.library is not None)


@dataclasses.dataclass(frozen=True)
class Ended:
    """`status` is None where the command was ended for taking too long."""

    status: int | None
    output: str


def run(mode, command, folder, seconds, environment=None):
    """Runs `command` in `folder`, for at most `seconds`; its output is kept there for who looks for a cause."""
    os.makedirs(folder, exist_ok=True)
    output = os.path.join(folder, f"output.{time.monotonic_ns()}.txt")
    with open(output, "w+b") as file:
        process = subprocess.Popen(command, cwd=folder, env=mode.environment() | (environment or {}),
                                   stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            status = process.wait(timeout=mode.bound(seconds))
        except subprocess.TimeoutExpired:
            status = None
        end_group(process)
        file.seek(0)
        return Ended(status, file.read().decode(errors="replace"))


def end_group(process):
    """Also what the command has left running."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
