#include "parser.hpp"

#include "address.hpp"
#include "cursor.hpp"
#include "fields.hpp"
#include "text.hpp"

#include <array>
#include <optional>

namespace log_analytics {

namespace {

constexpr std::string_view absent = "-";

/// The text before the next space, and nothing more of it; all there is where there is none. For
/// short ones.
std::string_view take_token(cursor& in) {
  const auto rest = in.rest();
  std::size_t length = 0;
  while (length < rest.size() && rest[length] != ' ')
    ++length;
  return in.take(length);
}

void skip_spaces(cursor& in) {
  while (in.rest().starts_with(' '))
    in.skip(1);
}

std::string_view first_token(std::string_view text) { return text.substr(0, text.find(' ')); }

/// A virtual host, perhaps with a port behind it.
struct server {
  std::string_view name;
  bool with_port = false;
};

/// "example.org" or "example.org:443"; "-" and "_" are servers without a name.
std::optional<server> server_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon == text.rfind(':')) {
    const auto port = text.substr(colon + 1);
    const bool number = !port.empty() && port.size() <= 5
                        && port.find_first_not_of("0123456789") == std::string_view::npos;
    return number && is_host(text.substr(0, colon))
               ? std::optional{server{text.substr(0, colon), true}}
               : std::nullopt;
  }
  return is_host(text) ? std::optional{server{text, false}} : std::nullopt;
}

/// Whether the first of the fields between the first one and the time is the client: then what
/// stands in front of it is the virtual host. An identity of identd is neither an address nor a
/// name with a dot that a user follows.
bool client_follows(std::string_view names, bool behind_port) {
  const auto client = first_token(names);
  if (is_address(client))
    return true;
  if (client == absent || !is_host(client))
    return false;
  const auto user = trimmed(names.substr(client.size()));
  return behind_port
         || (user.find(' ') != std::string_view::npos
             && (client.find('.') != std::string_view::npos || client == "localhost"));
}

/// Whether there is a field too many: a user may have blanks in it, but then identd says nothing.
bool has_field_too_many(std::string_view names) {
  const auto ident = first_token(names);
  const auto user = trimmed(names.substr(ident.size()));
  return user.find(' ') != std::string_view::npos && (ident != absent || user.starts_with("- "));
}

/// Whether an address stands further behind: then what is in front of it is no client.
bool has_late_address(std::string_view names) {
  while (!names.empty()) {
    const auto token = first_token(names);
    if (is_address(token))
      return true;
    names = trimmed(names.substr(token.size()));
  }
  return false;
}

void set_names(std::string_view names, entry& out) {
  const auto space = names.find(' ');
  out.ident = or_absent(names.substr(0, space));
  out.user = space == std::string_view::npos ? absent : or_absent(trimmed(names.substr(space)));
}

/// The first field: an address may stand in brackets.
std::optional<std::string_view> read_first(cursor& in) {
  if (!in.rest().starts_with('['))
    return in.until(' ');
  in.skip(1);
  const auto inside = in.until(']');
  if (inside)
    in.skip(1);
  return inside;
}

/// What stands between the first field and the time, where that is the server: the client first.
std::optional<rejection> read_behind_server(const server& first, std::string_view& names,
                                            vhost_field vhost, entry& out) {
  // Of two addresses nobody can tell which one is the client's, unless it is known to be there.
  if (vhost == vhost_field::never
      || (vhost == vhost_field::maybe && !first.with_port && is_address(first.name)))
    return rejection::leading_field;
  out.vhost = first.name;
  out.shape = shape::vcommon;
  out.host = first_token(names);
  names = trimmed(names.substr(out.host.size()));
  return std::nullopt;
}

/// The host, and what identd and authentication said, up to the time's bracket; the virtual host
/// in front of them.
std::optional<rejection> read_client(cursor& in, vhost_field vhost, entry& out) {
  const auto text = read_first(in);
  if (!text || text->empty())
    return rejection::no_host;
  auto first = server_of(*text);
  if (!first)
    return rejection::bad_host;
  const auto until_time = in.until('[');
  if (!until_time)
    return rejection::no_time;
  in.skip(1);
  auto names = trimmed(*until_time);
  if (names.starts_with(':')) { // the port of an address in brackets
    first->with_port = true;
    names = trimmed(names.substr(first_token(names).size()));
  }
  out.host = first->name;
  out.shape = shape::common;
  if (names == "- -" && !first->with_port && vhost != vhost_field::always) { // nearly always
    out.ident = out.user = absent;
    return std::nullopt;
  }
  if (client_follows(names, first->with_port)) {
    if (const auto why = read_behind_server(*first, names, vhost, out))
      return why;
  } else if (first->with_port || vhost == vhost_field::always) {
    return rejection::bad_host;
  }
  if (has_field_too_many(names) || has_late_address(names))
    return rejection::leading_field;
  set_names(names, out);
  return std::nullopt;
}

