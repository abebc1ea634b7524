#pragma once

#include "parser.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace log_analytics {

/// What a directive or a W3C field stands for.
enum class field : std::uint8_t {
  ignored,
  vhost,
  host,
  forwarded, ///< X-Forwarded-For: the first address of the list is the client, where there is one
  ident,
  user,
  clf_time,
  iso_time,
  epoch_s,
  epoch_ms,
  epoch_us,
  date,
  clock,
  request,
  method,
  path,
  query,
  protocol,
  status,
  bytes,
  referrer,
  agent,
  served_s,
  served_ms,
  served_us,
  served_w3c, ///< milliseconds as IIS has it, or seconds with a fraction
};

/// Views and what they point into. Copies share it.
struct parsed_entry {
  entry request;
  std::shared_ptr<const std::string> text = nullptr; ///< what is not in the line as it is
};

/// How the lines of a log are read: one of the usual formats, or one that is put together from the
/// directives of Apache's LogFormat or nginx's log_format.
class line_format {
public:
  /// "auto" (the usual formats, whichever each line is in), "common", "combined", "vcommon",
  /// "vcombined", or a text with directives. Errors: what is wrong with it, and what is valid.
  static tl::expected<line_format, std::string> of(std::string_view text);
  /// Of a log in the W3C extended format, whose "#Fields:" line names these. `date`: of its
  /// "#Date:" line, for fields that have none.
  static line_format of_w3c(std::string_view names, std::string_view date = {});

  line_format() = default; ///< auto

  /// Whether lines of the log may say how those behind them are to be read.
  bool is_told_by_the_log() const { return kind_ == kind::usual && vhost_ == vhost_field::maybe; }
  tl::expected<parsed_entry, rejection> parse(std::string_view line) const;
  /// The same, into an entry that is there. Nothing: it is a request.
  std::optional<rejection> parse_into(parsed_entry& out, std::string_view line) const;

private:
  struct part {
    std::string before; ///< the text in front of the field
    field what = field::ignored;
  };
  enum class kind { usual, directives, w3c };

  friend class format_compiler;

  std::optional<rejection> parse_parts(parsed_entry& out, std::string_view line) const;
  std::optional<rejection> parse_w3c(parsed_entry& out, std::string_view line) const;

  kind kind_ = kind::usual;
  vhost_field vhost_ = vhost_field::maybe;
  std::vector<part> parts_;    ///< of directives
  std::vector<field> columns_; ///< of W3C
  std::string behind_;         ///< the text behind the last field
  std::string date_;           ///< of lines that have none
  bool usable_ = true;         ///< whether its fields are enough for a request
};

} // namespace log_analytics
