#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <troupe/kernel/item_kernel.hpp>
#include <troupe/policy/overflow.hpp>

namespace troupe::detail {

/// What one offer has cost a full inbox: found out under its lock, told without it.
template <class T>
struct inbox_losses {
  std::vector<T> dropped = {};
  T* incoming = nullptr; ///< the offered item, if it was given up, or goes elsewhere
  T* shed = nullptr;     ///< the offered item, if it was refused
  std::shared_ptr<const loss_report> report = {};

  bool any() const noexcept { return incoming != nullptr || shed != nullptr || !dropped.empty(); }

  void tell(const overflow& policy, const std::function<void(T)>& on_drop, std::size_t capacity) {
    const auto* const target = policy.target<T>();
    if (incoming != nullptr && target == nullptr)
      dropped.push_back(std::move(*incoming));
    // Shown first: a hook may throw. What can only be moved is the hook's.
    for (auto& item : dropped)
      show(loss::dropped, on_drop ? glimpse_of(item) : view_of(item, true), capacity);
    if (shed != nullptr) // it stays with who offered it
      show(loss::shed, glimpse_of(*shed), capacity);
    if (incoming != nullptr && target != nullptr)
      (*target)(std::move(*incoming));
    if (on_drop)
      for (auto& item : dropped)
        on_drop(std::move(item));
  }

private:
  void show(loss what, const item_view& item, std::size_t capacity) const {
    if (report != nullptr && report->wants(what))
      report->show(
          {errc::overflow, {}, "the inbox is full: " + std::to_string(capacity) + " items"}, item);
  }
};

} // namespace troupe::detail
