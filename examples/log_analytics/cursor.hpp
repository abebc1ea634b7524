#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace log_analytics {

/// What of the line is still to be read. Reading beyond the end gives empty views.
class cursor {
public:
  explicit cursor(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }
  bool done() const { return rest_.empty(); }

  void skip(std::size_t count) { rest_.remove_prefix(std::min(count, rest_.size())); }

  /// The text before the next `delimiter`, which is left in place; nothing if there is none.
  std::optional<std::string_view> until(char delimiter) {
    const auto* at = static_cast<const char*>(std::memchr(rest_.data(), delimiter, rest_.size()));
    if (rest_.empty() || at == nullptr)
      return std::nullopt;
    return take(static_cast<std::size_t>(at - rest_.data()));
  }

  /// The text before the next quote that no backslash escapes; nothing if there is none.
  std::optional<std::string_view> until_quote() {
    std::size_t from = 0;
    while (from < rest_.size()) {
      const auto* at
          = static_cast<const char*>(std::memchr(rest_.data() + from, '"', rest_.size() - from));
      if (at == nullptr)
        return std::nullopt;
      const auto position = static_cast<std::size_t>(at - rest_.data());
      // Runs of backslashes do not overlap, so counting each run backwards stays linear.
      std::size_t escapes = 0;
      while (escapes < position && rest_[position - 1 - escapes] == '\\')
        ++escapes;
      if (escapes % 2 == 0)
        return take(position);
      from = position + 1;
    }
    return std::nullopt;
  }

  std::string_view take(std::size_t count) {
    const auto result = rest_.substr(0, count);
    rest_.remove_prefix(result.size());
    return result;
  }

private:
  std::string_view rest_;
};

} // namespace log_analytics
