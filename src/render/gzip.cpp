// SPDX-License-Identifier: Apache-2.0
#include "render/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace render {

std::string gzipped(const std::string& bytes) {
    constexpr int kGzip = 16;  // beside the window's bits: gzip's head and tail, not zlib's
    constexpr int kMemory = 8;
    z_stream stream = {};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, kMemory, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        throw std::bad_alloc();
    std::string out;
    char buffer[16384];
    size_t taken = 0;
    int status = Z_OK;
    while (status != Z_STREAM_END) {
        const size_t piece = std::min<size_t>(bytes.size() - taken, std::numeric_limits<uInt>::max());
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + taken));
        stream.avail_in = static_cast<uInt>(piece);
        stream.next_out = reinterpret_cast<Bytef*>(buffer);
        stream.avail_out = sizeof(buffer);
        status = deflate(&stream, taken + piece == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
        taken += piece - stream.avail_in;
        out.append(buffer, sizeof(buffer) - stream.avail_out);
    }
    deflateEnd(&stream);
    return out;
}

}  // namespace render
