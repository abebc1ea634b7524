#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>

#include <unistd.h>

namespace {

/// Aborts a test case that hangs: doctest then says which, instead of nothing when its program is
/// killed much later.
class watchdog final : public doctest::IReporter {
public:
  explicit watchdog(const doctest::ContextOptions&) {}

  void test_run_start() override {
    std::signal(SIGALRM, [](int) {
      constexpr char said[] = "this test case hangs: not over after 5 minutes\n";
      (void)!::write(STDERR_FILENO, said, sizeof said - 1);
      std::abort();
    });
  }
  void test_case_start(const doctest::TestCaseData&) override { ::alarm(longest); }
  void test_case_reenter(const doctest::TestCaseData&) override { ::alarm(longest); }
  void test_case_end(const doctest::CurrentTestCaseStats&) override { ::alarm(0); }

  void report_query(const doctest::QueryData&) override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

private:
  // In seconds. The longest takes 10, under a sanitizer on a busy machine some minutes.
  static constexpr unsigned longest = 300;
};

} // namespace

REGISTER_LISTENER("watchdog", 0, watchdog);
