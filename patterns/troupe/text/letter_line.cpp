#include <troupe/text/letter_line.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>

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

std::string utc_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
  const std::time_t seconds = us / 1'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> date{};
  const auto length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(us % 1'000'000));
  return std::string{date.data(), length} + fraction.data();
}

} // namespace troupe::detail