/// The next quoted field; if its closing quote is missing, it ends with the line.
std::string_view take_quoted(cursor& in) {
  in.skip(1);
  const auto text = in.until_quote();
  const auto field = text ? *text : in.take(in.rest().size());
  in.skip(1);
  return or_absent(field);
}

/// What hugs a closing quote was a quote in the field: nobody can tell where that ends.
bool is_hugged(const cursor& in) { return !in.done() && !in.rest().starts_with(' '); }

bool is_referrer(std::string_view text) {
  return text == absent || text.starts_with('/') || text.find("://") != std::string_view::npos;
}

/// Referrer and agent are the first two fields in quotes. A "-" without them is the referrer, or
/// the agent behind that; other fields without quotes are not ours.
std::optional<rejection> read_tail(cursor& in, entry& out) {
  std::array<std::string_view, 2> quoted{absent, absent};
  std::size_t count = 0;
  bool dash = false; // without quotes, in front of the first in quotes
  for (skip_spaces(in); count < 2 && !in.done(); skip_spaces(in)) {
    if (in.rest().starts_with('"')) {
      quoted[count++] = take_quoted(in);
      if (is_hugged(in))
        return rejection::not_in_format;
    } else if (take_token(in) == absent && count == 0) {
      dash = true;
    }
  }
  if (count == 2 && !is_referrer(quoted[0]) && quoted[1].find("://") != std::string_view::npos
      && in.rest().starts_with('"')) // there is one more in front of them
    return rejection::not_in_format;
  const bool agent_first
      = count > 0 && ((count == 1 && dash) || !is_referrer(quoted[0])) && (count == 1 || dash);
  out.referrer = agent_first ? absent : quoted[0];
  out.agent = agent_first ? quoted[0] : quoted[1];
  if (count > 0)
    out.shape = out.shape == shape::vcommon ? shape::vcombined : shape::combined;
  return std::nullopt;
}

} // namespace

std::string_view to_string(shape s) {
  static constexpr std::array<std::string_view, shape_count> texts{
      "common", "combined", "vcommon", "vcombined", "w3c", "custom"};
  return texts[static_cast<std::size_t>(s) % shape_count];
}

std::string_view to_string(rejection why) {
  static constexpr std::array<std::string_view, rejection_count> texts{
      "the line is empty",
      "the line is a comment",
      "the line does not start with a host",
      "the host is neither an address nor a name",
      "there is another field in front of the client's address",
      "there is no [time]",
      "the date is not dd/Mon/yyyy",
      "the time is not hh:mm:ss",
      "no \"request\" follows the time",
      "the status is not 100 to 599",
      "there is no number of bytes",
      "the line is not in the format",
  };
  const auto index = static_cast<std::size_t>(why);
  return index < texts.size() ? texts[index] : "unknown";
}

std::optional<rejection> parse_into(entry& out, std::string_view line, vhost_field vhost) {
  line = without_marks(line);
  if (const auto why = none_of_a_request(line))
    return why;
  cursor in{line};
  if (auto why = read_client(in, vhost, out))
    return *why;
  const auto time = in.until(']');
  if (!time)
    return rejection::no_time;
  if (auto why = read_clf_time(*time, out))
    return *why;
  in.skip(1);
  skip_spaces(in);
  if (!in.rest().starts_with('"'))
    return rejection::no_request;
  in.skip(1);
  const auto request = in.until_quote();
  if (!request)
    return rejection::no_request;
  read_request(*request, out);
  in.skip(1);
  skip_spaces(in);
  if (auto why = read_status(take_token(in), out))
    return *why;
  skip_spaces(in);
  if (in.done() || in.rest().starts_with('"'))
    return rejection::no_bytes;
  out.bytes = read_bytes(take_token(in));
  return read_tail(in, out);
}

tl::expected<entry, rejection> parse(std::string_view line, vhost_field vhost) {
  tl::expected<entry, rejection> result;
  if (const auto why = parse_into(*result, line, vhost))
    return tl::unexpected{*why};
  return result;
}

} // namespace log_analytics
