#include <troupe/run/system_book.hpp>

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <caf/actor_system.hpp>

#include <troupe/config.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

namespace {

/// The books of all systems, by their address: it is another's when a system is gone, but so is the
/// book then.
struct library {
  std::mutex mutex;
  std::unordered_map<const caf::actor_system*, std::weak_ptr<system_book>> books;

  // Never destroyed: a run in a static variable may end late.
  static library& get() {
    static auto* const only = new library;
    return *only;
  }
};

std::optional<std::size_t> checked(std::string_view option, const std::optional<count>& limit) {
  if (!limit)
    return std::nullopt;
  check_count("config", option, *limit, 0, largest_count);
  return static_cast<std::size_t>(*limit);
}

head_limits limits_of(const caf::actor_system& sys) {
  const auto* const ours = dynamic_cast<const config*>(&sys.config());
  if (ours == nullptr)
    return {};
  return {checked("limits.most_actors", ours->limits.most_actors),
          checked("limits.most_own_threads", ours->limits.most_own_threads)};
}

} // namespace

// -- system_book -----------------------------------------------------------------------------------

std::shared_ptr<system_book> system_book::of(caf::actor_system& sys) {
  auto& all = library::get();
  const std::lock_guard lock{all.mutex};
  if (const auto known = all.books.find(&sys); known != all.books.end())
    if (auto book = known->second.lock())
      return book;
  auto book = std::make_shared<system_book>(limits_of(sys));
  all.books[&sys] = book;
  return book;
}

system_book::~system_book() {
  auto& all = library::get();
  const std::lock_guard lock{all.mutex};
  // There may be a new one of our system by now.
  std::erase_if(all.books, [](const auto& entry) { return entry.second.expired(); });
}

seats system_book::reserve(const std::vector<head_request>& wanted) {
  head_count all;
  for (const auto& w : wanted)
    all += w.heads;
  const std::lock_guard lock{mutex_};
  if (const auto why = limits_.refusal(wanted, taken_))
    throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again), *why};
  taken_ += all;
  return {shared_from_this(), all};
}

seats system_book::force(head_count heads) {
  const std::lock_guard lock{mutex_};
  taken_ += heads;
  return {shared_from_this(), heads};
}

void system_book::check(const std::vector<head_request>& wanted) const {
  const std::lock_guard lock{mutex_};
  if (const auto why = limits_.refusal(wanted, taken_))
    throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again), *why};
}

head_count system_book::taken() const {
  const std::lock_guard lock{mutex_};
  return taken_;
}

void system_book::give_back(head_count heads) noexcept {
  const std::lock_guard lock{mutex_};
  taken_ -= heads;
}

std::vector<std::shared_ptr<const listed>> system_book::list() const {
  std::vector<std::shared_ptr<const listed>> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [number, who] : list_)
    if (auto there = who.lock())
      all.push_back(std::move(there));
  return all;
}

// -- seats -----------------------------------------------------------------------------------------

seats::seats(seats&& other) noexcept
    : book_(std::move(other.book_)), heads_(std::exchange(other.heads_, {})) {}

seats& seats::operator=(seats&& other) noexcept {
  if (this != &other) {
    give_back();
    book_ = std::move(other.book_);
    heads_ = std::exchange(other.heads_, {});
  }
  return *this;
}

void seats::give_back() noexcept {
  // The last who lets go of the book does so without its lock.
  if (const auto book = std::exchange(book_, nullptr))
    book->give_back(std::exchange(heads_, {}));
}

seats seats::split(bool own_thread) {
  if (book_ == nullptr)
    return {};
  const head_count one{1, own_thread ? 1U : 0U};
  const head_count mine{std::min(heads_.actors, one.actors),
                        std::min(heads_.own_threads, one.own_threads)};
  head_count beyond = one;
  beyond -= mine;
  auto split_off = book_->force(beyond);
  heads_ -= mine;
  split_off.heads_ += mine;
  return split_off;
}

void seats::join(seats more) {
  if (book_ == nullptr)
    book_ = more.book_;
  heads_ += std::exchange(more.heads_, {});
}

// -- listing ---------------------------------------------------------------------------------------

listing::listing(std::shared_ptr<system_book> book, std::weak_ptr<const listed> who)
    : book_(std::move(book)) {
  const std::lock_guard lock{book_->mutex_};
  number_ = ++book_->last_;
  book_->list_.emplace(number_, std::move(who));
}

listing::~listing() {
  const std::lock_guard lock{book_->mutex_};
  book_->list_.erase(number_);
}

} // namespace troupe::detail
