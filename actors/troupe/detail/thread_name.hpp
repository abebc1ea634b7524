#pragma once

#include <string>
#include <string_view>

namespace troupe::detail {

/// The beginning of `name` that a thread can be called: at most 15 bytes of whole characters.
std::string thread_name(std::string_view name);

/// What `ps -L`, `top -H` and debuggers call the calling thread from now on. Of threads that belong
/// to the library only. Does nothing where threads have no names.
void name_this_thread(std::string_view name) noexcept;

} // namespace troupe::detail
