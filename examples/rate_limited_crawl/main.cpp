// rate_limited_crawl: a crawl of a web site that asks for no more pages a second than agreed.
//
//                  +----------------+                  +--> fetch --+
//   start page --> | found: a queue | --> rate limit --+--> fetch --+--> read ---> pages
//                  +----------------+    60 a second   +--> fetch --+     |
//                          ^                                              |
//                          +------------ links not seen before -----------+
//
// The site, on this machine, would answer thousands of requests a second. After half of the pages
// it is agreed that half the rate will do, while the crawl runs.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "command_line.hpp"

#include <troupe/troupe.hpp>

#include "site.hpp"

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

constexpr int burst = 5;
constexpr auto row_every = 250ms;

struct options {
  int pages = 120;
  int rate = 60;
};

double seconds(tr::duration d) { return std::chrono::duration<double>{d}.count(); }

/// What became of a link: the page, or why there is none.
struct visit {
  std::string path;
  tr::result<std::string> page;
};

std::vector<std::string> links_in(const std::string& page) {
  constexpr std::string_view mark = "href=\"";
  std::vector<std::string> links;
  for (auto at = page.find(mark); at != std::string::npos; at = page.find(mark, at)) {
    at += mark.size();
    links.push_back(page.substr(at, page.find('"', at) - at));
  }
  return links;
}

/// Reads pages, and puts links that nobody has seen into the queue. The crawl is over when
/// everything that was put in has been read.
class reader {
public:
  explicit reader(tr::inbox_ref<std::string> found) : found_(std::move(found)) {}

  void begin_at(const std::string& path) { add(path); }

  void read(const visit& v) {
    if (v.page) {
      ++pages_;
      for (const auto& link : links_in(*v.page))
        add(link);
    } else {
      ++failed_;
      std::cerr << v.page.error() << '\n';
    }
    if (--open_ == 0)
      found_.close();
  }

  int pages() const noexcept { return pages_; }
  int failed() const noexcept { return failed_; }

private:
  void add(const std::string& path) {
    if (!seen_.insert(path).second)
      return;
    ++open_;
    if (found_.offer(path) != tr::offer_result::accepted)
      throw std::runtime_error{"more links than the queue holds"};
  }

  tr::inbox_ref<std::string> found_;
  std::unordered_set<std::string> seen_;
  int open_ = 0; ///< found, and not read yet
  std::atomic<int> pages_{0};
  std::atomic<int> failed_{0};
};

/// Tells every 250 ms how it goes, and halves the rate when half of the pages are there.
class progress {
public:
  progress(const reader& pages, const options& wanted) : pages_(pages), wanted_(wanted) {}

  void follow(tr::run& run) {
    std::cout << "pages a second, of how many were agreed:\n";
    while (!run.wait_for(row_every)) {
      print_row();
      if (rate_ == wanted_.rate && before_ >= wanted_.pages / 2) {
        rate_ = wanted_.rate / 2;
        run.configure("agreed", {.rate = tr::per_second(rate_)});
      }
    }
    print_row();
  }

private:
  void print_row() {
    const auto now = std::chrono::steady_clock::now();
    const int pages = pages_.pages();
    const double rate = (pages - before_) / seconds(now - last_);
    std::cout << std::fixed << std::setprecision(2) << std::setw(5) << seconds(now - begin_) << " s"
              << std::setprecision(0) << std::setw(6) << rate << " of " << rate_ << "  "
              << std::string(std::min<std::size_t>(static_cast<std::size_t>(rate / 2), 60), '#')
              << std::endl;
    before_ = pages;
    last_ = now;
  }

  const reader& pages_;
  options wanted_;
  int rate_ = wanted_.rate;
  int before_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = begin_;
};

int crawl(const options& wanted) {
  const web::site there{wanted.pages};
  auto [in, found] = tr::inbox<std::string>("found", {.capacity = wanted.pages});
  reader pages{in};
  const auto fetch = [port = there.port()](const std::string& path) {
    return visit{path, web::get(port, path)};
  };
  const auto flow
      = found | tr::rate_limit("agreed", tr::per_second(wanted.rate), {.burst = burst})
        | tr::stage("fetch", fetch,
                    {.parallel = 3, .order = tr::emit::as_completed, .thread = tr::thread::own})
        | tr::sink("read", [&](const visit& v) { pages.read(v); });

  tr::config cfg;
  caf::actor_system sys{cfg};
  pages.begin_at("/0");
  tr::run run = tr::start(sys, flow);
  progress{pages, wanted}.follow(run);

  const auto end = run.wait();
  std::cout << pages.pages() << " pages, " << pages.failed() << " failed, in "
            << std::setprecision(2) << seconds(end.elapsed())
            << " s\nthe site's busiest second: " << there.busiest_second()
            << " requests; agreed: " << burst << " + " << wanted.rate << '\n';
  if (const auto& e = end.error())
    std::cerr << *e << '\n';
  return end.clean() && pages.failed() == 0 ? 0 : 1;
}

int command(int argc, char** argv) {
  options wanted;
  command_line::arguments args{
      "Crawls a web site on this machine, at no more than so many pages a second.",
      "rate_limited_crawl"};
  args.number("--pages", wanted.pages, "pages of the site", 1, 10'000);
  args.number("--rate", wanted.rate, "pages a second", 2, 10'000);
  if (const auto code = args.read(argc, argv))
    return *code;
  return args.written(crawl(wanted));
}

} // namespace

int main(int argc, char** argv) {
  return command_line::guarded("rate_limited_crawl", command, argc, argv);
}
