#include "filter.hpp"

#include "text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace log_analytics {

/// Reads the text of a filter.
class filter_reader {
public:
  using field = filter::field;
  using operation = filter::operation;

  static tl::expected<filter, std::string> read(std::string_view text) {
    filter f;
    const auto name_end
        = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"), text.size());
    const auto known = std::find_if(fields.begin(), fields.end(), [&](const auto& named) {
      return named.first == text.substr(0, name_end);
    });
    if (known == fields.end())
      return tl::unexpected{
          std::string{"it does not begin with a field: host, vhost, status, method, "
                      "path, agent, referrer, bytes or time"}};
    f.field_ = known->second;
    text = trimmed(text.substr(name_end));
    const auto op = std::find_if(operations.begin(), operations.end(),
                                 [&](const auto& o) { return text.starts_with(o.first); });
    if (op == operations.end())
      return tl::unexpected{std::string{"no operator follows the field: =, !=, <, <=, >, >= or ~"}};
    f.operation_ = op->second;
    text = trimmed(text.substr(op->first.size()));
    if (auto problem = read_value(f, text))
      return tl::unexpected{std::move(*problem)};
    return f;
  }

  static bool is_operator(std::string_view text) {
    return std::any_of(operations.begin(), operations.end(),
                       [text](const auto& o) { return o.first == text; });
  }

private:
  static constexpr std::array<std::pair<std::string_view, field>, 9> fields{{
      {"host", field::host},
      {"vhost", field::vhost},
      {"method", field::method},
      {"path", field::path},
      {"agent", field::agent},
      {"referrer", field::referrer},
      {"status", field::status},
      {"bytes", field::bytes},
      {"time", field::time},
  }};
  // Those of two characters first, as the others are their beginnings.
  static constexpr std::array<std::pair<std::string_view, operation>, 7> operations{{
      {"!=", operation::unequal},
      {"<=", operation::at_most},
      {">=", operation::at_least},
      {"=", operation::equal},
      {"<", operation::less},
      {">", operation::greater},
      {"~", operation::matches},
  }};

  static std::optional<std::string> read_value(filter& f, std::string_view value) {
    switch (f.field_) {
    case field::status:
      if (value == "-") { // as a server writes it that has sent none
        f.number_ = entry::no_status;
        return f.operation_ == operation::equal || f.operation_ == operation::unequal
                   ? std::nullopt
                   : std::optional<std::string>{"a status of - is compared by = or !="};
      }
      [[fallthrough]];
    case field::bytes:
      if (const auto number = whole_number(value);
          number && (f.field_ == field::bytes || *number < entry::no_status))
        f.number_ = *number;
      else
        return '"' + std::string{value} + "\" is not a whole number"
               + (f.field_ == field::status ? " below 600, or -" : "");
      return only_numbers(f);
    case field::time:
      if (const auto when = parse_moment(value))
        f.moment_ = *when;
      else
        return '"' + std::string{value}
               + "\" is not YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS], with Z or +hh:mm behind it or not";
      return only_numbers(f);
    default:
      return read_text(f, value);
    }
  }

  static std::optional<std::string> only_numbers(const filter& f) {
    if (f.operation_ == operation::matches)
      return "a number or a time is compared by =, !=, <, <=, > or >=";
    return std::nullopt;
  }

  static std::optional<std::string> read_text(filter& f, std::string_view value) {
    f.text_ = value;
    if (f.operation_ == operation::equal || f.operation_ == operation::unequal)
      return std::nullopt;
    if (f.operation_ != operation::matches)
      return "a text is compared by =, != or ~";
    auto expression = std::make_unique<regex_t>();
    if (const int code = ::regcomp(expression.get(), f.text_.c_str(), REG_EXTENDED | REG_NOSUB)) {
      std::array<char, 128> why{};
      ::regerror(code, expression.get(), why.data(), why.size());
      return '"' + f.text_ + "\" is not an extended regular expression: " + why.data();
    }
    f.expression_ = {expression.release(), [](const regex_t* r) {
                       auto* const mine = const_cast<regex_t*>(r);
                       ::regfree(mine);
                       delete mine;
                     }};
    return std::nullopt;
  }
};

bool filter::is_operator(std::string_view text) { return filter_reader::is_operator(text); }

tl::expected<filter, std::string> filter::of(std::string_view text) {
  return filter_reader::read(trimmed(text));
}

// A number is one of its kind; a day, a minute or a second is a stretch of time, with `<` in front
// of it and `>` behind it.
template <class T>
bool filter::compare(T value, T first, T last) const {
  switch (operation_) {
  case operation::equal:
    return value >= first && value <= last;
  case operation::unequal:
    return value < first || value > last;
  case operation::less:
    return value < first;
  case operation::at_most:
    return value <= last;
  case operation::greater:
    return value > last;
  case operation::at_least:
    return value >= first;
  case operation::matches:
    break;
  }
  return false;
}

bool filter::passes(const entry& e) const {
  switch (field_) {
  case field::host:
    return compare(e.host);
  case field::vhost:
    return compare(e.vhost);
  case field::method:
    return compare(e.method);
  case field::path:
    return compare(e.path);
  case field::agent:
    return compare(e.agent);
  case field::referrer:
    return compare(e.referrer);
  case field::status: // none is neither more nor less than a number
    if (e.status == entry::no_status || number_ == entry::no_status)
      return operation_ == (e.status == number_ ? operation::equal : operation::unequal);
    return compare<std::uint64_t>(e.status, number_, number_);
  case field::bytes:
    return compare<std::uint64_t>(e.bytes, number_, number_);
  case field::time:
    return compare<std::int64_t>(moment_.zoned ? e.utc_second : e.local_second, moment_.second,
                                 moment_.second + moment_.length - 1);
  }
  return false;
}

bool filter::compare(std::string_view text) const {
  if (operation_ != operation::matches)
    return (text == text_) == (operation_ == operation::equal);
  const std::string copy{text}; // AddressSanitizer looks for an end, which a view has not
  regmatch_t whole{0, static_cast<regoff_t>(copy.size())};
  return ::regexec(expression_.get(), copy.c_str(), 1, &whole, REG_STARTEND) == 0;
}

} // namespace log_analytics
