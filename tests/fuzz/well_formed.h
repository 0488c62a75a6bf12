// SPDX-License-Identifier: Apache-2.0
//
// Whether a text is what its reader takes it for.
#pragma once

#include <string_view>

namespace fuzz {

/// Well-formed UTF-8, and no control character but line feeds; `colors`: nor escape sequences but colors.
bool is_harmless(std::string_view text, bool colors = false);

/// XML 1.0 as test reports need it: elements and attributes, the five entities, text.
bool is_xml(std::string_view text);

/// Quotes are closed on each line of a graphviz file.
bool has_closed_quotes(std::string_view text);

}  // namespace fuzz
