#include <troupe/detail/stall_root.hpp>

#include <algorithm>
#include <vector>

namespace troupe::detail {

const stall::root* root_of(const stall& waits, std::string_view stage) {
  // All that it waits for; each once, for there may be circles.
  std::vector<std::string_view> all{stage};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const auto& w : waits.waits)
      if (w.who == all[i] && std::find(all.begin(), all.end(), w.whom) == all.end())
        all.push_back(w.whom);
  const auto found = std::find_if(waits.roots.begin(), waits.roots.end(), [&](const auto& root) {
    return std::find(all.begin() + 1, all.end(), root.stage) != all.end();
  });
  return found == waits.roots.end() ? nullptr : &*found;
}

} // namespace troupe::detail
