// The `troupe` command: lists the examples, or becomes one of them.
//
//   troupe list                  troupe run EXAMPLE [ARGS…]
//
// Exit status: 0 fine, 1 the job failed, 2 wrong usage.

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <registry.hpp>

namespace {

constexpr int job_failed = 1;
constexpr int wrong_usage = 2;

int list() {
  std::size_t width = 0;
  for (const auto& e : examples())
    width = std::max(width, e.name.size());
  for (const auto& e : examples())
    std::cout << std::left << std::setw(static_cast<int>(width) + 2) << e.name << e.description
              << '\n';
  return std::cout.flush() ? 0 : job_failed;
}

int unknown(const std::string& name) {
  std::cerr << "troupe: there is no example \"" << name << "\"; there are:";
  const char* before = " ";
  for (const auto& e : examples())
    std::cerr << std::exchange(before, ", ") << e.name;
  std::cerr << '\n';
  return wrong_usage;
}

/// Replaces this process by the example, so that signals and the exit status are the example's own.
int run(const std::string& name, const std::vector<char*>& args) {
  const auto all = examples();
  if (std::none_of(all.begin(), all.end(), [&](const example& e) { return e.name == name; }))
    return unknown(name);

  std::string path = std::filesystem::read_symlink("/proc/self/exe").replace_filename(name);
  std::vector<char*> argv{path.data()};
  argv.insert(argv.end(), args.begin(), args.end());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  std::cerr << "troupe: cannot start " << path << ": "
            << std::error_code{errno, std::generic_category()}.message() << '\n';
  return job_failed;
}

int command(int argc, char** argv) {
  CLI::App app{"Lists and runs the examples of troupe, concurrency patterns on CAF actors."};
  app.name("troupe");
  app.require_subcommand(1);
  app.set_version_flag("--version", "troupe " + std::string{troupe_version()});
  const auto* list_command = app.add_subcommand("list", "List the examples, one a line");
  auto* run_command = app.add_subcommand("run", "Run an example: troupe run EXAMPLE [ARGS...]");
  std::string name;
  run_command->add_option("EXAMPLE", name, "Its name, as `troupe list` shows it")->required();
  run_command->footer("All that follows EXAMPLE is given to it: troupe run log_analytics --help");

  // What follows the example's name is the example's, `--help` and `--version` too: hide it here.
  const bool runs_example = argc > 2 && argv[1] == std::string{"run"} && argv[2][0] != '-';
  const int ours = runs_example ? 3 : argc;
  try {
    app.parse(ours, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : wrong_usage;
  }
  return *list_command ? list() : run(name, {argv + ours, argv + argc});
}

} // namespace

int main(int argc, char** argv) {
  try {
    return command(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "troupe: " << e.what() << '\n';
    return job_failed;
  }
}
