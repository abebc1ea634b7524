#include "families.hpp"

#include "text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace log_analytics {

namespace {

using named = std::pair<std::string_view, std::string_view>; // a word, and what it stands for

// The first that is found counts: most browsers also say that they are others.
constexpr std::array<named, 24> browsers{{
    {"Edg", "Edge"},
    {"OPR/", "Opera"},
    {"Opera", "Opera"},
    {"SamsungBrowser", "Samsung Internet"},
    {"YaBrowser", "Yandex Browser"},
    {"UCBrowser", "UC Browser"},
    {"Vivaldi", "Vivaldi"},
    {"Firefox", "Firefox"},
    {"FxiOS", "Firefox"},
    {"CriOS", "Chrome"},
    {"Chrome", "Chrome"},
    {"Chromium", "Chrome"},
    {"MSIE", "Internet Explorer"},
    {"Trident/", "Internet Explorer"},
    {"Safari", "Safari"},
    {"curl/", "curl"},
    {"Wget", "Wget"},
    {"python", "Python"},
    {"Go-http-client", "Go"},
    {"Java/", "Java"},
    {"okhttp", "OkHttp"},
    {"libwww-perl", "Perl"},
    {"Ruby", "Ruby"},
    {"Mozilla/", "other browsers"},
}};

constexpr std::array<named, 13> systems{{
    {"Windows Phone", "Windows Phone"},
    {"Windows", "Windows"},
    {"iPhone", "iOS"},
    {"iPad", "iOS"},
    {"iPod", "iOS"},
    {"Android", "Android"},
    {"Macintosh", "macOS"},
    {"Mac OS X", "macOS"},
    {"CrOS", "ChromeOS"},
    {"Linux", "Linux"},
    {"X11", "other Unix"},
    {"BSD", "BSD"},
    {"Darwin", "macOS"},
}};

constexpr std::array<std::string_view, 12> crawler_words{
    "bot",      "spider", "crawl",   "slurp",   "archiver",  "mediapartners",
    "facebook", "feed",   "preview", "monitor", "validator", "scanner"};

constexpr std::array<std::string_view, 32> static_endings{
    "css",  "js",  "mjs", "map", "png",  "jpg",   "jpeg", "gif", "svg", "ico", "webp",
    "avif", "bmp", "ttf", "otf", "woff", "woff2", "eot",  "mp3", "mp4", "ogg", "webm",
    "wav",  "avi", "mov", "zip", "gz",   "tgz",   "jar",  "iso", "pdf", "wasm"};

bool same(char a, char b) { return lower(a) == b; }

template <std::size_t N>
std::string_view first_of(const std::array<named, N>& table, std::string_view text,
                          std::string_view otherwise) {
  for (const auto& [word, name] : table)
    if (text.find(word) != std::string_view::npos)
      return name;
  return otherwise;
}

/// The word of the agent, without its version, that has one of those in it; nothing: none.
std::string_view crawler_in(std::string_view agent) {
  constexpr std::string_view between = " ;,()/+@:\"";
  for (const auto word : crawler_words) {
    const auto at = std::search(agent.begin(), agent.end(), word.begin(), word.end(), same);
    if (at == agent.end())
      continue;
    const auto position = static_cast<std::size_t>(at - agent.begin());
    const auto before = agent.find_last_of(between, position);
    const auto first = before == std::string_view::npos ? 0 : before + 1;
    return agent.substr(first, agent.find_first_of(between, position) - first);
  }
  return {};
}

} // namespace

agent_family family_of(std::string_view agent) {
  constexpr std::size_t looked_at = 512; // what says something stands in front
  agent = agent.substr(0, looked_at);
  if (const auto name = crawler_in(agent); !name.empty())
    return {name, "", true};
  return {first_of(browsers, agent, "unknown"), first_of(systems, agent, "unknown"), false};
}

bool is_static_file(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  const auto dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] != '.')
    return false;
  const auto ending = path.substr(dot + 1);
  return std::any_of(static_endings.begin(), static_endings.end(), [&](std::string_view known) {
    return std::equal(ending.begin(), ending.end(), known.begin(), known.end(), same);
  });
}

} // namespace log_analytics
