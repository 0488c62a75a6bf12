# SPDX-License-Identifier: Apache-2.0
#
# Threads and processes write and read back what they check themselves, by each way to do I/O.
# packages: fio
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

for engine in sync psync pvsync libaio posixaio mmap io_uring; do
  for kind in thread process; do
    option=()
    [[ $kind == thread ]] && option=(--thread)
    check "$engine, $kind" fio "${option[@]}" --name="$engine.$kind" --ioengine="$engine" --rw=randwrite --bs=4k \
      --size=2m --numjobs=4 --iodepth=8 --verify=crc32c --verify_fatal=1 --output="$engine.$kind.log"
  done
done
