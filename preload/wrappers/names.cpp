// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that look up names of machines: libc waits for their servers in calls of its own
// that no wrapper sees.
#include <netdb.h>

#include "preload/notes/brief_wait.h"
#include "preload/real.h"

namespace preload {

extern "C" {

EXPORTED int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    return call_briefly(io_on_none(Function::k_getaddrinfo), CALLER_FRAME,
                        [=] { return real::getaddrinfo(node, service, hints, found); });
}

EXPORTED int getnameinfo(const sockaddr* address, socklen_t length, char* host, socklen_t host_bytes, char* service,
                         socklen_t service_bytes, int flags) {
    return call_briefly(io_on_none(Function::k_getnameinfo), CALLER_FRAME, [=] {
        return real::getnameinfo(address, length, host, host_bytes, service, service_bytes, flags);
    });
}

EXPORTED hostent* gethostbyname(const char* name) {
    return call_briefly(io_on_none(Function::k_gethostbyname), CALLER_FRAME, [=] { return real::gethostbyname(name); });
}

EXPORTED hostent* gethostbyname2(const char* name, int family) {
    return call_briefly(io_on_none(Function::k_gethostbyname2), CALLER_FRAME,
                        [=] { return real::gethostbyname2(name, family); });
}

EXPORTED hostent* gethostbyaddr(const void* address, socklen_t length, int family) {
    return call_briefly(io_on_none(Function::k_gethostbyaddr), CALLER_FRAME,
                        [=] { return real::gethostbyaddr(address, length, family); });
}

EXPORTED int gethostbyname_r(const char* name, hostent* entry, char* buffer, size_t bytes, hostent** result,
                             int* error) {
    return call_briefly(io_on_none(Function::k_gethostbyname_r), CALLER_FRAME,
                        [=] { return real::gethostbyname_r(name, entry, buffer, bytes, result, error); });
}

EXPORTED int gethostbyname2_r(const char* name, int family, hostent* entry, char* buffer, size_t bytes,
                              hostent** result, int* error) {
    return call_briefly(io_on_none(Function::k_gethostbyname2_r), CALLER_FRAME,
                        [=] { return real::gethostbyname2_r(name, family, entry, buffer, bytes, result, error); });
}

EXPORTED int gethostbyaddr_r(const void* address, socklen_t length, int family, hostent* entry, char* buffer,
                             size_t bytes, hostent** result, int* error) {
    return call_briefly(io_on_none(Function::k_gethostbyaddr_r), CALLER_FRAME, [=] {
        return real::gethostbyaddr_r(address, length, family, entry, buffer, bytes, result, error);
    });
}

}  // extern "C"

}  // namespace preload
