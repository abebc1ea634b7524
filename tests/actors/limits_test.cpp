// What a process may have of its machine, and an actor system of the process.
#include <doctest/doctest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

#include <caf/actor_system.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <troupe/config.hpp>
#include <troupe/detail/cgroup.hpp>
#include <troupe/detail/thread_name.hpp>
#include <troupe/metrics.hpp>
#include <troupe/run/head_count.hpp>
#include <troupe/run/system_book.hpp>

namespace fs = std::filesystem;
using namespace troupe::detail;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

/// The root folder of a machine that is made up.
class machine {
public:
  machine() : root_(fs::temp_directory_path() / ("troupe_cgroup_" + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;
  ~machine() { fs::remove_all(root_); }

  machine& file(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream{root_ / name} << text;
    return *this;
  }
  /// Only control groups of version 2, and in this one.
  machine& v2(const std::string& group) {
    return file("proc/self/cgroup", "0::" + group + "\n")
        .file("proc/self/mountinfo",
              "25 30 0:23 / /proc rw - proc proc rw\n"
              "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  }
  cgroup_limits limits() const { return read_cgroup_limits(root_); }
  const fs::path& root() const noexcept { return root_; }

private:
  fs::path root_;
};

cgroup_limits of(double cpus, std::uint64_t memory) { return {cpus, memory}; }

std::string why(const head_limits& limits, const head_request& wanted, head_count there) {
  return limits.refusal({wanted}, there).value_or("");
}

std::size_t workers_with(std::optional<troupe::count> threads, const char* policy) {
  troupe::config cfg;
  cfg.set("scheduler.policy", policy);
  cfg.set("scheduler.max-threads", 2);
  cfg.limits.threads = threads;
  caf::actor_system sys{cfg};
  return sys.scheduler().num_workers();
}

} // namespace

TEST_SUITE("cgroup limits") {
  TEST_CASE("version 2: quota / period cores, and bytes") {
    machine m;
    m.v2("/app")
        .file("sys/fs/cgroup/app/cpu.max", "150000 100000\n")
        .file("sys/fs/cgroup/app/memory.max", "536870912\n");
    CHECK(m.limits() == of(1.5, 512 * mib));
  }

  TEST_CASE("version 2: max is no limit") {
    machine m;
    m.v2("/app")
        .file("sys/fs/cgroup/app/cpu.max", "max 100000\n")
        .file("sys/fs/cgroup/app/memory.max", "max\n");
    CHECK(m.limits() == of(0, 0));
  }

  TEST_CASE("of groups within each other the smallest limit counts, wherever it is") {
    machine m;
    m.v2("/a/b/c")
        .file("sys/fs/cgroup/a/cpu.max", "50000 100000\n")
        .file("sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
        .file("sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n")
        .file("sys/fs/cgroup/a/memory.max", "1073741824\n")
        .file("sys/fs/cgroup/a/b/memory.max", "268435456\n")
        .file("sys/fs/cgroup/a/b/c/memory.max", "max\n")
        .file("sys/fs/cgroup/b/memory.max", "1\n"); // another's
    CHECK(m.limits() == of(0.5, 256 * mib));
  }

  TEST_CASE("version 1: each controller has a tree of its own, and its largest number is none") {
    const std::string lines = "4:memory:/x/y\n3:cpu,cpuacct:/z\n1:name=systemd:/x\n0::/\n";
    machine m;
    m.file("proc/self/cgroup", lines)
        .file("proc/self/mountinfo",
              "33 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
              "35 31 0:33 / /sys/fs/cgroup/memory rw master:1 - cgroup cgroup rw,memory\n")
        .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
        .file("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "134217728\n")
        .file("sys/fs/cgroup/memory/x/y/memory.limit_in_bytes", "9223372036854771712\n")
        .file("sys/fs/cgroup/cpu,cpuacct/z/cpu.cfs_quota_us", "25000\n")
        .file("sys/fs/cgroup/cpu,cpuacct/z/cpu.cfs_period_us", "100000\n");

    SUBCASE("with a quota") { CHECK(m.limits() == of(0.25, 128 * mib)); }
    SUBCASE("-1 is none") {
      m.file("sys/fs/cgroup/cpu,cpuacct/z/cpu.cfs_quota_us", "-1\n");
      CHECK(m.limits() == of(0, 128 * mib));
    }
  }

  TEST_CASE(
      "in a container the mount begins at the group, which has the name that it has outside") {
    machine m;
    m.file("proc/self/cgroup", "4:memory:/docker/abc\n")
        .file("proc/self/mountinfo",
              "35 31 0:33 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
        .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n");
    CHECK(m.limits() == of(0, 64 * mib));
  }

  TEST_CASE("what is missing or makes no sense is no limit") {
    machine m;
    CHECK(m.limits() == of(0, 0)); // no files at all
    m.v2("/app");
    CHECK(m.limits() == of(0, 0)); // no group
    for (const char* text : {"", "\n", "rubbish", "-5 100000", "0 0", "1e400 1", "100000 0"}) {
      CAPTURE(text);
      m.file("sys/fs/cgroup/app/cpu.max", text).file("sys/fs/cgroup/app/memory.max", text);
      CHECK(m.limits().cpus == 0);
    }
    for (const char* text : {"", "rubbish", "-5", "0", "18446744073709551615"}) {
      CAPTURE(text);
      m.file("sys/fs/cgroup/app/memory.max", text);
      CHECK(m.limits().memory == 0);
    }
    for (const char* text : {"rubbish", "0:", "0::", "0::no slash", "::", ":::/a", "\n\n"}) {
      CAPTURE(text);
      m.file("proc/self/cgroup", text);
      CHECK(m.limits() == of(0, 0));
    }
    m.v2("/app").file("proc/self/mountinfo", "1 2 -\n - cgroup2\n- - - - - - -\n");
    CHECK(m.limits() == of(0, 0));
  }

  TEST_CASE("the machine's memory is in KiB, and 0 where nothing says it") {
    machine m;
    CHECK(read_machine_memory(m.root()) == 0);
    m.file("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n");
    CHECK(read_machine_memory(m.root()) == 2 * mib);
    m.file("proc/meminfo", "MemFree: 1 kB\n");
    CHECK(read_machine_memory(m.root()) == 0);
  }

  TEST_CASE("there are as many threads as cores, or as much of them as there is time for") {
    CHECK(threads_for(8, 0) == 8);
    CHECK(threads_for(8, 2) == 2);
    CHECK(threads_for(8, 1.5) == 2);
    CHECK(threads_for(8, 0.1) == 1);
    CHECK(threads_for(2, 16) == 2);
    CHECK(threads_for(0, 0) == 1);
    CHECK(threads_for(4, std::numeric_limits<double>::quiet_NaN()) == 4);
  }

  TEST_CASE("shares are of the smaller of limit and machine, and 0 where neither is known") {
    troupe::graph_sample before{.cpu = std::chrono::seconds{10}};
    troupe::graph_sample now{.at = before.at + std::chrono::seconds{2}};
    now.memory = 30;
    now.cpu = std::chrono::seconds{11}; // half a core
    CHECK(metrics_between(before, now).memory_share == 0);
    CHECK(metrics_between(before, now).cpu_share == 0);

    now.machine_memory = 120;
    now.cores = 4;
    CHECK(metrics_between(before, now).memory_share == 0.25);
    CHECK(metrics_between(before, now).cpu_share == 0.125);

    now.memory_limit = 40;
    now.cpu_limit = 1;
    CHECK(metrics_between(before, now).memory_share == 0.75);
    CHECK(metrics_between(before, now).cpu_share == 0.5);
    CHECK(metrics_between(before, now).memory_limit == 40);

    now.memory_limit = 1000; // more than there is
    CHECK(metrics_between(before, now).memory_share == 0.25);
  }

  TEST_CASE("a process has memory, and a share of it") {
    const auto usage = troupe::read_process_usage();
    CHECK(usage.machine_memory > usage.memory);
    CHECK(usage.cores >= 1);
  }
}

TEST_SUITE("limits of an actor system") {
  TEST_CASE("the scheduler has limits.threads threads, and without it what the options say") {
    for (const char* policy : {"wake", "sharing", "stealing"}) {
      CAPTURE(policy);
      CHECK(workers_with(3, policy) == 3);
      CHECK(workers_with(std::nullopt, policy) == 2);
      CHECK(workers_with(0, policy) == 2); // and a word on stderr
    }
  }

  TEST_CASE("what fits exactly is let in, and one more is refused by name and number") {
    const head_limits limits{.most_actors = 10, .most_own_threads = 4};
    const auto asks = [](std::size_t actors, std::size_t threads) {
      return head_request{"start: stage \"parse\"", {actors, threads}};
    };

    CHECK(why(limits, asks(3, 1), {7, 3}) == "");
    CHECK(why(limits, asks(4, 1), {7, 3})
          == "start: stage \"parse\" asks for 4 actors, with 7 there, and limits.most_actors is "
             "10");
    CHECK(why(limits, asks(1, 1), {7, 4})
          == "start: stage \"parse\" asks for 1 thread of its own, with 4 there, and "
             "limits.most_own_threads is 4");
  }

  TEST_CASE("who asks for nothing is never refused, and a number that would overflow always is") {
    const head_limits limits{.most_actors = 1, .most_own_threads = 0};
    CHECK(why(limits, {"x", {0, 0}}, {5, 5}) == ""); // beyond them already
    CHECK(why(limits, {"x", {std::numeric_limits<std::size_t>::max(), 0}}, {1, 0}) != "");
    CHECK(why({}, {"x", {std::numeric_limits<std::size_t>::max(), 1}}, {1, 1}) == "");
  }

  TEST_CASE("the first that cannot come is named, after those before it") {
    const head_limits limits{.most_actors = 5, .most_own_threads = {}};
    CHECK(limits.refusal({{"a", {2, 0}}, {"b", {3, 0}}}, {}) == std::nullopt);
    CHECK(limits.refusal({{"a", {2, 0}}, {"b", {3, 0}}, {"c", {1, 0}}}, {})
          == "c asks for 1 actor, with 5 there, and limits.most_actors is 5");
  }

  TEST_CASE("room comes back with whoever has it, and who takes a dead one's place gets some") {
    const auto book = std::make_shared<system_book>(head_limits{2, 1});
    {
      auto both = book->reserve({{"a", {2, 1}}});
      CHECK_THROWS_AS((void)book->reserve({{"b", {1, 0}}}), std::system_error);
      CHECK(book->taken() == head_count{2, 1});
      auto first = both.split(true);
      auto second = both.split(false);
      CHECK(book->taken() == head_count{2, 1}); // passed on
      auto successor = both.split(true);
      CHECK(book->taken() == head_count{3, 2});
      first.give_back();
      first.give_back(); // once
      CHECK(book->taken() == head_count{2, 1});
      second = std::move(successor);
      CHECK(book->taken() == head_count{1, 1});
    }
    CHECK(book->taken() == head_count{});
  }

  TEST_CASE("a system has one book as long as there is something in it") {
    troupe::config cfg;
    cfg.limits = {.threads = 1, .most_own_threads = 0, .most_actors = 1};
    caf::actor_system sys{cfg};
    auto room = system_book::of(sys)->reserve({{"a", {1, 0}}});
    CHECK(system_book::of(sys) == room.book());
    CHECK_THROWS_AS((void)system_book::of(sys)->reserve({{"b", {1, 0}}}), std::system_error);

    const std::weak_ptr<system_book> old = room.book();
    room.give_back();
    CHECK(old.expired());
    CHECK(system_book::of(sys)->taken() == head_count{});
  }

  TEST_CASE("a plain configuration has no limits, and one that is none is refused") {
    caf::actor_system_config plain;
    caf::actor_system sys{plain};
    CHECK_NOTHROW((void)system_book::of(sys)->reserve({{"a", {1'000'000, 1'000'000}}}));

    troupe::config cfg;
    cfg.limits = {.threads = {}, .most_own_threads = -1, .most_actors = {}};
    caf::actor_system other{cfg};
    CHECK_THROWS_WITH_AS((void)system_book::of(other),
                         "config: limits.most_own_threads = -1, needs 0 to 1099511627776",
                         std::invalid_argument);
  }
}

TEST_SUITE("thread names") {
  TEST_CASE("a name is cut to 15 bytes, and no character in two") {
    CHECK(thread_name("troupe.w0") == "troupe.w0");
    CHECK(thread_name("tr:123456789012") == "tr:123456789012");
    CHECK(thread_name("tr:1234567890123") == "tr:123456789012");
    CHECK(thread_name("tr:12345678901\u00fc") == "tr:12345678901"); // its second byte is the 16th
    CHECK(thread_name("tr:1234567890\u00fcx") == "tr:1234567890\u00fc");
    CHECK(thread_name("") == "");
  }
}
