#include "filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace log_analytics {

namespace {

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(blanks) + 1));
  return text;
}

} // namespace

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
    text = without_blanks(text.substr(name_end));
    const auto op = std::find_if(operations.begin(), operations.end(),
                                 [&](const auto& o) { return text.starts_with(o.first); });
    if (op == operations.end())
      return tl::unexpected{std::string{"no operator follows the field: =, !=, <, <=, >, >= or ~"}};
    f.operation_ = op->second;
    text = without_blanks(text.substr(op->first.size()));
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
      if (!read_number(value, f.number_)
          || (f.field_ == field::status && f.number_ >= entry::no_status))
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

  static bool read_number(std::string_view text, std::uint64_t& number) {
    const auto* const end = text.data() + text.size();
    const auto [at, failure] = std::from_chars(text.data(), end, number);
    return failure == std::errc{} && at == end;
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
  return filter_reader::read(without_blanks(text));
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
      return (e.status == number_) == (operation_ == operation::equal)
             && (operation_ == operation::equal || operation_ == operation::unequal);
    return compare(e.status);
  case field::bytes:
    return compare(e.bytes);
  case field::time:
    return compare(moment_, moment_.zoned ? e.utc_second : e.local_second);
  }
  return false;
}

bool filter::compare(std::uint64_t value) const {
  switch (operation_) {
  case operation::equal:
    return value == number_;
  case operation::unequal:
    return value != number_;
  case operation::less:
    return value < number_;
  case operation::at_most:
    return value <= number_;
  case operation::greater:
    return value > number_;
  case operation::at_least:
    return value >= number_;
  case operation::matches:
    break;
  }
  return false;
}

// A day, a minute or a second is a stretch of time: `<` is before it and `>` behind it.
bool filter::compare(const moment& when, std::int64_t second) const {
  const auto end = when.second + when.length;
  switch (operation_) {
  case operation::equal:
    return second >= when.second && second < end;
  case operation::unequal:
    return second < when.second || second >= end;
  case operation::less:
    return second < when.second;
  case operation::at_most:
    return second < end;
  case operation::greater:
    return second >= end;
  case operation::at_least:
    return second >= when.second;
  case operation::matches:
    break;
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
