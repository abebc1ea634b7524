#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <log_analytics/parser.hpp>

namespace log_analytics {

inline const std::string good_head = R"(10.0.0.1 - - [17/May/2015:10:05:03 +0000] )";
inline const std::string good_line
    = good_head + R"("GET /a HTTP/1.1" 200 512 "http://example.org/" "Agent/1.0")";

/// Parses a copy that ends where its memory ends, so that AddressSanitizer sees a read beyond it.
struct parsed {
  explicit parsed(std::string_view text) : copy(new char[text.size()]) {
    std::memcpy(copy.get(), text.data(), text.size());
    result = parse({copy.get(), text.size()});
  }

  const entry& operator*() const { return *result; }
  const entry* operator->() const { return &*result; }

  std::unique_ptr<char[]> copy;
  tl::expected<entry, rejection> result;
};

inline std::string outcome_of(std::string_view line) {
  const parsed p{line};
  return p.result ? "accepted" : std::string{to_string(p.result.error())};
}

} // namespace log_analytics
