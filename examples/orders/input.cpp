#include "orders/input.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace fs = std::filesystem;

namespace shop {

namespace {

constexpr std::array<std::string_view, 5> items{"tea", "bread", "cheese", "lamp", "umbrella"};

void write_malformed(std::ostream& out, std::uint64_t n) {
  switch (n / malformed_every % 3) {
  case 0:
    out << "call back Ms Miller\n";
    return;
  case 1:
    out << 10'000 + n << ",tea,many\n";
    return;
  default:
    out << 10'000 + n << ",lamp,-1\n";
  }
}

void write_orders(std::ostream& out, std::uint64_t lines) {
  for (std::uint64_t n = 1; n <= lines; ++n)
    if (n % malformed_every == 0)
      write_malformed(out, n);
    else
      out << 10'000 + n << ',' << items.at(n * 7 % items.size()) << ',' << 1 + n % 4 << '\n';
}

} // namespace

made_input::made_input(std::uint64_t lines) {
  std::error_code error;
  auto name = (fs::temp_directory_path(error) / "orders.XXXXXX").string();
  if (!error && ::mkdtemp(name.data()) == nullptr)
    error = {errno, std::generic_category()};
  if (error)
    throw std::runtime_error("cannot make a temporary folder: " + error.message()
                             + "; set TMPDIR to a folder that can be written");
  folder_ = name;
  std::ofstream out{path()};
  write_orders(out, lines);
  if (out.close(); !out) {
    fs::remove_all(folder_, error);
    throw std::runtime_error("cannot write " + path().string());
  }
}

made_input::~made_input() {
  std::error_code error;
  fs::remove_all(folder_, error);
  if (error)
    std::cerr << "orders: " << folder_ << " is left: " << error.message() << '\n';
}

} // namespace shop
