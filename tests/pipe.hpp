#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace support {

/// A pipe whose one end is in the hands of the test.
class pipe_input {
public:
  pipe_input() { REQUIRE(::pipe(ends_.data()) == 0); }
  pipe_input(const pipe_input&) = delete;
  pipe_input& operator=(const pipe_input&) = delete;
  ~pipe_input() {
    ::close(ends_[0]);
    close();
  }

  int descriptor() const { return ends_[0]; }
  std::filesystem::path path() const { return "/dev/fd/" + std::to_string(ends_[0]); }
  void write(std::string_view text) const {
    for (std::size_t n = 0; n < text.size();) {
      const auto written = ::write(ends_[1], text.data() + n, text.size() - n);
      REQUIRE(written > 0);
      n += static_cast<std::size_t>(written);
    }
  }
  void close() {
    if (ends_[1] >= 0)
      ::close(std::exchange(ends_[1], -1));
  }

private:
  std::array<int, 2> ends_{-1, -1};
};

} // namespace support
