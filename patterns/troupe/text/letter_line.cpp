#include <troupe/text/letter_line.hpp>

#include <nlohmann/json.hpp>

namespace troupe::detail {

namespace {

using json = nlohmann::ordered_json;

// Each byte that is no part of a character becomes U+FFFD.
std::string dumped(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

bool is_utf8(const std::string& text) {
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::type_error&) {
    return false;
  }
}

/// Two digits a byte.
std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 0xf];
  }
  return out;
}

} // namespace

std::string letter_line(const dead_letter& letter, std::string_view time) {
  json line{{"time", time}};
  if (!letter.run.empty())
    line["run"] = letter.run;
  line["stage"] = letter.stage;
  line["code"] = to_string(letter.reason.code());
  line["message"] = letter.reason.message();
  line["attempts"] = letter.attempts;
  if (letter.has_text || !letter.text.empty()) {
    line["item"] = letter.text;
    if (!is_utf8(letter.text))
      line["item_hex"] = hex_of(letter.text);
  }
  return dumped(line) + '\n';
}

} // namespace troupe::detail
