// merge_sorted: sorted files of any size into one, in little memory.
//
//   read 1 --> sorted? --+
//   read 2 --> sorted? --+--> merge --+
//                                     +--> merge --> sorted? --> write
//   read 3 --> sorted? --+            |              and count
//   read 4 --> sorted? --+--> merge --+
//
// A merge waits until each of its inputs shows a line, or has ended, and passes on the least. Files
// are merged in pairs, the pairs in pairs: the merges of a level work side by side. In memory is
// what is on the edges, and no file: a reader reads only what the slowest merge still asks for.
//
// Lines are ordered by their bytes, as by LC_ALL=C sort. Without files it makes some, in a
// temporary folder, and removes them in the end.

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include "command_line.hpp"

#include <troupe/shutdown_signals.hpp>
#include <troupe/troupe.hpp>

namespace tr = troupe;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_files = 64; // each is read by a thread of its own

using failure = std::runtime_error;

/// A signal has ended it.
class interrupted : public failure {
public:
  using failure::failure;
};

std::string quoted(const fs::path& path) { return '"' + path.string() + '"'; }

/// Passes lines by and fails at the first that is less than the one before it.
class sorted_check {
public:
  sorted_check(std::string what, std::string advice)
      : what_(std::move(what)), advice_(std::move(advice)) {}

  void operator()(const tr::line& l) {
    if (l.text() < before_.text())
      throw failure{what_ + " is not sorted: line " + std::to_string(l.number()) + ' '
                    + shown(l.text()) + " belongs before line " + std::to_string(before_.number())
                    + ' ' + shown(before_.text()) + advice_};
    before_ = l;
  }

private:
  static std::string shown(std::string_view text) {
    constexpr std::size_t longest = 40;
    return '"' + std::string{text.substr(0, longest)} + (text.size() > longest ? "...\"" : "\"");
  }

  std::string what_;
  std::string advice_;
  tr::line before_;
};

struct tally {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
};

tr::flow<tr::line> checked_lines(const fs::path& file, const std::string& number) {
  return tr::lines("read " + number, file, {.ends = tr::line_end::feed})
         | tr::tap("sorted? " + number, sorted_check{file == "-" ? "standard input" : quoted(file),
                                                     "; sort it first: LC_ALL=C sort"});
}

tr::flow<void> merging(const std::vector<fs::path>& files, const fs::path& output, tally& done) {
  std::vector<tr::flow<tr::line>> parts;
  parts.reserve(files.size());
  for (const auto& file : files)
    parts.push_back(checked_lines(file, std::to_string(parts.size() + 1)));
  const auto by_bytes
      = tr::merge::sorted([](const tr::line& a, const tr::line& b) { return a.text() < b.text(); });
  for (int merges = 0; parts.size() > 1;) {
    std::vector<tr::flow<tr::line>> pairs;
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2)
      pairs.push_back(tr::fan_in("merge " + std::to_string(++merges), {.merge = by_bytes}, parts[i],
                                 parts[i + 1]));
    if (parts.size() % 2 == 1)
      pairs.push_back(parts.back());
    parts = std::move(pairs);
  }
  const auto merged = parts.front() | tr::tap("sorted?", sorted_check{"what comes out", ""})
                      | tr::tap("count", [&done](const tr::line& l) {
                          ++done.lines;
                          done.bytes += l.text().size() + 1;
                        });
  if (output != "-")
    return merged | tr::write_lines("write", output);
  return merged | tr::sink("write", [](const tr::line& l) {
           if (!(std::cout << l.text() << '\n'))
             throw failure{"cannot write standard output"};
         });
}

/// Before the output is replaced: an input that is missing must not cost what was there.
void check_inputs(const std::vector<fs::path>& files, const fs::path& output) {
  std::size_t from_stdin = 0;
  for (const auto& file : files) {
    std::error_code error;
    const auto written = output == "-" ? fs::path{"/dev/stdout"} : output;
    const auto read = file == "-" ? fs::path{"/dev/stdin"} : file;
    if (fs::equivalent(read, written, error) && fs::is_regular_file(written, error))
      throw failure{quoted(file)
                    + " is both read and to be written; name another file for the output"};
    if (file == "-") {
      if (++from_stdin > 1)
        throw failure{"- (standard input) can be read once only; name it once"};
      continue;
    }
    if (fs::is_directory(file, error))
      throw failure{quoted(file) + " is a directory; name the files in it"};
    if (::access(file.c_str(), R_OK) != 0)
      throw failure{"cannot read " + quoted(file) + ": " + std::generic_category().message(errno)
                    + "; nothing was written"};
  }
}

/// The most memory that this process has had, in bytes, its code included. Not getrusage: that
/// remembers what was there before exec.
std::uint64_t peak_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string key; status >> key; status.ignore(256, '\n'))
    if (std::uint64_t kib = 0; key == "VmHWM:" && status >> kib)
      return kib * 1024;
  return 0;
}

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024 * 1024); }

void print(const tally& done, std::size_t files, tr::duration took) {
  const double seconds = std::chrono::duration<double>(took).count();
  std::cerr << std::fixed << std::setprecision(1) << done.lines << " lines, " << mib(done.bytes)
            << " MiB, of " << files << " files, in order; " << std::setprecision(2) << seconds
            << " s, " << std::setprecision(1) << mib(done.bytes) / seconds << " MiB/s; peak memory "
            << mib(peak_memory()) << " MiB\n";
}

