// SPDX-License-Identifier: Apache-2.0
//
// Ways to be called, each ending in a call of `visit`. Compiled several times with the flags that
// change how frames look.
#pragma once

using Visit = void (*)();

struct CallShape {
    const char* name;
    void (*run)(Visit visit);
};

struct CallShapes {
    const char* flags;
    const CallShape* shapes;
    int count;
};

CallShapes unoptimized_shapes();
CallShapes optimized_shapes();
CallShapes frame_pointer_shapes();
CallShapes size_optimized_shapes();
