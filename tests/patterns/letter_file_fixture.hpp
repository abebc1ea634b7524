#pragma once

#include <string>
#include <utility>

#include "../support.hpp"
#include "../temporary.hpp"
#include <troupe/dead_letter_file.hpp>

// What the tests of letters in a file share, as they are written and as they are read.
namespace support {

inline troupe::dead_letter letter(std::string text) {
  return {.stage = "parse",
          .reason = troupe::error{troupe::errc::timed_out, "parse", "item 7: slow"},
          .attempts = 3,
          .text = std::move(text),
          .has_text = true};
}

} // namespace support
