#pragma once

#include "moment.hpp"
#include "parser.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <regex.h>

#include <tl/expected.hpp>

namespace log_analytics {

/// Which requests count: one comparison of a field with a value, such as `status >= 500`.
///
/// Shape: a value; copies share the compiled expression, which several threads may use at once.
class filter {
public:
  /// "FIELD OP VALUE", with blanks between them or not. FIELD is host, vhost, method, path, agent,
  /// referrer (with =, != and ~, an extended regular expression), status, bytes or time (with =,
  /// !=, <, <=, >, >=). Errors: what is wrong, and what is valid.
  static tl::expected<filter, std::string> of(std::string_view text);

  /// Whether the whole text is =, !=, <, <=, >, >= or ~.
  static bool is_operator(std::string_view text);

  bool passes(const entry& e) const;

private:
  enum class field { host, vhost, method, path, agent, referrer, status, bytes, time };
  enum class operation { equal, unequal, less, at_most, greater, at_least, matches };

  friend class filter_reader;

  /// `first` and `last`: of what it is compared with.
  template <class T>
  bool compare(T value, T first, T last) const;
  bool compare(std::string_view text) const;

  field field_ = field::host;
  operation operation_ = operation::equal;
  std::string text_;
  std::uint64_t number_ = 0;
  moment moment_;
  std::shared_ptr<const regex_t> expression_;
};

} // namespace log_analytics
