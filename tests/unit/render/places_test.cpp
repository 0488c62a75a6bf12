// SPDX-License-Identifier: Apache-2.0
#include "render/places.h"

#include <gtest/gtest.h>

#include "tests/support/snapshot_builder.h"

namespace render {
namespace {

using support::frame;
using support::libc_frame;

TEST(Places, AreOfTheInnermostFrameInTheTree) {
    snapshot::Frame vendored = frame("Queue::pop()", "queue.h", 9);
    vendored.file = "/opt/vendor/queue.h";
    const snapshot::Stack stack{{libc_frame("pthread_cond_wait"), vendored, frame("take()", "../bank/jobs.cpp", 12)}};

    const Place place = place_of(stack, "/src/bank");

    EXPECT_TRUE(place.in_tree);
    EXPECT_EQ(words_of(place), "take() at jobs.cpp:12");
}

TEST(Places, FallBackToTheFirstFrameOfTheProgram) {
    const snapshot::Stack stack{{libc_frame("read"), frame("load()", "load.cpp", 3)}};

    for (const char* const root : {"/src/ban", "/src/bank/load.cpp", ""}) {
        const Place place = place_of(stack, root);
        EXPECT_FALSE(place.in_tree);
        EXPECT_EQ(words_of(place), "load() at /src/bank/load.cpp:3");
    }
}

TEST(Places, OfLibcAloneAreItsInnermostFrame) {
    EXPECT_EQ(words_of(place_of({{libc_frame("read"), libc_frame("start_thread")}}, "/src")), "read at libc.so.6");
    EXPECT_FALSE(place_of({}, "/src").is_known());
}

}  // namespace
}  // namespace render
