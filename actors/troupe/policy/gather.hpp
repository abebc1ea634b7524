#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <troupe/options.hpp>

namespace troupe {

/// When one request to several services has been answered well enough.
///
/// all:       each service has answered, well or not; at the limit, whoever has.
/// first:     one has succeeded; the others are cancelled.
/// quorum(k): k have succeeded; the others are cancelled. Fails as soon as k are out of reach.
/// best(m):   each has answered, or the limit is over and m have succeeded. Fails as soon as m are
///            out of reach, or at the limit with fewer.
class gather {
public:
  enum class rule { all, first, quorum, best };

  static const gather all;
  static const gather first;
  static constexpr gather quorum(count k) noexcept { return gather{rule::quorum, k}; }
  static constexpr gather best(count m) noexcept { return gather{rule::best, m}; }

  constexpr rule chosen() const noexcept { return rule_; }
  /// How many services have to succeed.
  constexpr count needed() const noexcept { return needed_; }

private:
  constexpr gather(rule r, count needed) noexcept : rule_(r), needed_(needed) {}

  rule rule_;
  count needed_;
};

inline constinit const gather gather::all{gather::rule::all, 0};
inline constinit const gather gather::first{gather::rule::first, 1};

enum class gather_state {
  waiting, ///< for more answers, or for the limit
  done,    ///< the answer is what has come; whoever is still open is to be cancelled
  failed,  ///< too few can succeed: errc::quorum_unreachable; cancel whoever is still open
};

/// Decides, from one request's answers as they come in, when to wait, answer, or give up.
///
///     troupe::gather_machine m{troupe::gather::quorum(2), 3};
///     m.answer(0, true);    // waiting
///     m.answer(2, false);   // waiting: 1 may still do it
///     m.answer(1, false);   // failed
///
/// Shape:  a plain value, one per request; no clock: `expire` says that the limit is over.
/// Bound:  a byte per service.
/// Errors: std::invalid_argument from the constructor for no services, or for a k or m out of 1 to
///         the number of services; `where` says whose it is. A second answer of one service, and
///         what comes after the end, changes nothing.
class gather_machine {
public:
  gather_machine(gather how, count services, std::string_view where = "gather");

  gather_state answer(std::size_t service, bool success);
  gather_state expire();

  gather_state state() const noexcept { return state_; }
  std::size_t succeeded() const noexcept { return succeeded_; }
  std::size_t failed() const noexcept { return failed_; }
  /// Those that have not answered; after the end, those to be cancelled.
  std::vector<std::size_t> open() const;
  bool is_open(std::size_t service) const { return !answered_.at(service); }

private:
  bool all_answered() const noexcept { return succeeded_ + failed_ == answered_.size(); }
  gather_state decide() const noexcept;

  gather how_;
  std::vector<bool> answered_;
  std::size_t succeeded_ = 0;
  std::size_t failed_ = 0;
  gather_state state_ = gather_state::waiting;
};

} // namespace troupe
