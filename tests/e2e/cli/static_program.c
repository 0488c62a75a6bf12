// SPDX-License-Identifier: Apache-2.0
//
// Cannot be observed: no loader, so no preloaded library. Exits with its first argument.
#include <stdlib.h>

int main(int argc, char** argv) {
    return argc > 1 ? atoi(argv[1]) : 0;
}
