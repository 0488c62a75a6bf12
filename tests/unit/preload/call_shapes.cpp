// SPDX-License-Identifier: Apache-2.0
//
// CALL_SHAPES names the function that gives this translation unit's shapes, SHAPE_FLAGS says how it
// was compiled.
#include "call_shapes.h"

#include <alloca.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#define NOINLINE __attribute__((noinline, noclone))

namespace {

Visit to_visit;
volatile int sink;

NOINLINE void visit_here() {
    to_visit();
    sink = sink + 1;
}

void visit_once() {
    if (const Visit visit = std::exchange(to_visit, nullptr)) visit();
}

NOINLINE int add_up(int a, int b, int c, int d, int e, int f, int g, int h, int i) {
    visit_here();
    return a + b + c + d + e + f + g + h + i;
}

void through_plain_calls(Visit) {
    visit_here();
}

void through_stack_arguments(Visit) {
    sink = add_up(1, 2, 3, 4, 5, 6, 7, 8, sink);
}

NOINLINE int go_down(int depth) {
    if (depth == 0) {
        visit_here();
        return 0;
    }
    return go_down(depth - 1) + depth;
}

void through_recursion(Visit) {
    for (const int depth : {1, 7, 40}) sink = go_down(depth);
}

NOINLINE void fill_dynamic(size_t bytes) {
    auto* const memory = static_cast<char*>(alloca(bytes));
    memset(memory, 1, bytes);
    visit_here();
    sink = memory[bytes / 2];
}

void through_alloca(Visit) {
    for (const size_t bytes : {1, 100, 5000, 40000}) fill_dynamic(bytes);
}

NOINLINE int fill_array(int count) {
    int array[count];
    for (int i = 0; i < count; ++i) array[i] = i;
    visit_here();
    return array[count - 1];
}

void through_variable_length_array(Visit) {
    sink = fill_array(3) + fill_array(300);
}

NOINLINE void align_frame(int value) {
    alignas(64) volatile char aligned[192];
    aligned[value] = 1;
    visit_here();
    sink = aligned[value];
}

void through_realigned_stack(Visit) {
    align_frame(5);
    sink = add_up(1, 2, 3, 4, 5, 6, 7, 8, 9);
    align_frame(6);
}

NOINLINE void align_and_grow(size_t bytes) {
    alignas(128) volatile char aligned[256];
    auto* const memory = static_cast<volatile char*>(alloca(bytes));
    memory[bytes - 1] = 1;
    aligned[bytes % 256] = 1;
    visit_here();
    sink = memory[bytes - 1] + aligned[bytes % 256];
}

void through_realigned_dynamic_stack(Visit) {
    align_and_grow(10);
    align_and_grow(4000);
}

NOINLINE void use_many_registers(const int* values) {
    int a = values[0], b = values[1], c = values[2], d = values[3], e = values[4], f = values[5], g = values[6];
    for (int i = 0; i < 2; ++i) {
        visit_here();
        a += b ^ i, b += c, c += d ^ a, d += e, e += f ^ b, f += g, g += a;
    }
    sink = a + b + c + d + e + f + g;
}

void through_saved_registers(Visit) {
    const int values[] = {1, 2, 3, 4, 5, 6, 7};
    use_many_registers(values);
}

NOINLINE void use_large_frame() {
    volatile char large[300000];
    large[0] = 1;
    large[299999] = 1;
    visit_here();
    sink = large[0];
}

void through_large_frame(Visit) {
    use_large_frame();
}

int compare_and_visit(const void* left, const void* right) {
    visit_once();
    return *static_cast<const int*>(left) - *static_cast<const int*>(right);
}

void through_qsort(Visit) {
    int values[] = {5, 3, 9, 1, 7, 2};
    qsort(values, 6, sizeof(int), compare_and_visit);
    sink = values[0];
}

void through_bsearch(Visit) {
    const int values[] = {1, 2, 3, 5, 7, 9};
    const int key = 7;
    sink = bsearch(&key, values, 6, sizeof(int), compare_and_visit) != nullptr;
}

void through_std_sort(Visit) {
    std::vector<int> values(100);
    for (int i = 0; i < 100; ++i) values[i] = (i * 37) % 100;
    std::sort(values.begin(), values.end(), [](int left, int right) {
        visit_once();
        return left < right;
    });
    sink = values[3];
}

void through_std_function(Visit) {
    const std::function<void(int)> function = [](int value) {
        visit_here();
        sink = value;
    };
    function(sink);
}

struct VisitsWhenDestroyed {
    ~VisitsWhenDestroyed() { visit_here(); }
};

NOINLINE void throw_through_destructor(int value) {
    const VisitsWhenDestroyed first;
    if (value > 0) throw std::runtime_error("in flight");
    sink = value;
}

void through_exception_in_flight(Visit) {
    try {
        throw_through_destructor(1);
    } catch (const std::runtime_error&) {
        visit_here();
    }
}

/// The call is the last instruction of its function, so the return address lies behind it.
[[noreturn]] NOINLINE void visit_and_throw() {
    visit_here();
    throw 1;
}

[[noreturn]] NOINLINE void never_return() {
    visit_and_throw();
}

void through_noreturn_calls(Visit) {
    try {
        never_return();
    } catch (int value) {
        sink = value;
    }
}

template <void (*Shape)(Visit)>
void run(Visit visit) {
    to_visit = visit;
    Shape(visit);
    sink = sink + 1;
}

constexpr CallShape kShapes[] = {
    {"PlainCalls", run<through_plain_calls>},
    {"StackArguments", run<through_stack_arguments>},
    {"Recursion", run<through_recursion>},
    {"Alloca", run<through_alloca>},
    {"VariableLengthArray", run<through_variable_length_array>},
    {"RealignedStack", run<through_realigned_stack>},
    {"RealignedDynamicStack", run<through_realigned_dynamic_stack>},
    {"SavedRegisters", run<through_saved_registers>},
    {"LargeFrame", run<through_large_frame>},
    {"Qsort", run<through_qsort>},
    {"Bsearch", run<through_bsearch>},
    {"StdSort", run<through_std_sort>},
    {"StdFunction", run<through_std_function>},
    {"ExceptionInFlight", run<through_exception_in_flight>},
    {"NoreturnCalls", run<through_noreturn_calls>},
};

}  // namespace

CallShapes CALL_SHAPES() {
    return {SHAPE_FLAGS, kShapes, sizeof(kShapes) / sizeof(kShapes[0])};
}
