#include <troupe/tools/json_text.hpp>

#include <cstddef>

namespace troupe::detail {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

unsigned char byte_at(std::string_view text, std::size_t i) noexcept {
  return static_cast<unsigned char>(text[i]);
}

bool within(std::string_view text, std::size_t i, unsigned char low, unsigned char high) noexcept {
  return i < text.size() && byte_at(text, i) >= low && byte_at(text, i) <= high;
}

// The length of the well-formed UTF-8 sequence at `i`, by table 3-7 of the Unicode standard: no
// overlong forms, no surrogates, nothing beyond U+10FFFF. 0: there is none.
std::size_t sequence_at(std::string_view text, std::size_t i) noexcept {
  const auto first = byte_at(text, i);
  if (first < 0x80)
    return 1;
  const auto tail = [&](std::size_t n) { return within(text, i + n, 0x80, 0xbf); };
  if (first >= 0xc2 && first <= 0xdf)
    return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned char low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : 0xbf;
    return within(text, i + 1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned char low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xf4 ? 0x8f : 0xbf;
    return within(text, i + 1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_ascii(std::string& out, unsigned char c) {
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    break;
  }
  if (c >= 0x20 && c != 0x7f) {
    out += static_cast<char>(c);
    return;
  }
  out += "\\u00";
  out += digits[c >> 4];
  out += digits[c & 0xf];
}

} // namespace

bool append_json_string(std::string& out, std::string_view text) {
  bool valid = true;
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto length = sequence_at(text, i);
    if (length == 1) {
      append_ascii(out, byte_at(text, i));
    } else if (length == 0) {
      out += "\\ufffd";
      valid = false;
    } else {
      out += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  out += '"';
  return valid;
}

std::string hex_of(std::string_view bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out += digits[byte_at(bytes, i) >> 4];
    out += digits[byte_at(bytes, i) & 0xf];
  }
  return out;
}

} // namespace troupe::detail
