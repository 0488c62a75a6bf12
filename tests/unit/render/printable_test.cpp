// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "render/render.h"
#include "render/words.h"

namespace {

using render::display_width;
using render::printable;
using render::shortened;

TEST(Printable, LeavesTextAlone) {
    EXPECT_EQ(printable("Channel<int>::receive() [clone .isra.0]"), "Channel<int>::receive() [clone .isra.0]");
    EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\x8c"),
              "gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\x8c");
    EXPECT_EQ(printable(""), "");
}

TEST(Printable, DisarmsControlCharacters) {
    EXPECT_EQ(printable("a\x1b[31mred\nline\ttab\r\x7f"), "a\\x1b[31mred\\x0aline\\x09tab\\x0d\\x7f");
    EXPECT_EQ(printable(std::string("nul\0byte", 8)), "nul\\x00byte");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\x9b31m");
}

TEST(Printable, DisarmsWhatRearrangesALine) {
    EXPECT_EQ(printable("a\xe2\x80\xae"
                        "b\xe2\x81\xa6"
                        "c\xe2\x81\xa9"
                        "d\xe2\x80\xa8"
                        "e\xd8\x9c"),
              "a\\u202eb\\u2066c\\u2069d\\u2028e\\u061c");
    EXPECT_EQ(printable("\xe2\x80\xa7 \xe2\x80\xaf \xe2\x81\xaa"), "\xe2\x80\xa7 \xe2\x80\xaf \xe2\x81\xaa");
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
    EXPECT_EQ(printable("\xff"), "\\xff");
    EXPECT_EQ(printable("cut \xe2\x82"), "cut \\xe2\\x82");
    EXPECT_EQ(printable("\x80lone"), "\\x80lone");
    EXPECT_EQ(printable("\xc0\xaf overlong \xe0\x80\xaf \xf0\x80\x80\xaf"),
              "\\xc0\\xaf overlong \\xe0\\x80\\xaf \\xf0\\x80\\x80\\xaf");
    EXPECT_EQ(printable("surrogate \xed\xa0\x80"), "surrogate \\xed\\xa0\\x80");
    EXPECT_EQ(printable("beyond \xf4\x90\x80\x80"), "beyond \\xf4\\x90\\x80\\x80");
}

TEST(DisplayWidth, CountsCodePoints) {
    EXPECT_EQ(display_width("gr\xc3\xbc\xc3\x9f"), 4U);
    EXPECT_EQ(display_width(""), 0U);
}

TEST(Shortened, KeepsWhatFits) {
    EXPECT_EQ(shortened("0123456789", 10), "0123456789");
    EXPECT_EQ(shortened("gr\xc3\xbc\xc3\x9f", 4), "gr\xc3\xbc\xc3\x9f");
}

TEST(Shortened, CutsTheMiddleBetweenCharacters) {
    EXPECT_EQ(shortened("0123456789ab", 10), "0123...9ab");
    EXPECT_EQ(shortened("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 7),
              "\xc3\xa4\xc3\xb6...\xc3\xbc\xc3\x9f");
}

TEST(PrintableJson, EscapesWhatATerminalWouldObey) {
    EXPECT_EQ(render::printable_json("{\"a\": \"\xC2\x9B"
                                     "31m\x7F\xE2\x80\xAE\"}\n"),
              "{\"a\": \"\\u009b31m\\u007f\\u202e\"}\n");
    EXPECT_EQ(render::printable_json("{\"\xC3\xA4\": [\"\\n\"]}"), "{\"\xC3\xA4\": [\"\\n\"]}");
}

}  // namespace
