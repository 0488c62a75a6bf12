// SPDX-License-Identifier: Apache-2.0
//
// XML elements as text. What XML cannot hold, even escaped (control characters, half code points), is
// written as the text report writes it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace render {

using XmlAttributes = std::vector<std::pair<std::string, std::string>>;

/// `content` is XML; an element without any is closed at once.
std::string xml_element(const std::string& name, const XmlAttributes& attributes, const std::string& content = "");

/// `text` as content or as the value of an attribute; its lines stay lines in content only.
std::string xml_text(const std::string& text);

}  // namespace render
