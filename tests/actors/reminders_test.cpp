#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../support.hpp"

namespace {

using namespace std::chrono_literals;
namespace detail = troupe::detail;
namespace virtual_time = troupe::detail::virtual_time;

struct note_msg {
  using internal_message = void;
  std::string text;
};
struct remind_msg {
  using internal_message = void;
  troupe::duration after{};
  std::string text;
};
struct end_msg {
  using internal_message = void;
};

/// Reminds itself of what it is told to, and notes what it is reminded of.
class forgetful : public detail::actor_base {
public:
  forgetful(caf::actor_config& cfg, std::vector<std::string>* notes, std::shared_ptr<int> owned)
      : actor_base(cfg), notes_(notes), owned_(std::move(owned)) {}

protected:
  caf::message_handler handlers() override {
    return {
        [this](const remind_msg& msg) { detail::send_after(this, msg.after, note_msg{msg.text}); },
        [this](const note_msg& msg) { notes_->push_back(msg.text); }, [this](end_msg) { quit(); }};
  }

private:
  std::vector<std::string>* notes_;
  std::shared_ptr<int> owned_;
};

} // namespace

TEST_SUITE("reminders") {
  TEST_CASE("come when they are due, whatever the order in which they were set") {
    support::virtual_system sys;
    std::vector<std::string> notes;
    const auto a = detail::spawn<forgetful>(sys, &notes, nullptr);
    for (const auto& [after, text] : {std::pair{3s, "c"}, {1s, "a"}, {2s, "b"}, {1s, "a again"}})
      detail::anon_send(a, remind_msg{after, text});

    virtual_time::run_for(sys, 1s);
    CHECK(notes == std::vector<std::string>{"a", "a again"});
    virtual_time::run_for(sys, 1s);
    CHECK(notes.back() == "b");
    virtual_time::run_for(sys, 1s);
    CHECK(notes.back() == "c");
    CHECK_FALSE(virtual_time::next_timeout(sys));
    detail::anon_kill(a);
    virtual_time::run_jobs(sys);
  }

  TEST_CASE("one that is never due is not kept, a negative one is due at once") {
    support::virtual_system sys;
    std::vector<std::string> notes;
    const auto a = detail::spawn<forgetful>(sys, &notes, nullptr);
    detail::anon_send(a, remind_msg{troupe::duration::max(), "never"});
    detail::anon_send(a, remind_msg{-1h, "now"});

    virtual_time::run_jobs(sys);
    CHECK(virtual_time::next_timeout(sys) == detail::now(sys));
    virtual_time::run_for(sys, 0s);
    CHECK(notes == std::vector<std::string>{"now"});
    CHECK_FALSE(virtual_time::next_timeout(sys));
    detail::anon_kill(a);
    virtual_time::run_jobs(sys);
  }

  TEST_CASE("keep no actor that has ended") {
    support::virtual_system sys;
    std::vector<std::string> notes;
    const auto owned = std::make_shared<int>(1);
    auto a = detail::spawn<forgetful>(sys, &notes, owned);
    detail::anon_send(a, remind_msg{1h, "late"});
    SUBCASE("by itself") { detail::anon_send(a, end_msg{}); }
    SUBCASE("killed") {
      virtual_time::run_jobs(sys);
      detail::anon_kill(a);
    }

    virtual_time::run_jobs(sys);
    a = nullptr;
    CHECK(owned.use_count() == 1);
    CHECK_FALSE(virtual_time::next_timeout(sys));
    CHECK(notes.empty());
  }
}
