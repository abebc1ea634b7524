#pragma once

#include "line_format.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace log_analytics {

enum class input_state {
  readable,
  empty,    // nothing to read, and nothing wrong
  unusable, // `problem` says why
};

/// What a look at an input tells before a run is started on it.
struct input_check {
  input_state state = input_state::readable;
  std::string problem;               // one line
  std::optional<std::uint64_t> size; // in bytes, of an ordinary file that is not compressed
};

/// Whether both are one file, by whatever name or link, "-" being standard input; also one that is
/// not there yet. Not of devices and pipes, and not of an empty name.
bool is_same_file(const std::string& a, const std::string& b);

/// Whether to open it for writing would take until somebody reads it.
bool is_unread_pipe(const std::string& output);
/// Whether it is a file, and not packed; or not there yet.
bool may_be_followed(const std::string& file);

/// Whether lines of `file` may say how those behind them are to be read: false only if none of its
/// first MiB does.
bool may_have_directives(const std::string& file);

/// Opens `file` and looks at its first lines, at most 1,000 of them and 1 MiB. Standard input ("-")
/// and pipes are taken as they are: what is read of them is gone.
input_check check_input(const std::string& file, const line_format& format = {});

} // namespace log_analytics
