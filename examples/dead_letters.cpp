// dead_letters: orders that fail are kept in a file, and tried again when the fault is mended.
//
//   orders --> price --> book                 replay --> price, mended --> book
//                |                               ^
//                +--> dead letters: a line of JSON each
//
// Half of the price list is missing at first. What fails costs nobody else anything: it is written
// with its stage, reason and text, and read back later.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include <troupe/troupe.hpp>

namespace tr = troupe;

namespace {

struct order {
  int number = 0;
  std::string item;

  friend std::ostream& operator<<(std::ostream& out, const order& o) {
    return out << o.number << ';' << o.item;
  }
};

/// As it was printed into the file.
std::optional<order> parse(const std::string& text) {
  const auto semicolon = text.find(';');
  if (semicolon == std::string::npos)
    return std::nullopt;
  return order{std::atoi(text.c_str()), text.substr(semicolon + 1)};
}

using prices = std::map<std::string, int>;

auto price_from(const prices& list) {
  return [&list](const order& o) {
    const auto found = list.find(o.item);
    if (found == list.end())
      throw std::runtime_error{"there is no price for " + o.item};
    return found->second;
  };
}

} // namespace

int main() {
  std::vector<order> orders;
  orders.reserve(1'000);
  for (int i = 1; i <= 1'000; ++i)
    orders.push_back({i, i % 4 == 0 ? "hat" : i % 7 == 0 ? "scarf" : "shoe"});
  prices list{{"shoe", 8'000}};
  long booked = 0;
  const auto book = tr::sink("book", [&](int cents) { booked += cents; });
  const auto file
      = std::filesystem::temp_directory_path() / ("dead_letters." + std::to_string(::getpid()));

  tr::config cfg;
  caf::actor_system sys{cfg};
  tr::dead_letter_file letters{file};
  const auto first = tr::start(sys,
                               tr::from("orders", orders)
                                   | tr::stage("price", price_from(list),
                                               {.on_error = tr::on_error::dead_letter})
                                   | book,
                               tr::run_options{.dead_letters = letters})
                         .wait();
  letters.close();
  std::cout << first << booked / 100 << " euros are booked; the first letters:\n";
  std::ifstream lines{file};
  std::string line;
  for (int i = 0; i < 3 && std::getline(lines, line); ++i)
    std::cout << "  " << line << '\n';

  list.emplace("hat", 2'500);
  list.emplace("scarf", 1'500);
  const auto again = tr::start(sys, tr::replay<order>("again", file, parse, {.stage = "price"})
                                        | tr::stage("price", price_from(list)) | book)
                         .wait();
  std::filesystem::remove(file);
  std::cout << "\nwith the whole price list:\n"
            << again << booked / 100
            << " euros are booked. Each order counts once: " << first.stage("book").delivered
            << " at first, " << again.stage("book").delivered << " out of the file.\n";
  return again.clean() && first.stage("book").delivered + again.stage("book").delivered == 1'000
             ? 0
             : 1;
}
