// What an actor system may take: who is refused, that nothing of it is left, and that all comes back.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>

#include "../support.hpp"
#include <troupe/call.hpp>
#include <troupe/config.hpp>
#include <troupe/dump_on.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/run/system_book.hpp>
#include <troupe/scatter_gather.hpp>
#include <troupe/shutdown_signals.hpp>
#include <troupe/with_timeout.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;
using tr::detail::head_count;

namespace {

class limited_system {
public:
  explicit limited_system(tr::system_limits limits, const char* policy = "wake") {
    config_.set("scheduler.policy", policy);
    config_.limits = limits;
    system_.emplace(config_);
    book_ = tr::detail::system_book::of(*system_);
  }
  operator caf::actor_system&() { return *system_; }
  std::size_t actors() { return system_->registry().running(); }
  head_count taken() { return book_->taken(); }

private:
  tr::config config_;
  std::optional<caf::actor_system> system_;
  std::shared_ptr<tr::detail::system_book> book_; // or it would begin anew with the next run
};

int same(int x) { return x; }

// source + supervisor, and a stage of three workers with its distributor and its merger
constexpr std::size_t three_workers = 3 + 2;
constexpr std::size_t small_flow = 1 + three_workers + 1 + 1;

auto flow_of(int items, tr::thread where = tr::thread::shared) {
  return tr::from("numbers", numbers(items))
         | tr::stage("parse", same, {.parallel = 3, .thread = where}) | tr::ignore("end");
}

template <class F>
std::string refused(F f) {
  try {
    f();
  } catch (const std::system_error& e) {
    CHECK(e.code() == std::errc::resource_unavailable_try_again);
    return e.what();
  }
  return "nothing was refused";
}

bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

/// The names of all threads of this process.
std::multiset<std::string> thread_names() {
  std::multiset<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::string name;
    if (std::getline(std::ifstream{task.path() / "comm"}, name))
      names.insert(name);
  }
  return names;
}

std::string my_thread_name() {
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  return name.data();
}

} // namespace

