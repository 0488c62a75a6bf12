# SPDX-License-Identifier: Apache-2.0
"""The installed command works from any prefix, also after the whole tree has been moved.

  install_test.py CMAKE BUILD_FOLDER
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def main(cmake, build):
    with tempfile.TemporaryDirectory() as folder:
        installed, moved = pathlib.Path(folder) / "installed", pathlib.Path(folder) / "moved"
        run(cmake, "--install", build, "--prefix", str(installed))
        for path in ("bin/loiter", "lib/loiter/libloiter.so", "share/man/man1/loiter.1", "share/man/man1/loiter-gate.1",
                     "share/bash-completion/completions/loiter", "share/zsh/site-functions/_loiter",
                     "share/fish/vendor_completions.d/loiter.fish"):
            assert (installed / path).is_file(), f"{path} was not installed"
        shutil.move(installed, moved)

        listed = run(str(moved / "bin/loiter"), "help").stdout.split("Commands:")[1].split("\n\n")[0]
        expected = {f"loiter-{line.split()[0]}.1" for line in listed.splitlines() if line.strip()} | {"loiter.1"}
        pages = {path.name for path in (moved / "share/man/man1").iterdir()}
        assert pages == expected, f"manual pages: {pages ^ expected}"

        gate = run(str(moved / "bin/loiter"), "gate", "--", "true")
        assert gate.returncode == 0, f"gate of a clean program: {gate.returncode}\n{gate.stdout}{gate.stderr}"
        json = run(str(moved / "bin/loiter"), "run", "--format", "json", "--", "true")
        assert '"observed":true' in json.stderr.replace(" ", ""), f"not observed: {json.stderr}"


if __name__ == "__main__":
    main(*sys.argv[1:])