/// Why a run failed, without the number of the item: the check names the line.
std::string reason(const tr::error& e) {
  const auto& text = e.message();
  const auto colon = text.find(": ");
  return text.starts_with("item ") && colon != std::string::npos ? text.substr(colon + 2) : text;
}

tally merge_files(caf::actor_system& sys, tr::shutdown_signals& signals,
                  const std::vector<fs::path>& files, const fs::path& output) {
  check_inputs(files, output);
  tally done;
  tr::run run = tr::start(sys, merging(files, output, done));
  const tr::report end = signals.wait(run);
  if (const auto& error = end.error(); error && error->stage() == "write")
    throw failure{error->message() + "; name another file to write"};
  else if (error)
    throw failure{reason(*error) + "\nwhat is in " + quoted(output) + " is not complete"};
  if (signals.received() > 0)
    throw interrupted{"interrupted: what is in " + quoted(output) + " is not complete"};
  print(done, files.size(), end.elapsed());
  return done;
}

class temporary_folder {
public:
  temporary_folder() {
    std::error_code error;
    const auto where = fs::temp_directory_path(error);
    auto name = (where / "merge_sorted.XXXXXX").string();
    if (!error && ::mkdtemp(name.data()) == nullptr)
      error = {errno, std::generic_category()};
    if (error)
      throw failure{"cannot make a temporary folder: " + error.message()
                    + "; set TMPDIR to a folder that can be written"};
    path_ = name;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code error;
    fs::remove_all(path_, error);
    if (error)
      std::cerr << "merge_sorted: " << quoted(path_) << " is left: " << error.message() << '\n';
  }
  const fs::path& path() const { return path_; }

private:
  fs::path path_;
};

/// Ever larger numbers, each followed by where it is from.
auto rising(std::size_t lines, unsigned file) {
  return [left = lines, file, key = std::uint64_t{0},
          rng = std::minstd_rand{file}]() mutable -> std::optional<std::string> {
    if (left-- == 0)
      return std::nullopt;
    key += 1 + rng() % 1'000;
    auto digits = std::to_string(key);
    return digits.insert(0, 12 - digits.size(), '0') + " of file " + std::to_string(file);
  };
}

std::vector<fs::path> make_files(caf::actor_system& sys, const fs::path& folder, std::size_t files,
                                 std::size_t lines) {
  std::vector<fs::path> made;
  for (std::size_t i = 1; i <= files; ++i) {
    made.push_back(folder / ("sorted" + std::to_string(i)));
    const auto flow = tr::produce<std::string>("make", rising(lines, static_cast<unsigned>(i)))
                      | tr::write_lines("write", made.back());
    const auto end = tr::start(sys, flow).wait();
    if (const auto& error = end.error())
      throw failure{error->message() + "; set TMPDIR to another place"};
  }
  return made;
}

void merge_made(caf::actor_system& sys, tr::shutdown_signals& signals) {
  constexpr std::size_t files = 8;
  constexpr std::size_t lines = 100'000;
  const temporary_folder folder;
  std::cerr << "no files are named: making " << files << " sorted ones of " << lines
            << " lines each\n";
  const auto made = make_files(sys, folder.path(), files, lines);
  const auto done = merge_files(sys, signals, made, folder.path() / "merged");
  if (done.lines != files * lines)
    throw failure{"lines are missing: " + std::to_string(files * lines) + " went in"};
  std::ifstream merged{folder.path() / "merged"};
  std::string line;
  std::cout << "what comes first, of whichever file:\n";
  for (int i = 0; i < 12 && std::getline(merged, line); ++i)
    std::cout << "  " << line << '\n';
  std::cout << "  ...\n";
}

int wrong_usage(const std::string& problem) {
  std::cerr << "merge_sorted: " << problem << " (see merge_sorted --help)\n";
  return 2;
}

int command(int argc, char** argv) {
  std::vector<std::string> names;
  std::string output;
  command_line::arguments args{"Merges sorted files into one, in little memory.", "merge_sorted"};
  args.texts("FILE", names,
             "Files with lines in the order of LC_ALL=C sort, plain or gzip; - is standard "
             "input. Default: makes some in a temporary folder");
  args.text("--output,-o", output, "The file to write; replaced if it exists. - is standard output",
            "FILE");
  args.footer(
      "Exit codes: 0 fine, 1 the job failed, 2 wrong usage, 130 and 143 ended by a signal.");
  if (const auto code = args.read(argc, argv))
    return *code;
  const std::vector<fs::path> files{names.begin(), names.end()};
  if (files.empty() != output.empty())
    return wrong_usage(files.empty() ? "nothing to merge: name files, too"
                                     : "where to? name a file to write: --output FILE");
  if (files.size() > most_files)
    return wrong_usage(std::to_string(files.size()) + " files are more than "
                       + std::to_string(most_files)
                       + "; merge some of them first, then the results");

  tr::shutdown_signals signals;
  tr::config cfg;
  caf::actor_system sys{cfg};
  try {
    if (files.empty())
      merge_made(sys, signals);
    else
      merge_files(sys, signals, files, output);
  } catch (const interrupted& e) {
    std::cerr << "merge_sorted: " << e.what() << '\n';
    return 128 + signals.first(); // as shells have it
  }
  return args.written(0);
}

} // namespace

int main(int argc, char** argv) {
  return command_line::guarded("merge_sorted", command, argc, argv);
}
