# SPDX-License-Identifier: Apache-2.0
#
# A server of processes and thread pools: its replies are right also while it is loaded and reloaded, and it
# ends well on SIGQUIT.
# packages: nginx-light curl
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

port=$(free_port)
mkdir files logs
seq 100000 > files/numbers
cat > nginx.conf << CONFIGURATION
worker_processes 2;
user root;
daemon off;
pid nginx.pid;
error_log logs/error.log;
thread_pool pool threads=4;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  aio threads=pool;
  server { listen 127.0.0.1:$port; root files; }
}
CONFIGURATION
nginx -p "$PWD" -c nginx.conf -e logs/error.log &
server=$!
address=http://127.0.0.1:$port/numbers
check answers eventually curl -sf -o /dev/null "$address"
wanted=$(sha256sum < files/numbers)
right() { is "$wanted" "$(curl -sf "$address" | sha256sum)"; }
load() {
  local i
  for ((i = 0; i < 25; ++i)); do right || return 1; done
}
loads=()
for client in {1..4}; do
  load &
  loads+=($!)
done
check reload nginx -p "$PWD" -c nginx.conf -e logs/error.log -s reload
for client in "${!loads[@]}"; do check "load $client" wait "${loads[client]}"; done
kill -QUIT "$server"
wait "$server"
check end is 0 $?
