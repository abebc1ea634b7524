#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <caf/fwd.hpp>

#include <troupe/observer.hpp>
#include <troupe/run/head_count.hpp>
#include <troupe/standing.hpp>

namespace troupe::detail {

/// A run or a service, as the book of its actor system lists it.
class listed : public observable {
public:
  virtual troupe::standing standing() const = 0;
  /// Its actors that are not gone.
  virtual std::uint64_t actors_left() const = 0;
};

class seats;

/// What the library knows of an actor system: which runs and services have actors in it, and how
/// many more may come.
///
/// Bound: an entry for each of them, and itself as long as there is one.
/// Cost:  a lock for each actor that comes or goes, none for an item.
class system_book : public std::enable_shared_from_this<system_book> {
public:
  /// That of `sys`, with the limits of its configuration if that is ours. Errors:
  /// std::invalid_argument for a limit that is none.
  static std::shared_ptr<system_book> of(caf::actor_system& sys);

  explicit system_book(head_limits limits) : limits_(limits) {}
  system_book(const system_book&) = delete;
  system_book& operator=(const system_book&) = delete;
  ~system_book();

  /// Room for all of them. Errors: std::system_error, resource_unavailable_try_again, as where
  /// there is no thread: nothing is taken then.
  seats reserve(const std::vector<head_request>& wanted);
  /// Room in any case.
  seats force(head_count heads);
  /// As `reserve`, but only asks.
  void check(const std::vector<head_request>& wanted) const;
  head_count taken() const;

  /// Those that are listed, in the order in which they came.
  std::vector<std::shared_ptr<const listed>> list() const;

private:
  friend class seats;
  friend class listing;
  void give_back(head_count heads) noexcept;

  const head_limits limits_;
  mutable std::mutex mutex_; ///< guards all below
  head_count taken_;
  std::map<std::uint64_t, std::weak_ptr<const listed>> list_;
  std::uint64_t last_ = 0;
};

/// Room for some actors, given back at the end.
class seats {
public:
  seats() = default;
  seats(seats&& other) noexcept;
  seats& operator=(seats&& other) noexcept;
  ~seats() { give_back(); }

  void give_back() noexcept;
  /// Room for one actor: of these, or beyond them and all limits, for who takes the place of one
  /// that is gone. Nothing of an empty one.
  seats split(bool own_thread);
  /// Adds `more`, which is of the same book.
  void join(seats more);
  const std::shared_ptr<system_book>& book() const noexcept { return book_; }

private:
  friend class system_book;
  seats(std::shared_ptr<system_book> book, head_count heads)
      : book_(std::move(book)), heads_(heads) {}

  std::shared_ptr<system_book> book_;
  head_count heads_;
};

/// While it lives, `who` is listed.
class listing {
public:
  listing(std::shared_ptr<system_book> book, std::weak_ptr<const listed> who);
  listing(const listing&) = delete;
  listing& operator=(const listing&) = delete;
  ~listing();

  const std::shared_ptr<system_book>& book() const noexcept { return book_; }

private:
  std::shared_ptr<system_book> book_;
  std::uint64_t number_ = 0;
};

} // namespace troupe::detail
