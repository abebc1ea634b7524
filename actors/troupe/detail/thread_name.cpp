#include <troupe/detail/thread_name.hpp>

#include <array>
#include <cstddef>

#ifdef __linux__
#include <pthread.h>
#endif

namespace troupe::detail {

namespace {

constexpr std::size_t most_bytes = 15; // the kernel's, without the end of the text

std::string_view cut(std::string_view name) noexcept {
  if (name.size() <= most_bytes)
    return name;
  const auto inside_of_a_character
      = [&](std::size_t i) { return (static_cast<unsigned char>(name[i]) & 0xC0U) == 0x80U; };
  std::size_t end = most_bytes;
  while (end > 0 && inside_of_a_character(end))
    --end;
  return name.substr(0, end);
}

} // namespace

std::string thread_name(std::string_view name) { return std::string{cut(name)}; }

void name_this_thread([[maybe_unused]] std::string_view name) noexcept {
#ifdef __linux__
  std::array<char, most_bytes + 1> text{};
  cut(name).copy(text.data(), most_bytes);
  ::pthread_setname_np(::pthread_self(), text.data());
#endif
}

} // namespace troupe::detail
