# SPDX-License-Identifier: Apache-2.0
#
# A server with I/O threads under load: its replies are right, it saves, and ends well on SIGTERM.
# packages: redis-tools
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

port=$(free_port)
# The server's program comes under this name, too, and is what it is called.
ln -s "$(command -v redis-check-rdb)" redis-server
./redis-server --port "$port" --io-threads 2 --io-threads-do-reads yes --dir "$PWD" --daemonize no --save "" \
  > server.log 2>&1 &
server=$!
client=(redis-cli -p "$port")
answers() { [[ $("${client[@]}" ping 2> /dev/null) == PONG ]]; }
check answers eventually answers
check benchmark redis-benchmark -p "$port" -q -n 500 -c 20 --csv -t set,get,incr,lpush,rpop,sadd,zadd,mset
seq 1 2000 | sed 's/.*/set key:& value:&/' | "${client[@]}" > /dev/null
check replies is "$(seq 1 2000 | sed 's/.*/value:&/' | sha256sum)" \
  "$(seq 1 2000 | sed 's/.*/get key:&/' | "${client[@]}" | sha256sum)"
check script is 5050 "$("${client[@]}" eval 'local n = 0 for i = 1, 100 do n = n + i end return n' 0)"
check save is OK "$("${client[@]}" save)"
saved() { [[ $("${client[@]}" info persistence) == *rdb_bgsave_in_progress:0*rdb_last_bgsave_status:ok* ]]; }
"${client[@]}" bgsave > /dev/null
check 'save of a child' eventually saved
blocked() { [[ $("${client[@]}" info clients) == *blocked_clients:1* ]]; }
"${client[@]}" blpop waited 20 > popped &
popper=$!
check 'a client waits' eventually blocked
"${client[@]}" rpush waited now > /dev/null
wait "$popper"
check 'and gets it' is "waited now" "$(paste -sd' ' popped)"
check end ends_on_term "$server" 0
