#pragma once

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

/// Opens `file` and looks at its first lines, at most 1,000 of them and 1 MiB. Standard input ("-")
/// and pipes are taken as they are: what is read of them is gone.
input_check check_input(const std::string& file);

} // namespace log_analytics
