#include <troupe/detail/cgroup.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace troupe::detail {

namespace {

namespace fs = std::filesystem;

/// A line of /proc/self/cgroup: "4:memory:/a/b", or "0::/a/b" of version 2.
struct membership {
  std::string controllers; ///< empty: version 2
  std::string path;
};

/// A line of /proc/self/mountinfo, of a control group.
struct mount {
  bool v2 = false;
  std::string begins_at; ///< the group that is seen at `point`
  std::string point;
  std::string options;
};

bool lists(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    const auto comma = std::min(names.find(','), names.size());
    if (names.substr(0, comma) == name)
      return true;
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return false;
}

std::vector<membership> memberships(const fs::path& root) {
  std::vector<membership> all;
  std::ifstream in{root / "proc/self/cgroup"};
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second != std::string::npos)
      all.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return all;
}

// id parent device root point options [tags …] - type source options
std::vector<mount> mounts(const fs::path& root) {
  std::vector<mount> all;
  std::ifstream in{root / "proc/self/mountinfo"};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string skipped;
    std::string type;
    mount m;
    words >> skipped >> skipped >> skipped >> m.begins_at >> m.point;
    while (words >> skipped && skipped != "-") {
    }
    if (!(words >> type >> skipped >> m.options))
      continue;
    m.v2 = type == "cgroup2";
    if (m.v2 || type == "cgroup")
      all.push_back(std::move(m));
  }
  return all;
}

fs::path below(const fs::path& root, std::string_view absolute) {
  const auto slashes = std::min(absolute.find_first_not_of('/'), absolute.size());
  return root / absolute.substr(slashes);
}

bool is_in(std::string_view group, std::string_view around) {
  return group.starts_with(around)
         && (group.size() == around.size() || group[around.size()] == '/');
}

// The folders of the group and of all around it, from within.
std::vector<fs::path> folders(const fs::path& root, const mount& m, const std::string& group) {
  std::string inside = group;
  if (m.begins_at != "/") // of a container: the group may have the name that it has outside
    inside = is_in(group, m.begins_at) ? group.substr(m.begins_at.size()) : "";
  std::vector<fs::path> all;
  for (auto end = inside.size(); end != std::string::npos && end > 0; end = inside.rfind('/')) {
    inside.resize(end);
    all.push_back(below(root, m.point + inside));
  }
  all.push_back(below(root, m.point));
  return all;
}

template <class T>
std::optional<T> number_in(const fs::path& file) {
  std::ifstream in{file};
  T x{};
  return in >> x ? std::optional{x} : std::nullopt;
}

template <class T>
void take_smaller(T& limit, T found) {
  if (found > 0 && (limit == 0 || found < limit))
    limit = found;
}

// Version 1 has no word for "none" but the largest number of whole pages.
constexpr double more_than_there_is = 0x1p62;

void take_memory(cgroup_limits& limits, const fs::path& file) {
  const auto bytes = number_in<double>(file); // "max" is no number
  if (bytes && *bytes >= 1 && *bytes < more_than_there_is)
    take_smaller(limits.memory, static_cast<std::uint64_t>(*bytes));
}

void take_cpus(cgroup_limits& limits, double quota, double period) {
  if (quota > 0 && period > 0 && std::isfinite(quota / period))
    take_smaller(limits.cpus, quota / period);
}

void take_v2(cgroup_limits& limits, const fs::path& folder) {
  take_memory(limits, folder / "memory.max");
  std::ifstream in{folder / "cpu.max"};
  double quota = 0;
  double period = 0;
  if (in >> quota >> period)
    take_cpus(limits, quota, period);
}

void take_v1(cgroup_limits& limits, const fs::path& folder, const std::string& controllers) {
  if (lists(controllers, "memory"))
    take_memory(limits, folder / "memory.limit_in_bytes");
  if (!lists(controllers, "cpu"))
    return;
  const auto quota = number_in<double>(folder / "cpu.cfs_quota_us"); // -1: none
  const auto period = number_in<double>(folder / "cpu.cfs_period_us");
  if (quota && period)
    take_cpus(limits, *quota, *period);
}

bool is_seen_at(const membership& in, const mount& m) {
  if (in.controllers.empty() || m.v2)
    return in.controllers.empty() && m.v2;
  return (lists(in.controllers, "memory") && lists(m.options, "memory"))
         || (lists(in.controllers, "cpu") && lists(m.options, "cpu"));
}

} // namespace

cgroup_limits read_cgroup_limits(const fs::path& root) {
  cgroup_limits limits;
  const auto seen = mounts(root);
  for (const auto& group : memberships(root))
    for (const auto& m : seen) {
      if (!is_seen_at(group, m))
        continue;
      for (const auto& folder : folders(root, m, group.path))
        m.v2 ? take_v2(limits, folder) : take_v1(limits, folder, group.controllers);
    }
  return limits;
}

std::uint64_t read_machine_memory(const fs::path& root) {
  std::ifstream in{root / "proc/meminfo"};
  std::string what;
  std::uint64_t kib = 0;
  return in >> what >> kib && what == "MemTotal:" ? kib * 1024 : 0;
}

std::size_t threads_for(std::size_t cores, double cpus) noexcept {
  const auto all = std::max<std::size_t>(cores, 1);
  if (!(cpus > 0) || cpus >= static_cast<double>(all))
    return all;
  return static_cast<std::size_t>(std::ceil(cpus));
}

machine_share this_machine() {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds fresh_for{10};
  static std::mutex mutex;
  static std::optional<machine_share> last;
  static clock::time_point read_at;
  const std::lock_guard lock{mutex};
  if (const auto now = clock::now(); !last || now - read_at >= fresh_for) {
    last = {read_cgroup_limits(), read_machine_memory(),
            std::max<std::size_t>(std::thread::hardware_concurrency(), 1)};
    read_at = now;
  }
  return *last;
}

} // namespace troupe::detail
