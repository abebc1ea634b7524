// shared_state: a counter and a map for many threads, once behind a lock, once inside an actor.
//
//   thread 0 --+                                  thread 0 --+  add, get, put
//   thread 1 --+--> lock --> counter, map         thread 1 --+--> mailbox --> actor: counter, map
//   thread 2 --+    one at a time                 thread 2 --+                one message at a time
//   thread 3 --+                                  thread 3 --+
//
// Both keep the threads from disturbing each other, and both are timed here. The handle of an actor
// is typed: a message that it does not understand does not compile.

#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/replies_to.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <troupe/troupe.hpp>

namespace tr = troupe;

namespace {

constexpr int threads = 4;
constexpr int operations = 10'000; // of each thread, on the map
constexpr int write_every = 10;

// -- behind a lock --------------------------------------------------------------------------------

class locked_counter {
public:
  void add(long n) {
    const std::lock_guard lock{mutex_};
    count_ += n;
  }
  long get() const {
    const std::lock_guard lock{mutex_};
    return count_;
  }

private:
  mutable std::mutex mutex_;
  long count_ = 0;
};

class locked_map {
public:
  long get(const std::string& key) const {
    const std::shared_lock lock{mutex_}; // readers together
    const auto found = map_.find(key);
    return found != map_.end() ? found->second : 0;
  }
  void put(const std::string& key, long value) {
    const std::unique_lock lock{mutex_};
    map_[key] = value;
  }

private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, long> map_;
};

// -- inside an actor ------------------------------------------------------------------------------

using counter_actor = caf::typed_actor<caf::reacts_to<caf::add_atom, long>,
                                       caf::replies_to<caf::get_atom>::with<long>>;

counter_actor::behavior_type counter(counter_actor::stateful_pointer<long> self) {
  return {[=](caf::add_atom, long n) { self->state += n; },
          [=](caf::get_atom) { return self->state; }};
}

using map_actor = caf::typed_actor<caf::reacts_to<caf::put_atom, std::string, long>,
                                   caf::replies_to<caf::get_atom, std::string>::with<long>>;
using map_state = std::map<std::string, long>;

map_actor::behavior_type string_map(map_actor::stateful_pointer<map_state> self) {
  return {[=](caf::put_atom, const std::string& key, long value) { self->state[key] = value; },
          [=](caf::get_atom, const std::string& key) {
            const auto found = self->state.find(key);
            return found != self->state.end() ? found->second : 0L;
          }};
}

/// Asks, and waits for the answer.
template <class Actor, class... Question>
long ask(caf::scoped_actor& self, const Actor& actor, const Question&... question) {
  long answer = 0;
  self->request(actor, caf::infinite, question...)
      .receive([&](long n) { answer = n; },
               [](const caf::error&) { std::cerr << "the actor is gone\n"; });
  return answer;
}

// -- what the threads do --------------------------------------------------------------------------

template <class F>
std::chrono::duration<double, std::milli> timed(F work) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> all;
  all.reserve(threads);
  for (int i = 0; i < threads; ++i)
    all.emplace_back(work);
  for (auto& t : all)
    t.join();
  return std::chrono::steady_clock::now() - start;
}

void print(const std::string& what, std::chrono::duration<double, std::milli> took, long of,
           std::chrono::duration<double, std::milli> lock) {
  std::cout << "  " << std::left << std::setw(32) << what << std::right << std::fixed
            << std::setprecision(2) << std::setw(9) << took.count() * 1e6 / static_cast<double>(of)
            << " ns each, x " << took / lock << '\n';
}

/// Adds `n` so many times from every thread, to a counter behind a lock and to one in an actor.
bool count_with_both(caf::actor_system& sys, long n, long times) {
  locked_counter locked;
  const auto lock = timed([&] {
    for (long i = 0; i < times; ++i)
      locked.add(n);
  });

  const auto inside = sys.spawn(counter);
  const auto actor = timed([&] {
    caf::scoped_actor self{sys};
    for (long i = 1; i <= times; ++i) {
      self->send(inside, caf::add_atom_v, n);
      if (i % 1'000 == 0) // a mailbox has no bound; waiting for an answer now and then is one
        ask(self, inside, caf::get_atom_v);
    }
  });

  const long total = threads * n * times;
  print("mutex", lock, total, lock);
  print("actor", actor, total, lock);
  caf::scoped_actor self{sys};
  return locked.get() == total && ask(self, inside, caf::get_atom_v) == total;
}

void map_with_both(caf::actor_system& sys) {
  const std::vector<std::string> keys{"ann", "bob", "cyd", "dan", "eve"};
  const auto use = [&](auto get, auto put) {
    for (int i = 0; i < operations; ++i) {
      const auto& key = keys[static_cast<std::size_t>(i) % keys.size()];
      if (i % write_every == 0)
        put(key, i);
      else
        get(key);
    }
  };

  locked_map locked;
  const auto lock = timed([&] {
    use([&](const std::string& key) { locked.get(key); },
        [&](const std::string& key, long value) { locked.put(key, value); });
  });

  const auto inside = sys.spawn(string_map);
  const auto actor = timed([&] {
    caf::scoped_actor self{sys};
    use([&](const std::string& key) { ask(self, inside, caf::get_atom_v, key); },
        [&](const std::string& key, long value) {
          self->send(inside, caf::put_atom_v, key, value);
        });
  });

  std::cout << "a map: " << threads << " threads, " << operations << " operations each, 1 in "
            << write_every << " writes\n";
  print("shared_mutex", lock, threads * operations, lock);
  print("actor, waiting for each answer", actor, threads * operations, lock);
}

} // namespace

int main() {
  tr::config cfg;
  caf::actor_system sys{cfg};
  std::cout << "a counter, " << threads << " threads: +1, 200,000 times each\n";
  bool right = count_with_both(sys, 1, 200'000);
  std::cout << "the same in sums: +1,000, 2,000 times each\n";
  right = count_with_both(sys, 1'000, 2'000) && right;
  map_with_both(sys);
  std::cout << "\nFor a handful of instructions the lock is the cheaper one: an actor is paid by\n"
               "the message. Sums make both too cheap to matter. What an actor buys: who does not\n"
               "ask does not wait, and nothing reaches its state but the messages in its type.\n";
  return right ? 0 : 1;
}
