#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of corpus/recording, corpus/core and corpus/module anew, from a real program under the library.

  tests/fuzz/make_seeds.py LIBRARY      LIBRARY: build/release/lib/loiter/libloiter.so

Needs c++ and gcore (Debian: gdb). Seeds are packed: a recording without the room that it reserves, a core without
most of its memory. The offsets are those of protocol/layout.h.
"""
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HEAD_BYTES = 8192
REGIONS_AT = 104  # ProcessRecord::regions
REGION = struct.Struct("<QQIIQQ")  # Region
SLOT_BYTES = 4096
PAGE = 4096


def stuck(command, environment):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin", **environment})
    assert process.stdout.readline() == b"stuck\n"
    return process


def packed_recording(data):
    """The head, then each region with what is in use of it."""
    head = bytearray(data[:HEAD_BYTES])
    body = b""
    for kind in range(3):
        at = REGIONS_AT + kind * REGION.size
        offset, room, stride, reserved, _, used = REGION.unpack_from(head, at)
        used = min(used, room)
        part = data[offset:offset + used]
        if kind == 0:
            while part.endswith(bytes(SLOT_BYTES)):
                part = part[:-SLOT_BYTES]
        REGION.pack_into(head, at, HEAD_BYTES + len(body), len(part), stride, reserved, len(part), len(part))
        body += part
    return bytes(head) + body


def recording(command, library, folder):
    process = stuck(command, {"LD_PRELOAD": library, "LOITER_DIR": folder})
    process.send_signal(signal.SIGKILL)
    process.wait()
    (path,) = pathlib.Path(folder).glob("loiter-[0-9]*")
    data = path.read_bytes()
    path.unlink()
    return packed_recording(data)


ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
NOTE = struct.Struct("<III")
KEPT_NOTES = {1: "PRSTATUS", 3: "PRPSINFO", 6: "AUXV", 0x46494C45: "FILE"}


def notes_in(data):
    at = 0
    while at + NOTE.size <= len(data):
        name_bytes, content_bytes, kind = NOTE.unpack_from(data, at)
        content = at + NOTE.size + (name_bytes + 3) // 4 * 4
        end = content + (content_bytes + 3) // 4 * 4
        yield kind, data[at:end], data[content:content + content_bytes]
        at = end


def packed_core(data, program):
    """Notes, the program's own pages, the first page of every object, and two pages of every stack."""
    header = ELF_HEADER.unpack_from(data)
    segments = [SEGMENT.unpack_from(data, header[5] + i * SEGMENT.size) for i in range(header[10])]
    notes, pointers, wanted = b"", [], set()
    for segment in segments:
        if segment[0] != 4:
            continue
        for kind, whole, content in notes_in(data[segment[2]:segment[2] + segment[5]]):
            if kind not in KEPT_NOTES:
                continue
            notes += whole
            if kind == 1:
                pointers.append(struct.unpack_from("<Q", content, 112 + 19 * 8)[0])  # rsp
            if kind == 0x46494C45:
                count = struct.unpack_from("<Q", content)[0]
                names = content[16 + count * 24:].split(b"\0")
                for i in range(count):
                    start, end, offset = struct.unpack_from("<QQQ", content, 16 + i * 24)
                    if names[i].decode() == program:
                        wanted.update(range(start, end, PAGE))
                    elif offset == 0:
                        wanted.add(start)
    for pointer in pointers:
        wanted.update({pointer & -PAGE, (pointer & -PAGE) + PAGE})
    loads, body = [], b""
    for kind, flags, offset, address, _, dumped, memory, align in segments:
        if kind != 1:
            continue
        inside = sorted(page for page in wanted if address <= page < address + dumped)
        at = address
        for page in inside:
            if page > at:
                loads.append((flags, at, page, b""))
            loads.append((flags, page, page + PAGE, data[offset + page - address:offset + page - address + PAGE]))
            at = page + PAGE
        if at < address + memory:
            loads.append((flags, at, address + memory, b""))
    count = len(loads) + 1
    offset = ELF_HEADER.size + count * SEGMENT.size
    table = SEGMENT.pack(4, 0, offset, 0, 0, len(notes), 0, 4)
    offset += len(notes)
    for flags, start, end, part in loads:
        table += SEGMENT.pack(1, flags, offset, start, 0, len(part), end - start, 1)
        body += part
        offset += len(part)
    changed = list(header)
    changed[5], changed[6], changed[10], changed[11], changed[12], changed[13] = ELF_HEADER.size, 0, count, 0, 0, 0
    return ELF_HEADER.pack(*changed) + table + notes + body


def core(program, folder):
    process = stuck([program], {})
    subprocess.run(["gcore", "-o", f"{folder}/core", str(process.pid)], check=True, capture_output=True)
    process.kill()
    process.wait()
    path = pathlib.Path(f"{folder}/core.{process.pid}")
    data = path.read_bytes()
    path.unlink()
    return packed_core(data, program)


MODULES = {
    "dwarf5": ["-g", "-gdwarf-5", "-O2"],
    "dwarf4": ["-g", "-gdwarf-4", "-O1", "-fno-inline"],
    "ranges": ["-g", "-O2", "-ffunction-sections", "-Wl,--gc-sections"],
    "compressed": ["-g", "-O1", "-gz"],
    "stripped": ["-O2", "-s"],
}


def module(options, folder):
    path = f"{folder}/module.so"
    subprocess.run(["c++", "-shared", "-fPIC", "-nostdlib", "-Wl,--hash-style=gnu", "-Wl,-z,noseparate-code", *options,
                    str(HERE / "seed_module.cpp"), "-o", path], check=True)
    return pathlib.Path(path).read_bytes()


def put(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.input").write_bytes(content)
    print(f"{target}/{name}: {len(content)} bytes")


def main():
    library = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/stuck"
        subprocess.run(["c++", "-std=c++20", "-O1", "-s", f"-I{HERE.parent.parent}", str(HERE / "seed_program.cpp"),
                        "-o", program], check=True)
        put("recording", "seed", recording([program], library, folder))
        put("recording", "seed-deep", recording([program, "deep"], library, folder))
        put("core", "seed", core(program, folder))
        for name, options in MODULES.items():
            put("module", f"seed-{name}", module(options, folder))


if __name__ == "__main__":
    main()
