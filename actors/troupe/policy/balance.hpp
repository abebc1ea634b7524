#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include <troupe/error.hpp>
#include <troupe/options.hpp>

namespace troupe {

/// Which instance of a service gets the next request.
///
/// round_robin:  each in turn.
/// least_loaded: the one with the fewest requests in flight; ties go to the one idle for longest.
/// power_of_two: of two chosen at random, the one with fewer in flight: nearly as good, and callers
///               that share instances do not all run to the same one.
/// weighted:     in turn, in the ratio of the weights, evenly mixed (3:1 is a a b a).
/// sticky:       the same key goes to the same instance; when one is lost, only its keys move.
enum class balance { round_robin, least_loaded, power_of_two, weighted, sticky };

struct balancer_options {
  troupe::balance how = troupe::balance::least_loaded;
  std::vector<count> weights{};              ///< for `weighted`, one per instance; empty: all alike
  count failures = 5;                        ///< in a row, after which an instance rests
  time_span rest = std::chrono::seconds{10}; ///< until it is tried again
};

/// Chooses among instances of a service, and skips those that fail.
///
///     troupe::balancer_machine b{{.how = troupe::balance::least_loaded}, 3};
///     auto sent = b.pick(now, rng);          // sent.instance: 0..2
///     b.succeeded(sent);                     // or failed(sent, now), or gave_up(sent)
///
/// Health: an instance rests after `failures` failures in a row. When the rest is over it is on
///         trial: it gets one request, and no other until that one is answered (or, if it never is,
///         until another rest is over). A success makes it healthy, a failure lets it rest again.
///         An answer to a request from before the rest or the trial changes nothing. When all
///         instances rest, they are chosen from as if all were healthy: their own error says more
///         than a refusal, and to refuse is a circuit breaker's job.
/// Shape:  a plain value, no clock; randomness is passed in (only power_of_two uses it). `sticky`
///         hashes the key with each instance's index and takes the highest.
/// Bound:  a few words per instance.
/// Errors: std::invalid_argument from the constructor for no instances or an option out of range;
///         `where` says whose it is.
/// Cost:   one pass over the instances.
/// Source: smooth weighted round robin of nginx; "The Power of Two Choices in Randomized Load
///         Balancing" (Mitzenmacher); rendezvous hashing (Thaler, Ravishankar).
class balancer_machine {
public:
  /// What was chosen, to be given back with the answer.
  struct choice {
    std::size_t instance = 0;
    std::uint64_t epoch = 0; ///< of the instance's health when it was chosen
  };

  balancer_machine(balancer_options options, count instances, std::string_view where = "balancer");

  /// Chooses an instance and counts a request in flight; `key` is a hash, for `sticky`.
  template <std::uniform_random_bit_generator Rng>
  choice pick(time_point now, Rng& rng, std::uint64_t key = 0) {
    if (options_.how != balance::power_of_two)
      return pick_with(now, key, 0, 0);
    std::uniform_int_distribution<std::uint64_t> any;
    const auto a = any(rng);
    const auto b = any(rng);
    return pick_with(now, key, a, b);
  }

  void succeeded(choice t);
  void failed(choice t, time_point now);
  /// Its outcome says nothing about the instance, e.g. the caller cancelled it.
  void gave_up(choice t);

  std::size_t in_flight(std::size_t instance) const { return instances_.at(instance).in_flight; }
  /// Whether it would be considered now: healthy, or due for a trial.
  bool is_eligible(std::size_t instance, time_point now) const;
  std::size_t size() const noexcept { return instances_.size(); }

private:
  struct member {
    std::size_t in_flight = 0;
    std::size_t failures = 0;                // in a row
    std::optional<time_point> rests_until{}; // set: not healthy
    bool on_trial = false;
    std::uint64_t epoch = 0;
    std::uint64_t last_pick = 0; // smaller: idle for longer
    long long weight = 1;
    long long credit = 0; // of smooth weighted round robin
  };

  choice pick_with(time_point now, std::uint64_t key, std::uint64_t a, std::uint64_t b);
  std::vector<std::size_t> eligible(time_point now) const;
  std::size_t choose(const std::vector<std::size_t>& from, std::uint64_t key, std::uint64_t a,
                     std::uint64_t b);
  std::size_t next_in_turn(const std::vector<std::size_t>& from) const;
  std::size_t least_loaded(const std::vector<std::size_t>& from) const;
  std::size_t by_weight(const std::vector<std::size_t>& from);
  bool settle(choice t);
  time_point rest_end(time_point now) const;

  balancer_options options_;
  std::vector<member> instances_;
  std::size_t next_ = 0;
  std::uint64_t picks_ = 0;
};

} // namespace troupe
