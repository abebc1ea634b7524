#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace troupe::detail {

/// What this process may have of its machine. 0: there is no limit, or it cannot be told.
struct cgroup_limits {
  double cpus = 0; ///< processor seconds per second, 1 = one core
  std::uint64_t memory = 0;

  friend bool operator==(const cgroup_limits&, const cgroup_limits&) = default;
};

/// The limits of the control groups that this process is in, version 2 and 1; of groups within each
/// other the smallest. What is missing or makes no sense is no limit.
///
/// Source: cgroup-v2.rst and cgroup-v1/ of the Linux kernel; as the JVM, a group that is not to be
///         seen at its own place (a container's) is looked for where its mount begins.
cgroup_limits read_cgroup_limits(const std::filesystem::path& root = "/");

/// Bytes of memory that the machine has; 0: unknown.
std::uint64_t read_machine_memory(const std::filesystem::path& root = "/");

/// As many threads as cores, or as there is time for where that is less: parts of a core count as
/// one. At least 1.
std::size_t threads_for(std::size_t cores, double cpus) noexcept;

/// What holds for this process; `cores` are those that it may run on.
struct machine_share {
  cgroup_limits limits;
  std::uint64_t memory = 0;
  std::size_t cores = 1;
};

/// Read anew every 10 s at most: limits may change while a process runs.
machine_share this_machine();

} // namespace troupe::detail
