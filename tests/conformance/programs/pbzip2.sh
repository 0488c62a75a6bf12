# SPDX-License-Identifier: Apache-2.0
#
# What threads have compressed together comes out as it was.
# packages: pbzip2
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

seq 2000000 > numbers
check compress pbzip2 -k -p4 -b2 numbers
check test pbzip2 -t -p4 numbers.bz2
check decompress pbzip2 -d -k -p4 -c numbers.bz2 > out
check same cmp numbers <(pbzip2 -d -k -p4 -c numbers.bz2)
check pipe cmp numbers <(pbzip2 -c -p4 < numbers | pbzip2 -d -c -p4)
