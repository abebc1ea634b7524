#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <troupe/text/text_input.hpp>

namespace troupe::detail {

/// Unpacks what `packed` reads, which begins with the bytes `head`: one gzip member or several;
/// what follows the last one is ignored, as gzip does. Errors: std::runtime_error for what is
/// damaged or cut off, after all that could be unpacked, or where this build has no zlib.
std::unique_ptr<text_input> unpacked(std::unique_ptr<text_input> packed, std::string head,
                                     std::string name);

/// How gzip begins.
inline constexpr std::string_view gzip_magic{"\x1f\x8b", 2};

} // namespace troupe::detail
