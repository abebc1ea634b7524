#include <troupe/web/http_url.hpp>

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

namespace {

constexpr std::uint16_t default_port = 80;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_ipv6(const std::string& text) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

/// Takes the scheme off `text`; whether it was this one.
bool take_scheme(std::string_view& text, std::string_view scheme) {
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + 32 == b); };
  if (text.size() < scheme.size()
      || !std::equal(scheme.begin(), scheme.end(), text.begin(),
                     [&](char b, char a) { return same(a, b); }))
    return false;
  text.remove_prefix(scheme.size());
  return true;
}

/// One address, part by part; each fault ends it with a sentence.
class url_reader {
public:
  url_reader(std::string_view where, std::string_view text) : where_{where}, text_{text} {}

  http_url read() const {
    auto rest = text_;
    if (std::any_of(rest.begin(), rest.end(), [](char c) { return c <= ' ' || c > '~'; }))
      fail("no blanks, and other characters than ASCII's as %XX");
    if (take_scheme(rest, "https://"))
      fail("http: https is not spoken here, but a proxy beside this program may speak it");
    if (!take_scheme(rest, "http://"))
      fail("http://HOST[:PORT][/PATH]");
    if (rest.find('#') != std::string_view::npos)
      fail("no #fragment: it is never sent");
    const auto path = std::min(rest.find_first_of("/?"), rest.size());
    http_url url;
    read_authority(rest.substr(0, path), url);
    url.target = rest.substr(path);
    if (!url.target.starts_with('/'))
      url.target.insert(0, "/");
    return url;
  }

private:
  void read_authority(std::string_view text, http_url& url) const {
    if (text.find('@') != std::string_view::npos)
      fail("no user and password: they would be sent for all to read");
    auto port = text.rfind(':');
    if (text.starts_with('[')) {
      const auto end = text.find(']');
      if (end == std::string_view::npos)
        fail("a ] behind an IPv6 address");
      url.host = text.substr(1, end - 1);
      if (!is_ipv6(url.host))
        fail("an IPv6 address between [ and ]");
      port = end + 1 < text.size() ? end + 1 : std::string_view::npos;
    } else {
      url.host = text.substr(0, port);
      if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), [](char c) {
            return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
          }))
        fail("a host's name, an IPv4 address, or an IPv6 address between [ and ]");
    }
    if (port != std::string_view::npos)
      url.port = read_port(text.substr(port));
  }

  std::uint16_t read_port(std::string_view text) const {
    std::uint16_t port = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data() + 1, end, port);
    if (text[0] != ':' || fault != std::errc{} || stop != end || port == 0)
      fail("a port of 1 to 65535");
    return port;
  }

  [[noreturn]] void fail(std::string_view valid) const {
    auto shown = std::string{text_};
    if (const auto at = shown.find('@'); at != std::string::npos) // not into anybody's log
      shown.replace(0, at, "…");
    refuse(where_, "url", '"' + shown + '"', valid);
  }

  std::string_view where_;
  std::string_view text_;
};

} // namespace

std::string http_url::authority() const {
  auto text = host.find(':') == std::string::npos ? host : '[' + host + ']';
  if (port != default_port)
    text += ':' + std::to_string(port);
  return text;
}

http_url parse_http_url(std::string_view where, std::string_view text) {
  return url_reader{where, text}.read();
}

} // namespace troupe::detail
