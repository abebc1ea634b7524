// The one file of the examples that includes CLI11, which takes seconds to compile.
#include "command_line.hpp"

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>

#include <CLI/CLI.hpp>

namespace command_line {

struct arguments::app : CLI::App {
  using CLI::App::App;
};

arguments::arguments(const std::string& about, const std::string& name)
    : app_(std::make_unique<app>(about, name)) {}
arguments::~arguments() = default;

void arguments::show_defaults() { app_->option_defaults()->always_capture_default(); }
void arguments::footer(const std::string& text) { app_->footer(text); }

namespace {

/// What becomes another number, or none that can be compared, when it is read: -1 is 2^64 - 1.
template <class T>
std::string plain_number(const std::string& text) {
  if (std::is_unsigned_v<T> && text.starts_with('-'))
    return '"' + text + "\" is negative";
  if (std::is_floating_point_v<T> && text.find_first_of("nN") != std::string::npos) // nan, inf
    return '"' + text + "\" is not a finite number";
  return {};
}

} // namespace

template <class T>
void arguments::number(const std::string& names, T& value, const std::string& help, T least,
                       T most) {
  app_->add_option(names, value, help)->check(plain_number<T>)->check(CLI::Range(least, most));
}
template <class T>
void arguments::number(const std::string& names, T& value, const std::string& help) {
  app_->add_option(names, value, help)->check(plain_number<T>);
}

template void arguments::number(const std::string&, int&, const std::string&, int, int);
template void arguments::number(const std::string&, std::uint32_t&, const std::string&,
                                std::uint32_t, std::uint32_t);
template void arguments::number(const std::string&, std::uint64_t&, const std::string&,
                                std::uint64_t, std::uint64_t);
template void arguments::number(const std::string&, double&, const std::string&, double, double);
template void arguments::number(const std::string&, int&, const std::string&);
template void arguments::number(const std::string&, std::uint32_t&, const std::string&);
template void arguments::number(const std::string&, std::uint64_t&, const std::string&);
template void arguments::number(const std::string&, double&, const std::string&);

void arguments::text(const std::string& names, std::string& value, const std::string& help,
                     const std::string& shown_as) {
  app_->add_option(names, value, help)->type_name(shown_as);
}
void arguments::texts(const std::string& names, std::vector<std::string>& values,
                      const std::string& help) {
  app_->add_option(names, values, help);
}
void arguments::flag(const std::string& names, bool& value, const std::string& help) {
  app_->add_flag(names, value, help);
}
void arguments::flag(const std::string& names, std::function<void()> set, const std::string& help) {
  app_->add_flag_callback(names, std::move(set), help);
}
void arguments::parsed(const std::string& names,
                       const std::function<void(const std::string&)>& read, const std::string& help,
                       const std::string& shown_as) {
  app_->add_option_function<std::string>(names, read, help)->type_name(shown_as);
}
void arguments::parsed_each(const std::string& names,
                            const std::function<void(const std::string&)>& read,
                            const std::string& help, const std::string& shown_as) {
  app_->add_option_function<std::vector<std::string>>(
          names,
          [read](const std::vector<std::string>& values) {
            for (const auto& value : values)
              read(value);
          },
          help)
      ->type_name(shown_as)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}
void arguments::exclude(const std::string& name, const std::string& other) {
  app_->get_option(name)->excludes(app_->get_option(other));
}

std::optional<int> arguments::read(int argc, char** argv, std::ostream& out, std::ostream& err) {
  try {
    app_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    if ((out << app_->help()).flush())
      return 0;
    err << app_->get_name() << ": standard output: the help could not be written\n";
    return 1;
  } catch (const CLI::ParseError& e) {
    err << app_->get_name() << ": " << e.what() << " (see " << app_->get_name() << " --help)\n";
    return 2;
  }
}

bool arguments::given(const std::string& name) const { return app_->count(name) > 0; }

int arguments::written(int code) const {
  if (std::cout.flush())
    return code;
  std::cerr << app_->get_name() << ": standard output: what it prints could not be written\n";
  return 1;
}

std::string data_file(const std::string& name) {
  namespace fs = std::filesystem;
  const auto file = fs::path{"examples"} / "data" / name;
  std::error_code failure;
  for (auto folder = fs::read_symlink("/proc/self/exe", failure); folder.has_relative_path();) {
    folder = folder.parent_path();
    if (fs::exists(folder / file, failure))
      return (folder / file).string();
  }
  return file.string();
}

void refuse(const std::string& name, const std::string& text, const std::string& expected) {
  throw CLI::ValidationError(name, '"' + text + "\" is not " + expected);
}

} // namespace command_line
