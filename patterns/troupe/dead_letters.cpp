#include <troupe/dead_letters.hpp>

#include <cstddef>
#include <ostream>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace troupe {

std::ostream& operator<<(std::ostream& out, const dead_letter_line& l) {
  out << "line " << l.line << ": " << l.reason;
  if (l.item)
    out << ": " << *l.item;
  return out;
}

namespace detail {

namespace {

using json = nlohmann::json;

/// What is wrong with a line.
struct flaw {
  std::string what;
};

const json& member(const json& letter, const char* name, bool (json::*is_right)() const noexcept,
                   const char* kind) {
  const auto at = letter.find(name);
  if (at == letter.end())
    throw flaw{std::string{"has no \""} + name + '"'};
  if (!((*at).*is_right)())
    throw flaw{std::string{"its \""} + name + "\" is not " + kind};
  return *at;
}

int attempts_of(const json& letter) {
  const auto n
      = member(letter, "attempts", &json::is_number_integer, "an integer").get<long long>();
  if (!std::in_range<int>(n) || n < 0)
    throw flaw{"its \"attempts\" is out of range"};
  return static_cast<int>(n);
}

std::string text(const json& letter, const char* name) {
  return member(letter, name, &json::is_string, "a text").get<std::string>();
}

errc code_named(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(errc::remote_lost); ++i)
    if (to_string(static_cast<errc>(i)) == name)
      return static_cast<errc>(i);
  throw flaw{"its code \"" + name + "\" is unknown"};
}

int digit(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto at = digits.find(c);
  if (at == std::string_view::npos)
    throw flaw{"its \"item_hex\" is not hexadecimal"};
  return static_cast<int>(at);
}

std::string bytes_of(const std::string& hex) {
  if (hex.size() % 2 != 0)
    throw flaw{"its \"item_hex\" is not hexadecimal"};
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

std::optional<std::string> item_of(const json& letter) {
  if (letter.contains("item_hex"))
    return bytes_of(text(letter, "item_hex"));
  if (letter.contains("item"))
    return text(letter, "item");
  return std::nullopt;
}

dead_letter_line letter_on(const line& l) {
  if (l.cut())
    throw flaw{"is longer than allowed"};
  const auto letter = json::parse(l.text(), nullptr, false);
  if (!letter.is_object())
    throw flaw{"is not a JSON object"};
  dead_letter_line read;
  read.line = l.number();
  read.stage = text(letter, "stage");
  read.reason
      = error{code_named(text(letter, "code")), read.stage, text(letter, "message")}.with_attempts(
          attempts_of(letter));
  read.time = text(letter, "time");
  read.item = item_of(letter);
  if (letter.contains("run"))
    read.run = text(letter, "run");
  return read;
}

} // namespace

error letter_reader::malformed(std::uint64_t number, const std::string& why) const {
  return {errc::stage_failed, {}, file_ + ":" + std::to_string(number) + ": " + why};
}

result<std::optional<dead_letter_line>> letter_reader::operator()(const line& l) const {
  try {
    auto letter = letter_on(l);
    if (!stage_.empty() && letter.stage != stage_)
      return std::nullopt;
    return letter;
  } catch (const flaw& f) {
    return tl::unexpected{malformed(l.number(), f.what)};
  } catch (const json::exception& e) {
    return tl::unexpected{malformed(l.number(), e.what())};
  }
}

result<std::optional<std::string>> item_reader::operator()(const line& l) const {
  auto letter = letters_(l);
  if (!letter)
    return tl::unexpected{std::move(letter).error()};
  if (!*letter)
    return std::nullopt;
  if (!(*letter)->item)
    return tl::unexpected{letters_.malformed(l.number(), "has no item: it could not be printed")};
  return std::move((*letter)->item);
}

flow<line> letter_lines(const std::string& name, const std::filesystem::path& path,
                        const replay_options& options) {
  return lines(name + " lines", path,
               {.buffer = options.buffer, .longest = options.longest, .too_long = long_line::cut});
}

stage_options letter_stage(const replay_options& options) {
  return {.buffer = options.buffer, .on_error = options.on_error};
}

} // namespace detail

flow<dead_letter_line> dead_letters(std::string name, std::filesystem::path path,
                                    replay_options options) {
  return detail::letter_lines(name, path, options)
         | stage(name, detail::letter_reader{path, options.stage}, detail::letter_stage(options));
}

} // namespace troupe
