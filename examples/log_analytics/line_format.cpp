#include "line_format.hpp"

#include "address.hpp"
#include "cursor.hpp"
#include "directives.hpp"
#include "fields.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace log_analytics {

namespace {

constexpr std::string_view absent = "-";

bool is_given(std::string_view text) { return !text.empty() && text != absent; }

/// The client of a list of proxies, which it begins: an address, perhaps in brackets or with a port.
std::optional<std::string_view> first_forwarded(std::string_view list) {
  auto first = trimmed(list.substr(0, list.find(',')));
  if (first.starts_with('['))
    first = first.substr(1, first.find(']') - 1);
  else if (std::count(first.begin(), first.end(), ':') == 1)
    first = first.substr(0, first.find(':'));
  return is_address(first) ? std::optional{first} : std::nullopt;
}

std::optional<char> hexadecimal(std::string_view two) {
  int value = 0;
  const auto [at, failure] = std::from_chars(two.data(), two.data() + two.size(), value, 16);
  return two.size() == 2 && failure == std::errc{} && at == two.data() + 2
             ? std::optional{static_cast<char>(value)}
             : std::nullopt;
}

/// As IIS writes an agent, spaces as '+', and as CloudFront does, as "%20".
void append_decoded(std::string& out, std::string_view agent) {
  for (std::size_t i = 0; i < agent.size(); ++i) {
    const auto coded = agent[i] == '%' ? hexadecimal(agent.substr(i + 1, 2)) : std::nullopt;
    out += coded ? *coded : agent[i] == '+' ? ' ' : agent[i];
    i += coded ? 2 : 0;
  }
}

/// Path and query as one text; in W3C logs an agent's spaces are encoded.
void put_together(parsed_entry& p, std::string_view query, bool agent_is_coded) {
  auto& e = p.request;
  const bool decode = agent_is_coded && e.agent.find_first_of("+%") != std::string_view::npos;
  const bool join = is_given(query);
  if (!decode && !join)
    return;
  auto text = std::make_shared<std::string>();
  text->reserve(e.path.size() + 1 + query.size() + e.agent.size()); // it must not move
  if (join) {
    text->append(e.path);
    if (!query.starts_with('?'))
      *text += '?';
    text->append(query);
    e.path = *text;
  }
  if (decode) {
    const auto at = text->size();
    append_decoded(*text, e.agent);
    e.agent = std::string_view{*text}.substr(at);
  }
  p.text = std::move(text);
}

/// The fields of one line, as they come: what belongs together may be in several of them.
class field_reader {
public:
  field_reader(parsed_entry& into, shape s) : result_(into) {
    auto& e = result_.request;
    e.shape = s;
    e.host = e.ident = e.user = e.method = e.path = e.protocol = e.referrer = e.agent = absent;
  }

  std::optional<rejection> read(field what, std::string_view text) {
    auto& e = result_.request;
    switch (what) {
    case field::host:
      host_ = text;
      break;
    case field::forwarded:
      if (const auto client = first_forwarded(text))
        forwarded_ = *client;
      break;
    case field::clf_time:
      return read_clf_time(text, e);
    case field::iso_time:
      return read_iso_time(text, e);
    case field::epoch_s:
      return read_epoch(text, 1, e);
    case field::epoch_ms:
      return read_epoch(text, 1000, e);
    case field::epoch_us:
      return read_epoch(text, 1'000'000, e);
    case field::date:
      date_ = text;
      break;
    case field::clock:
      clock_ = text;
      break;
    case field::query:
      query_ = text;
      break;
    case field::request:
      read_request(text, e);
      break;
    case field::status:
      return read_status(text, e);
    case field::bytes:
      if (text != absent && text.find_first_not_of("0123456789") != std::string_view::npos)
        return rejection::not_in_format;
      e.bytes = read_bytes(text);
      break;
    default:
      read_other(what, text);
    }
    return std::nullopt;
  }

  /// After the last field. Nothing: it is a request.
  std::optional<rejection> finish(bool agent_is_coded) {
    auto& e = result_.request;
    e.host = !forwarded_.empty() ? forwarded_ : host_;
    if (!is_host(e.host))
      return rejection::bad_host;
    put_together(result_, query_, agent_is_coded);
    if (!date_.empty() || !clock_.empty())
      return read_date_and_clock(date_, clock_, e);
    return std::nullopt;
  }

private:
  void read_other(field what, std::string_view text) {
    auto& e = result_.request;
    if (const auto member = text_of(what))
      e.*member = or_absent(text);
    else if (const auto unit = microseconds_of(what, text))
      e.served_us = read_served(text, *unit);
  }

