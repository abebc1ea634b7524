#pragma once

#include <span>
#include <string_view>

/// What the command knows about an example: CMake reads it from the first line of the example's
/// main file.
struct example {
  std::string_view name; ///< also of its executable, which stands beside the command's
  std::string_view description;
};

std::span<const example> examples() noexcept;

/// The version of troupe that the command was built with, "0.1.0".
std::string_view troupe_version() noexcept;
