#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <troupe/detail/shared_breaker.hpp>
#include <troupe/error.hpp>
#include <troupe/metrics.hpp>
#include <troupe/options.hpp>
#include <troupe/report.hpp>
#include <troupe/run/system_book.hpp>

namespace troupe::detail {

/// Counts the requests of a service that is no run, and lets only so many in. Once it has ended, it
/// needs no actor system.
class request_account final : public listed, public std::enable_shared_from_this<request_account> {
public:
  request_account(caf::actor_system& sys, std::string name, pattern_kind kind, std::size_t most,
                  std::size_t workers);

  /// Room for the actors that it will keep, and until they are gone a place in the book of the
  /// system. Errors: std::system_error where that would pass the system's limits.
  void enlist(head_count heads);
  /// The service was told to end, with or without anybody who waits for that.
  void will_end(troupe::standing how);

  /// A request that is inside.
  struct visit {
    time_point since{};
    std::size_t place = 0;
  };

  /// The refusal, counted; empty: the request is inside, and `leave` is owed.
  std::optional<error> enter(visit& v);
  void leave(errc outcome, const visit& v) noexcept;
  /// A worker, by its number, is in the function from now on, or not any more.
  void begin_work(std::size_t worker);
  void end_work(std::size_t worker);
  /// The run's name in samples; empty: that of the service.
  void belongs_to(const std::string& run);
  /// A worker began anew.
  void restart();
  /// The state of this breaker is part of the samples; null: there is none.
  void show(std::shared_ptr<shared_breaker> breaker);
  time_point now() const;

  /// One that is refused for want of room.
  void turn_away();
  /// Nothing more is let in.
  void shut();
  /// Whether all that was inside has left within `limit`. Under the testing scheduler
  /// it drives that.
  bool wait_empty(duration limit);

  /// `wait_gone` waits for this actor; `forget`: no longer.
  void keep(const caf::actor& actor, troupe::thread where);
  void forget(const caf::actor& actor);
  /// Until it has ended, and all actors that it keeps are gone. Drives the testing scheduler.
  void wait_gone();
  bool is_over() const;
  std::size_t inside() const;
  /// After the end: what is inside is abandoned, and the report is final. `reason`: why it ended
  /// early, if it did.
  report finish(std::optional<error> reason = std::nullopt);

  graph_sample sample() const override;
  bool ended() const override;
  troupe::standing standing() const override;
  std::uint64_t actors_left() const override;
  stage_metrics metrics() const;
  caf::actor_system& system() const noexcept { return system_; }
  const std::string& name() const noexcept { return stage_.name; }

private:
  bool drive_empty(duration limit);
  void is_gone(caf::actor_id actor);
  void has_left();

  caf::actor_system& system_;
  const std::size_t most_;
  const time_point started_;
  mutable std::mutex mutex_; // all below
  std::condition_variable left_;
  std::string run_;
  stage_sample stage_;
  std::vector<std::optional<time_point>> visits_; ///< by place: since when, empty if free
  std::vector<std::size_t> free_places_;
  std::vector<std::optional<time_point>> at_work_; ///< by worker: since when, empty if idle
  std::shared_ptr<shared_breaker> breaker_;
  bool shut_ = false;
  std::set<caf::actor_id> kept_;
  std::size_t alive_ = 0; ///< also those that are forgotten
  seats room_;
  std::unique_ptr<listing> listing_; ///< as long as there are actors
  troupe::standing standing_ = troupe::standing::running;
  std::optional<report> report_;
  time_point ended_at_{};
};

} // namespace troupe::detail
