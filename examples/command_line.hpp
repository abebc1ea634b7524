#pragma once

#include <exception>
#include <iostream>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>

// What the examples do alike with their arguments, their output and what goes wrong.
namespace command_line {

/// Reads the arguments. The exit code, if that was all: after --help, and for wrong usage.
inline std::optional<int> read(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& e) {
    std::cerr << app.get_name() << ": " << e.what() << " (see " << app.get_name() << " --help)\n";
    return 2;
  }
}

/// The exit code of a job, unless its output could not be written.
inline int written(const CLI::App& app, int code) {
  if (std::cout.flush())
    return code;
  std::cerr << app.get_name() << ": standard output: what it prints could not be written\n";
  return 1;
}

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
