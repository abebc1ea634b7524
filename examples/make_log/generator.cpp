#include "generator.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace make_log {

namespace {

using namespace std::string_view_literals;

constexpr std::array words{
    "about"sv,   "actors"sv,  "archive"sv,  "batch"sv,   "book"sv,     "build"sv,   "cache"sv,
    "cluster"sv, "code"sv,    "config"sv,   "data"sv,    "deploy"sv,   "design"sv,  "draft"sv,
    "editor"sv,  "event"sv,   "flow"sv,     "garden"sv,  "guide"sv,    "index"sv,   "kernel"sv,
    "lecture"sv, "library"sv, "linux"sv,    "log"sv,     "memory"sv,   "monitor"sv, "network"sv,
    "note"sv,    "parser"sv,  "pipeline"sv, "project"sv, "protocol"sv, "queue"sv,   "release"sv,
    "search"sv,  "server"sv,  "stream"sv,   "system"sv,  "talk"sv,     "thread"sv,  "travel"sv,
    "tutorial"sv};

constexpr std::array static_kinds{".png"sv, ".css"sv, ".js"sv, ".jpg"sv, ".svg"sv, ".woff"sv};

constexpr std::array probes{"/wp-login.php"sv,  "/xmlrpc.php"sv,  "/.env"sv,
                            "/admin/"sv,        "/phpmyadmin/"sv, "/.git/config"sv,
                            "/old/index.htm"sv, "/favicon.gif"sv, "/cgi-bin/test.cgi"sv};

constexpr std::array systems{"Windows NT 6.1; WOW64"sv,
                             "Windows NT 10.0; Win64; x64"sv,
                             "Macintosh; Intel Mac OS X 10_9_2"sv,
                             "X11; Linux x86_64"sv,
                             "X11; Ubuntu; Linux x86_64"sv,
                             "Linux; Android 4.4.2; Nexus 5 Build/KOT49H"sv};

constexpr std::array robots{
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"sv,
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"sv,
    "FeedBurner/1.0 (http://www.FeedBurner.com)"sv,
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"sv,
    "curl/7.35.0"sv,
    "-"sv};

constexpr std::array elsewhere{"https://www.google.com/"sv, "https://duckduckgo.com/"sv,
                               "http://www.bing.com/search?q=troupe+actors"sv,
                               "https://news.ycombinator.com/"sv,
                               "https://www.reddit.com/r/cpp/"sv};

/// What belongs to the k-th host or path, whenever it is asked for.
std::uint64_t scrambled(std::uint64_t rank, std::uint64_t salt) {
  return random_bits{rank * 0x9e3779b97f4a7c15 + salt}.next();
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

} // namespace

std::uint64_t random_bits::next() {
  std::uint64_t x = state_ += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t random_bits::below(std::uint64_t limit) {
  return next() % limit; // the bias of a modulo is of no concern here
}

double random_bits::fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }

std::uint64_t random_bits::zipf(std::uint64_t count) {
  // The inverse of the distribution function of 1/x.
  const auto rank = std::exp(fraction() * std::log(static_cast<double>(count) + 1)) - 1;
  return std::min(static_cast<std::uint64_t>(rank), count - 1);
}

generator::generator(const settings& s)
    : settings_(s), random_(s.seed),
      mean_gap_(s.days * 86400 / static_cast<double>(std::max<std::uint64_t>(s.lines, 1))),
      time_(static_cast<double>(s.start)) {}

void generator::advance_time() {
  // Busy by day, quiet by night, the same in total.
  static constexpr std::array<float, 24> load{.5F,  .4F,  .4F,  .4F,  .4F,  .5F,  .6F,  .8F,
                                              1.F,  1.2F, 1.3F, 1.3F, 1.3F, 1.3F, 1.4F, 1.4F,
                                              1.4F, 1.3F, 1.3F, 1.3F, 1.2F, 1.1F, .9F,  .7F};
  const auto hour = static_cast<std::size_t>(static_cast<std::int64_t>(time_) / 3600 % 24);
  time_ += 2 * random_.fraction() * mean_gap_ / static_cast<double>(load[hour]);
  const auto second = static_cast<std::int64_t>(time_);
  if (second == stamped_second_)
    return;
  stamped_second_ = second;
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds at{std::chrono::seconds{second}};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const auto of_day = static_cast<int>((at - day).count());
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), " - - [%02u/%s/%04d:%02d:%02d:%02d +0000] \"",
      static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), of_day / 3600, of_day / 60 % 60, of_day % 60);
  stamp_.assign(text.data(), static_cast<std::size_t>(size));
}

void generator::append_host(std::string& out, std::uint64_t rank) {
  const auto bits = scrambled(rank, settings_.seed);
  if (bits % 16 == 0) { // IPv6
    static constexpr std::string_view hex = "0123456789abcdef";
    out += "2001:db8";
    for (int group = 0; group < 3; ++group) {
      out += ':';
      out += hex[bits >> (4 + group * 12) & 15 ? bits >> (4 + group * 12) & 15 : 1];
      out += hex[bits >> (8 + group * 12) & 15];
      out += hex[bits >> (12 + group * 12) & 15];
    }
    out += "::1";
    return;
  }
  append_number(out, 11 + (bits >> 8) % 180);
  for (int shift = 16; shift <= 32; shift += 8) {
    out += '.';
    append_number(out, bits >> shift & 255);
  }
}

