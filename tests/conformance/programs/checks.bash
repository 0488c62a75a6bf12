# SPDX-License-Identifier: Apache-2.0
#
# What the scripts beside it share: a folder of their own that goes with them, checks, and free ports.
set -uo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

check() { # NAME, COMMAND...: has passed when the command ends with 0
  local name=$1
  shift
  if "$@"; then echo "ok $name"; else echo "not ok $name"; fi
}

is() { # WANTED, WHAT IT IS
  [[ $1 == "$2" ]] || { echo "wanted: $1; it is: $2"; return 1; }
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

eventually() { # COMMAND...: until it succeeds, for half a minute
  local attempt
  for ((attempt = 0; attempt < 600; ++attempt)); do
    "$@" && return 0
    sleep 0.05
  done
  return 1
}

ends_on_term() { # PID, STATUS: of a child of this shell
  kill -TERM "$1"
  wait "$1"
  is "$2" $?
}
