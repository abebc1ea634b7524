// word_count: the most frequent words of a text, counted by workers that own some each.
//
//                 +--> split 0 --+             +--> count 0, its table --+
//   read, lines --+--> split 1 --+--> by word -+--> count 1, its table --+--> tables --> top ten
//                 +-->   ...   --+             +-->   ...              --+
//
// The same word always goes to the same worker: no table is shared, nothing is locked, and no two
// tables need to be added up. A worker hands on its table with its first word and goes on counting
// in it; whoever reads it waits for the end of the run, and so for that of all workers.
//
// However long the text, of it only what is on the edges is in memory. The tables grow with the
// distinct words, by about 100 bytes each: that is what is asked for.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "command_line.hpp"

#include <troupe/shutdown_signals.hpp>
#include <troupe/troupe.hpp>

namespace tr = troupe;

namespace {

struct options {
  std::string file;
  std::size_t top = 10;
  std::size_t workers = 4;
};

/// Bytes of the letter or digit that `text` begins with, 0 for anything else. Beyond ASCII all of
/// UTF-8 counts as letters but the signs of Latin-1, dashes and quotation marks.
std::size_t letter(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto first = byte(0);
  if (first < 0x80)
    return (first >= '0' && first <= '9') || ((first | 0x20U) >= 'a' && (first | 0x20U) <= 'z');
  if (first < 0xc3 || first > 0xf4 || (first == 0xe2 && byte(1) < 0x82))
    return 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0U) != 0x80)
      return 0;
  return size;
}

/// The words of a line, found one at a time: a range for flat_map that needs no vector.
class words {
public:
  class iterator {
  public:
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    explicit iterator(std::string_view text) : rest_(text) { ++*this; }

    std::string operator*() const {
      std::string word{word_};
      for (char& c : word)
        if (c >= 'A' && c <= 'Z')
          c = static_cast<char>(c - 'A' + 'a');
      return word;
    }
    iterator& operator++() {
      while (!rest_.empty() && letter(rest_) == 0)
        rest_.remove_prefix(1);
      std::size_t size = 0;
      while (const auto more = letter(rest_.substr(size)))
        size += more;
      word_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) { return i.word_.empty(); }

  private:
    std::string_view rest_;
    std::string_view word_;
  };

  explicit words(tr::line line) : line_(std::move(line)) {}
  iterator begin() const { return iterator{line_}; }
  static std::default_sentinel_t end() { return {}; }

private:
  tr::line line_; // keeps the text alive
};

using table = std::unordered_map<std::string, std::uint64_t>;
using shared_table = std::shared_ptr<const table>;

tr::flow<void> counting(const options& o, std::vector<shared_table>& tables) {
  // Each worker has its own copy of this function, and so a table of its own.
  const auto count = [mine = std::shared_ptr<table>{}](
                         const std::string& word) mutable -> std::optional<shared_table> {
    const bool first = mine == nullptr;
    if (first)
      mine = std::make_shared<table>();
    ++(*mine)[word];
    return first ? std::optional<shared_table>{mine} : std::nullopt;
  };
  // A line must fit into memory; that of a text without any line ends may not.
  return tr::lines("read", o.file, {.longest = 16 * 1024 * 1024})
         | tr::flat_map("split", [](tr::line l) { return words{std::move(l)}; },
                        {.parallel = 2, .order = tr::emit::as_completed})
         | tr::fan_out(
             "count", count,
             {.workers = o.workers, .to = tr::dispatch::by_key<std::string>(std::identity{})})
         | tr::fan_in("tables") | tr::collect("result", tables);
}

/// A word of 100 KB is no help on a terminal.
std::string shown(std::string_view word) {
  constexpr std::size_t longest = 60;
  if (word.size() <= longest)
    return std::string{word};
  auto size = longest;
  while ((static_cast<unsigned char>(word[size]) & 0xc0U) == 0x80) // in the midst of a character
    --size;
  return std::string{word.substr(0, size)} + "...";
}