TEST_SUITE("limits") {
  TEST_CASE("a start that would pass the most actors names the stage, and leaves nothing") {
    limited_system sys{{.most_actors = 1 + three_workers - 1}};

    const auto why = refused([&] { (void)tr::start(sys, flow_of(3)); });

    CAPTURE(why);
    CHECK(begins(why, "start: stage \"parse\" asks for 5 actors, with 1 there, and "
                      "limits.most_actors is 5"));
    CHECK(sys.actors() == 0);
    CHECK(sys.taken() == head_count{});
    CHECK(tr::start(sys, tr::from("a few", numbers(3)) | tr::ignore("end")).wait().clean());
  }

  TEST_CASE("a start that would pass the most own threads says so, and one without them goes on") {
    limited_system sys{{.most_own_threads = 2}};

    const auto why = refused([&] { (void)tr::start(sys, flow_of(3, tr::thread::own)); });

    CAPTURE(why);
    CHECK(begins(why, "start: stage \"parse\" asks for 3 threads of its own, with 0 there, and "
                      "limits.most_own_threads is 2"));
    CHECK(sys.actors() == 0);
    CHECK(tr::start(sys, flow_of(3)).wait().clean());
  }

  TEST_CASE("in virtual time there are no own threads to be refused") {
    limited_system sys{{.most_own_threads = 0}, "testing"};
    CHECK(tr::start(sys, flow_of(3, tr::thread::own)).wait().clean());
  }

  TEST_CASE("a run gives all of it back: 1000 starts where there is room for one"
            * doctest::test_suite("long")) {
    limited_system sys{{.most_own_threads = 3, .most_actors = small_flow}};
    for (int i = 0; i < 1000; ++i) {
      auto r = tr::start(sys, flow_of(1, tr::thread::own));
      if (i == 0) {
        CHECK(sys.taken() == head_count{small_flow, 3});
        CHECK(refused([&] { (void)tr::start(sys, flow_of(1)); }) != "nothing was refused");
      }
      REQUIRE(r.wait().clean());
    }
    CHECK(sys.taken() == head_count{});
  }

  TEST_CASE("two starts that come at once do not share the last room") {
    limited_system sys{{.most_actors = small_flow}};
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    const auto many = [&] {
      for (int left = 100; left > 0;)
        try {
          auto r = tr::start(sys, flow_of(1));
          most = std::max(most.load(), ++inside);
          --inside;
          (void)r.wait();
          --left;
        } catch (const std::system_error&) {
          std::this_thread::yield();
        }
    };
    auto other = std::async(std::launch::async, many);
    many();
    other.get();

    CHECK(most == 1);
    CHECK(sys.taken() == head_count{});
  }

  TEST_CASE("a served call counts itself and its workers, and gives them back") {
    limited_system sys{{.most_own_threads = 3, .most_actors = 4}};
    const auto with = [](std::size_t workers) {
      return tr::call<int, int>("price", same, tr::call_options{.workers = workers});
    };

    for (int i = 0; i < 100; ++i) {
      auto svc = tr::serve(sys, with(3));
      CHECK(svc.ask(i).get().value() == i);
      if (i == 0) {
        CHECK(sys.taken() == head_count{4, 3});
        const auto why = refused([&] { (void)tr::serve(sys, with(1)); });
        CAPTURE(why);
        CHECK(begins(why, "serve: service \"price\" asks for 1 thread of its own, with 3 there, "
                          "and limits.most_own_threads is 3"));
      }
      svc.drain(1h);
      REQUIRE(sys.taken() == head_count{});
    }
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("a worker that a call has lost is replaced, though there is no room for another") {
    limited_system sys{{.most_actors = 2}, "testing"};
    auto svc = tr::serve(sys, tr::call<int, int>("price", same));
    CHECK(svc.ask(1).get().value() == 1);

    tr::detail::anon_kill(tr::detail::actors_of(svc).front()); // its worker
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(sys.taken() == head_count{1, 0});
    CHECK(svc.ask(2).get().value() == 2);
    CHECK(svc.metrics().counters.restarts == 1);
    CHECK(sys.taken() == head_count{2, 0});
    svc.drain(1h);
    CHECK(sys.taken() == head_count{});
  }

  TEST_CASE("of a service that is made of others nothing is left when one has no room") {
    const auto both = tr::scatter_gather<int, int>("both", {same, same});
    std::size_t needed = 0;
    {
      limited_system sys{{}};
      auto svc = tr::serve(sys, both);
      needed = sys.taken().actors;
    }
    for (std::size_t room = 0; room < needed; ++room) {
      CAPTURE(room);
      limited_system sys{{.most_actors = room}};
      CHECK(refused([&] { (void)tr::serve(sys, both); }) != "nothing was refused");
      CHECK(sys.taken() == head_count{});
    }
    limited_system sys{{.most_actors = needed}};
    CHECK(refused([&] { (void)tr::serve(sys, both); }) == "nothing was refused");
  }

  TEST_CASE("configure refuses more workers than there is room for, and a dead one is replaced") {
    // queue, two workers with a distributor, supervisor, and one that is not there yet
    limited_system sys{{.most_actors = 5 + 1}, "testing"};
    auto svc = tr::serve(sys, tr::worker_pool<int, int>("pool", same, {.workers = {2}}));
    CHECK(sys.taken() == head_count{5, 0});

    const auto why = refused([&] { svc.configure({.workers = 4}); });
    CAPTURE(why);
    CHECK(begins(why, "configure: stage \"pool\" asks for 2 actors, with 5 there, and "
                      "limits.most_actors is 6"));

    svc.configure({.workers = 3});
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(svc.metrics().workers == 3);
    CHECK(sys.taken() == head_count{6, 0});

    tr::detail::anon_kill(tr::detail::actors_of(svc).front());
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(svc.metrics().counters.restarts == 1);
    CHECK(tr::detail::actors_of(svc).size() == 3);
    CHECK(sys.taken() == head_count{6, 0});

    svc.configure({.workers = 1});
    svc.configure({.workers = 3});                        // those that rest are there
    svc.configure({.workers = {{.min = 1, .max = 100}}}); // as many as there is room for
    tr::detail::virtual_time::run_jobs(sys);
    svc.drain(1h);
    CHECK(sys.taken() == head_count{});
  }
}

TEST_SUITE("names of threads") {
  TEST_CASE("threads tell whose they are") {
    limited_system sys{{.threads = 2}};
    std::promise<void> go_on;
    const auto gate = go_on.get_future().share();
    std::promise<void> there;
    const auto flow = tr::from("numbers", numbers(1))
                      | tr::sink("wait for the gate",
                                 [&there, gate](int) {
                                   there.set_value();
                                   gate.wait();
                                 },
                                 {.thread = tr::thread::own});
    auto svc
        = tr::serve(sys, tr::call<int, std::string>("price", [](int) { return my_thread_name(); }));
    auto r = tr::start(sys, flow);
    const tr::shutdown_signals signals;
    const tr::dump_on dump{sys, SIGUSR1};
    there.get_future().wait();
    const auto in_helper = tr::with_timeout([] { return my_thread_name(); }, 1h);

    // They name themselves when they begin, perhaps later than we look.
    for (const char* late : {"troupe.w0", "troupe.w1", "troupe.signals", "troupe.dump"})
      while (thread_names().count(late) != 1)
        std::this_thread::yield();
    const auto names = thread_names();
    go_on.set_value();

    CHECK(names.count("troupe.w2") == 0);
    CHECK(names.count("tr:wait for the") == 1);
    CHECK(svc.ask(1).get().value() == "tr:price");
    CHECK(in_helper.value() == "troupe.helper");
    CHECK(r.wait().clean());
  }
}
