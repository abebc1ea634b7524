#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <troupe/alert.hpp>
#include <troupe/on_error.hpp>

namespace shop {

/// Writes alerts as they come, and keeps what was lost for a report at the end. Callable
/// from any thread.
class journal {
public:
  journal(std::ostream& out, troupe::time_point start) : out_(out), start_(start) {}

  void add(const troupe::alert& a);
  void add(const troupe::dead_letter& d);

  std::uint64_t alerts_raised() const;
  std::uint64_t dead_letters() const;
  void print_dead_letters() const;

private:
  /// Letters of one stage for one reason; of these the first is kept.
  struct heap {
    std::uint64_t letters = 0;
    std::string first_item;
    std::string first_reason;
  };

  mutable std::mutex mutex_;
  std::ostream& out_;
  troupe::time_point start_;
  std::uint64_t raised_ = 0;
  std::map<std::pair<std::string, troupe::errc>, heap> heaps_;
};

} // namespace shop
