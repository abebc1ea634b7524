#pragma once

#include <exception>
#include <functional>
#include <iosfwd>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the examples do alike with their arguments, their output and what goes wrong.
namespace command_line {

/// The arguments of a program: `--help` lists them, what is wrong is told in one line.
///
///     command_line::arguments args{"Counts words.", "word_count"};
///     args.text("FILE", o.file, "A text");
///     args.number("--top", o.top, "How many words to show (default: 10)", 1, 1'000'000);
///     if (const auto code = args.read(argc, argv))
///       return *code;
class arguments {
public:
  arguments(const std::string& about, const std::string& name);
  arguments(const arguments&) = delete;
  arguments& operator=(const arguments&) = delete;
  ~arguments();

  /// `--help` shows the values that hold where nothing is given.
  void show_defaults();
  void footer(const std::string& text);

  /// For int, std::uint32_t, std::uint64_t and double. The bounds are valid.
  template <class T>
  void number(const std::string& names, T& value, const std::string& help, T least, T most);
  template <class T>
  void number(const std::string& names, T& value, const std::string& help);
  void text(const std::string& names, std::string& value, const std::string& help,
            const std::string& shown_as = "TEXT");
  void texts(const std::string& names, std::vector<std::string>& values, const std::string& help);
  void flag(const std::string& names, bool& value, const std::string& help);
  void flag(const std::string& names, std::function<void()> set, const std::string& help);
  /// `read` may call `refuse`.
  void parsed(const std::string& names, const std::function<void(const std::string&)>& read,
              const std::string& help, const std::string& shown_as);
  /// The same, for an option that may be given several times.
  void parsed_each(const std::string& names, const std::function<void(const std::string&)>& read,
                   const std::string& help, const std::string& shown_as);
  /// Not both of them.
  void exclude(const std::string& name, const std::string& other);

  /// Reads the arguments. The exit code, if that was all: after --help, and for wrong usage.
  std::optional<int> read(int argc, char** argv, std::ostream& out = std::cout,
                          std::ostream& err = std::cerr);
  bool given(const std::string& name) const;

  /// The exit code of a job, unless its output could not be written.
  int written(int code) const;

private:
  struct app;
  std::unique_ptr<app> app_;
};

/// For a function that reads an argument: it is wrong, because `text` is not `expected`.
[[noreturn]] void refuse(const std::string& name, const std::string& text,
                         const std::string& expected);

/// `name` in examples/data of the source tree in whose build folder this program lies, or below the
/// current folder.
std::string data_file(const std::string& name);

/// Runs `command(argc, argv)`; what it throws is told, and the exit code 1.
template <class Command>
int guarded(std::string_view name, Command command, int argc, char** argv) {
  try {
    return command(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << name << ": " << e.what() << '\n';
    return 1;
  }
}

} // namespace command_line
