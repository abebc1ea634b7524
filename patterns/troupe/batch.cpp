#include <troupe/batch.hpp>

namespace troupe::detail {

std::size_t check_batch(const std::string& name, const batch_options& options) {
  const auto size = options.size.value();
  const auto hold = options.hold.value();
  if (size < 0)
    refuse("batch", name, "size", std::to_string(size), "at least 1, or 0 for batches by time");
  if (size > 0)
    check_count("batch", name, "size", options.size);
  if (options.within < duration::zero())
    refuse("batch", name, "within", std::to_string(options.within.count()) + " ns",
           "at least 0, where 0 means for batches by size");
  if (size == 0 && options.within == duration::zero())
    refuse("batch", name, "size", "0", "at least 1, unless within is given");
  if (hold < 0 || (hold > 0 && hold < size))
    refuse("batch", name, "hold", std::to_string(hold),
           "at least size (" + std::to_string(size) + "), or 0 to choose");
  if (hold > 0)
    check_count("batch", name, "hold", options.hold);
  constexpr std::size_t groups = 16;
  constexpr std::size_t by_time = 16 * 1024;
  if (hold > 0)
    return options.hold;
  return size > 0 ? groups * options.size : by_time;
}

} // namespace troupe::detail
