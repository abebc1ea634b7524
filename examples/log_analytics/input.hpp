#pragma once

#include "line_format.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// Which of `inputs` the file `output` is, by whatever name or link; empty: none of them.
std::string input_that_is(const std::string& output, const std::vector<std::string>& inputs);

/// Whether the text of `file` may begin with this: false only if it is known.
bool may_begin_with(const std::string& file, char first);

/// Opens `file` and looks at its first lines, at most 1,000 of them and 1 MiB. Standard input ("-")
/// and pipes are taken as they are: what is read of them is gone.
input_check check_input(const std::string& file, const line_format& format = {});

} // namespace log_analytics