void generator::append_path(std::string& out, std::uint64_t rank) {
  if (rank == 0) {
    out += '/';
    return;
  }
  const auto bits = scrambled(rank, settings_.seed ^ 0x70617468);
  const auto word = [bits](int shift) { return words[(bits >> shift) % words.size()]; };
  (out += '/') += word(0);
  ((out += '/') += word(12)) += '-';
  out += word(24);
  out += '-';
  append_number(out, rank); // so that paths differ
  const auto kind = bits >> 40;
  if (kind % 10 < 4)
    out += static_kinds[kind / 16 % static_kinds.size()];
  else if (kind % 10 < 7)
    out += ".html";
  else if (kind % 10 < 8)
    (out += "/?tag=") += word(36);
  else
    out += '/';
}

void generator::append_missing_path(std::string& out) {
  if (random_.chance(0.6)) {
    out += probes[random_.zipf(probes.size())];
    return;
  }
  append_path(out, 1 + random_.zipf(settings_.paths));
  out += "old";
}

void generator::append_agent(std::string& out, std::uint64_t host_rank) {
  // A host keeps its agent, most of the time.
  auto bits = scrambled(host_rank, settings_.seed ^ 0x6167656e74);
  if (random_.chance(0.05))
    bits = random_.next();
  if (bits % 8 == 0) {
    out += robots[(bits >> 8) % robots.size()];
    return;
  }
  (out += "Mozilla/5.0 (") += systems[(bits >> 16) % systems.size()];
  const auto version = 20 + random_bits{bits}.zipf(40);
  if (bits % 8 < 3) {
    out += "; rv:";
    append_number(out, version);
    out += ".0) Gecko/20100101 Firefox/";
    append_number(out, version);
    out += ".0";
  } else {
    out += ") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/";
    append_number(out, version);
    out += ".0.1700.107 Safari/537.36";
  }
}

void generator::append_referrer(std::string& out) {
  const auto kind = random_.fraction();
  if (kind < 0.4) {
    out += '-';
  } else if (kind < 0.85) {
    out += "http://www.example.org";
    append_path(out, random_.zipf(settings_.paths));
  } else {
    out += elsewhere[random_.zipf(elsewhere.size())];
  }
}

int generator::draw_status() {
  struct share {
    double up_to;
    int status;
  };
  static constexpr std::array<share, 8> shares{{{0.912, 200},
                                                {0.957, 304},
                                                {0.973, 301},
                                                {0.978, 206},
                                                {0.9785, 403},
                                                {0.9789, 416},
                                                {0.9794, 500},
                                                {1.0, 404}}};
  const auto x = random_.fraction();
  return std::find_if(shares.begin(), shares.end(), [x](const share& s) { return x < s.up_to; })
      ->status;
}

std::uint64_t generator::size_of(std::uint64_t path_rank, int status) {
  if (status == 200 || status == 206) {
    const auto bits = scrambled(path_rank, settings_.seed ^ 0x73697a65);
    const auto whole = 200 + (bits >> 32) % (bits % 50 == 0 ? 8'000'000 : 60'000);
    return status == 206 ? 1 + random_.below(whole) : whole;
  }
  return status == 301 ? 320 + path_rank % 60 : 290 + path_rank % 90;
}

void generator::append_request(std::string& out, std::uint64_t path_rank, int status) {
  const auto x = random_.fraction();
  out += x < 0.985 ? "GET " : x < 0.993 ? "HEAD " : x < 0.9995 ? "POST " : "OPTIONS ";
  if (status == 404)
    append_missing_path(out);
  else
    append_path(out, path_rank);
  out += random_.chance(0.93) ? " HTTP/1.1\" " : " HTTP/1.0\" ";
}

void generator::append_malformed(std::string& out) {
  switch (random_.below(5)) {
  case 0:
    out += "[error] server reached MaxRequestWorkers setting\n";
    break;
  case 1:
    out += "203.0.113.9 - - [31/Feb/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5\n";
    break;
  case 2:
    out += "203.0.113.9 - - [17/May/2015:10:05:03 +0000] \"GET /cut-in-the-mid\n";
    break;
  case 3:
    ((out += "203.0.113.9") += stamp_) += "GET / HTTP/1.1\" 2000 512 \"-\" \"-\"\n";
    break;
  default:
    out += "\x16\x03\x01\x02 \xff\xfe not a line of a log\n";
    break;
  }
}

void generator::append_line(std::string& out) {
  advance_time();
  if (random_.chance(settings_.malformed)) {
    append_malformed(out);
    return;
  }
  const auto host_rank = random_.zipf(settings_.hosts);
  const auto path_rank = random_.zipf(settings_.paths);
  const auto status = draw_status();
  append_host(out, host_rank);
  out += stamp_;
  append_request(out, path_rank, status);
  append_number(out, static_cast<std::uint64_t>(status));
  out += ' ';
  if (status == 304)
    out += '-';
  else
    append_number(out, size_of(path_rank, status));
  out += " \"";
  append_referrer(out);
  out += "\" \"";
  append_agent(out, host_rank);
  out += "\"\n";
}

} // namespace make_log
