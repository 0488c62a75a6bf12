# SPDX-License-Identifier: Apache-2.0
#
# A server with many threads under load: its replies are right, and it ends well on SIGTERM.
# packages: memcached
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

port=$(free_port)
memcached -u root -l 127.0.0.1 -p "$port" -t 8 -m 64 > server.log 2>&1 &
server=$!
answers() { (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; }
check answers eventually answers
check replies python3 - "$port" << 'PYTHON'
import concurrent.futures
import socket
import sys


def client(number):
    stream = socket.create_connection(("127.0.0.1", int(sys.argv[1]))).makefile("rwb")
    for i in range(500):
        value = b"%d:%d" % (number, i) * (i % 50 + 1)
        stream.write(b"set k%d 0 0 %d\r\n%s\r\n" % (number, len(value), value))
        stream.flush()
        assert stream.readline() == b"STORED\r\n"
        stream.write(b"get k%d\r\n" % number)
        stream.flush()
        assert stream.readline() == b"VALUE k%d 0 %d\r\n" % (number, len(value))
        assert stream.readline() == value + b"\r\n"
        assert stream.readline() == b"END\r\n"
    return number


with concurrent.futures.ThreadPoolExecutor(16) as pool:
    assert list(pool.map(client, range(16))) == list(range(16))
PYTHON
check end ends_on_term "$server" 0