  /// The text of an entry that this field is; null: it is none.
  static std::string_view entry::*text_of(field what) {
    switch (what) {
    case field::vhost:
      return &entry::vhost;
    case field::ident:
      return &entry::ident;
    case field::user:
      return &entry::user;
    case field::method:
      return &entry::method;
    case field::path:
      return &entry::path;
    case field::protocol:
      return &entry::protocol;
    case field::referrer:
      return &entry::referrer;
    case field::agent:
      return &entry::agent;
    default:
      return nullptr;
    }
  }

  /// The unit of a field that says how long a request took.
  static std::optional<std::int64_t> microseconds_of(field what, std::string_view text) {
    constexpr std::int64_t second = 1'000'000;
    switch (what) {
    case field::served_s:
      return second;
    case field::served_ms:
      return 1000;
    case field::served_us:
      return 1;
    case field::served_w3c:
      return text.find('.') == std::string_view::npos ? 1000 : second;
    default:
      return std::nullopt;
    }
  }

  parsed_entry& result_;
  std::string_view host_ = absent;
  std::string_view forwarded_;
  std::string_view date_;
  std::string_view clock_;
  std::string_view query_;
};

/// The next field of a W3C line, without the blank behind it.
std::string_view take_w3c_field(cursor& in) {
  if (in.rest().starts_with('"')) {
    in.skip(1);
    const auto inside = in.until_quote();
    const auto text = inside ? *inside : in.take(in.rest().size());
    in.skip(2); // the quote and a blank
    return text;
  }
  const auto text = in.take(std::min(in.rest().find_first_of(" \t"), in.rest().size()));
  in.skip(1);
  return text;
}

} // namespace

tl::expected<parsed_entry, rejection> line_format::parse(std::string_view line) const {
  tl::expected<parsed_entry, rejection> result;
  if (const auto why = parse_into(*result, line))
    return tl::unexpected{*why};
  return result;
}

std::optional<rejection> line_format::parse_into(parsed_entry& out, std::string_view line) const {
  if (kind_ == kind::usual)
    return log_analytics::parse_into(out.request, line, vhost_);
  line = without_marks(line);
  if (const auto why = none_of_a_request(line))
    return why;
  return kind_ == kind::w3c ? parse_w3c(out, line) : parse_parts(out, line);
}

std::optional<rejection> line_format::parse_parts(parsed_entry& out, std::string_view line) const {
  field_reader fields{out, shape::custom};
  cursor in{line};
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!in.rest().starts_with(parts_[i].before))
      return rejection::not_in_format;
    in.skip(parts_[i].before.size());
    const std::string_view next = i + 1 < parts_.size() ? parts_[i + 1].before : behind_;
    std::optional<std::string_view> text;
    if (next.empty())
      text = in.take(in.rest().size());
    else if (next.starts_with('"'))
      text = in.until_quote();
    else if (const auto end = in.rest().find(next); end != std::string_view::npos)
      text = in.take(end);
    const auto what = parts_[i].what;
    const bool may_have_blanks = what == field::agent || what == field::referrer
                                 || what == field::user || what == field::ignored;
    if (!text || (next.empty() && !may_have_blanks && text->find(' ') != std::string_view::npos))
      return rejection::not_in_format;
    if (const auto why = fields.read(parts_[i].what, *text))
      return why;
  }
  if (!in.rest().starts_with(behind_))
    return rejection::not_in_format;
  return fields.finish(false);
}

std::optional<rejection> line_format::parse_w3c(parsed_entry& out, std::string_view line) const {
  field_reader fields{out, shape::w3c};
  fields.read(field::date, date_);
  cursor in{line};
  for (const auto column : columns_) {
    if (in.done())
      return rejection::not_in_format;
    if (const auto why = fields.read(column, take_w3c_field(in)))
      return why;
  }
  if (!usable_ || in.rest().find_first_not_of(" \t") != std::string_view::npos)
    return rejection::not_in_format;
  return fields.finish(true);
}

} // namespace log_analytics