std::uint64_t occurrences(const table& t) {
  std::uint64_t sum = 0;
  for (const auto& [word, n] : t)
    sum += n;
  return sum;
}

void print_top(const std::vector<shared_table>& tables, std::size_t n, std::uint64_t all) {
  std::vector<const table::value_type*> entries;
  for (const auto& t : tables)
    for (const auto& entry : *t)
      entries.push_back(&entry);
  const auto rows = std::min(n, entries.size());
  std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(rows),
                    entries.end(), [](const auto* a, const auto* b) {
                      return a->second != b->second ? a->second > b->second : a->first < b->first;
                    });
  entries.resize(rows);
  for (const auto* entry : entries) {
    const auto share = static_cast<double>(entry->second) / static_cast<double>(all);
    std::cout << std::setw(10) << entry->second << std::fixed << std::setprecision(2)
              << std::setw(8) << 100 * share << " %  " << shown(entry->first) << '\n';
  }
}

void print(const options& o, const std::vector<shared_table>& tables, const tr::report& end) {
  std::uint64_t all = 0;
  std::size_t distinct = 0;
  for (const auto& t : tables) {
    all += occurrences(*t);
    distinct += t->size();
  }
  print_top(tables, o.top, all);
  std::cout << '\n'
            << all << " words, " << distinct << " distinct ones, in " << end.stage("read").delivered
            << " lines; " << std::chrono::round<std::chrono::milliseconds>(end.elapsed()).count()
            << " ms\n";
  for (const auto& t : tables)
    std::cout << "a worker counted " << std::setw(10) << occurrences(*t) << " of " << std::setw(8)
              << t->size() << " distinct ones\n";
}

int fail(const std::string& problem) {
  std::cerr << "word_count: " << problem << '\n';
  return 1;
}

int count_words(const options& o) {
  tr::shutdown_signals signals;
  tr::config cfg;
  caf::actor_system sys{cfg};
  std::vector<shared_table> tables;
  tr::run run = tr::start(sys, counting(o, tables));
  const tr::report end = signals.wait(run);
  if (const auto& error = end.error()) {
    const bool long_line = error->message().find("longer than") != std::string::npos;
    return fail(to_string(*error)
                + (long_line ? "; break it up: tr -s '[:blank:]' '\\n' <FILE | word_count -"
                             : "; see word_count --help"));
  }
  if (signals.received() > 0)
    std::cerr << "word_count: interrupted; of what was read so far:\n";
  if (tables.empty())
    return fail("there is not one word in " + o.file);
  print(o, tables, end);
  if (!std::cout.flush())
    return fail("standard output: the table could not be written");
  return signals.received() > 0 ? 128 + signals.first() : 0; // as shells have it
}

int command(int argc, char** argv) {
  options o;
  command_line::arguments args{"Counts the words of a text and shows the most frequent ones.",
                               "word_count"};
  args.text(
      "FILE", o.file,
      "A text, plain or gzip; - is standard input. Default: a speech, the Gettysburg Address");
  args.number("--top", o.top, "How many words to show (default: 10)", std::size_t{1},
              std::size_t{1'000'000});
  args.number("--workers", o.workers, "How many actors count (default: 4)", std::size_t{1},
              std::size_t{256});
  args.footer("A word is what is between anything but letters and digits, in lower case: a to z, "
              "others stay as they are.\n"
              "Exit codes: 0 fine, 1 the job failed, 2 wrong usage.");
  if (const auto code = args.read(argc, argv))
    return *code;
  if (!args.given("FILE"))
    o.file = command_line::data_file("gettysburg.txt");
  if (o.file.empty()) {
    fail("no text: name a file, or - for standard input (see word_count --help)");
    return 2;
  }
  if (!args.given("FILE"))
    std::cout << "the words of " << o.file << "\n\n";
  return count_words(o);
}

} // namespace

int main(int argc, char** argv) {
  try {
    return command(argc, argv);
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}
