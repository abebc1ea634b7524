#include "state.hpp"

#include "whole_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace log_analytics {

namespace {

using json = nlohmann::json;

constexpr int version = 1;

/// What a file of ours begins with: a map of three, the first of whose names is this. Others are not
/// even looked at: what nests deep enough would exhaust the stack.
constexpr std::string_view beginning = "\xa3\x6dlog_analytics";

class damaged : public std::exception {};

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error{"--state: " + path + ": " + why};
}

json to_json(const counts& c) { return json::array({c.hits, c.bytes}); }
counts counts_of(const json& j) {
  return {j.at(0).get<std::uint64_t>(), j.at(1).get<std::uint64_t>()};
}

/// Numbers and texts one behind the other, in the order of this machine's bytes: as values of JSON,
/// rows would take ten times the memory.
class packer {
public:
  void put(std::uint64_t value) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void put(std::string_view text) {
    put(std::uint64_t{text.size()});
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  json take() { return json::binary(std::move(bytes_)); }

private:
  std::vector<std::uint8_t> bytes_;
};

/// Errors: damaged where there is not as much as is asked for.
class unpacker {
public:
  explicit unpacker(const json& j)
      : rest_(reinterpret_cast<const char*>(j.get_binary().data()), j.get_binary().size()) {}

  bool done() const { return rest_.empty(); }
  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto bytes = text(sizeof value);
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view text() { return text(number()); }

private:
  std::string_view text(std::uint64_t size) {
    if (size > rest_.size())
      throw damaged{};
    const auto result = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return result;
  }

  std::string_view rest_;
};

json to_json(const top_table& table) {
  packer rows;
  for (const auto& r : table.rows()) {
    rows.put(r.key);
    rows.put(std::uint64_t{r.cut});
    rows.put(r.count.hits);
    rows.put(r.count.bytes);
    rows.put(r.missed);
  }
  const auto rest = table.rest();
  return {{"rows", rows.take()},
          {"other", to_json(rest.other)},
          {"missed", rest.missed},
          {"most", rest.most}};
}

void restore(top_table& table, const json& j) {
  unpacker in{j.at("rows")};
  std::vector<row> rows;
  while (!in.done()) {
    auto& r = rows.emplace_back();
    r.key = in.text();
    r.cut = in.number() != 0;
    r.count.hits = in.number();
    r.count.bytes = in.number();
    r.missed = in.number();
  }
  table.restore(rows, {counts_of(j.at("other")), j.at("missed").get<std::uint64_t>(),
                       j.at("most").get<std::size_t>()});
}

json to_json(const distinct_set& set) {
  packer values;
  for (const auto value : set.values())
    values.put(value);
  return {{"values", values.take()}, {"complete", set.complete()}};
}

void restore(distinct_set& set, const json& j) {
  unpacker in{j.at("values")};
  std::vector<std::uint64_t> values;
  while (!in.done())
    values.push_back(in.number());
  set.restore(values, j.at("complete").get<bool>());
}

template <class Counts>
json all_counts(const Counts& some) {
  json all = json::array();
  for (const auto& c : some)
    all.push_back(to_json(c));
  return all;
}

template <class Counts>
void restore_all(Counts& some, const json& j) {
  for (std::size_t i = 0; i < some.size(); ++i)
    some[i] = counts_of(j.at(i));
}

} // namespace

/// Knows all that a summary consists of.
class summary_state {
  // A summary or a const one.
  template <class Summary>
  static auto tables_of(Summary& s) {
    using table = std::remove_reference_t<decltype((s.paths_))>;
    return std::vector<std::pair<const char*, table*>>{
        {"vhosts", &s.vhosts_},       {"methods", &s.methods_},     {"paths", &s.paths_},
        {"hosts", &s.hosts_},         {"referrers", &s.referrers_}, {"agents", &s.agents_},
        {"not_found", &s.not_found_}, {"reasons", &s.reasons_},     {"served", &s.served_by_path_}};
  }

public:
  static json of(const summary& s) {
    json dates = json::array();
    for (const auto& [day, count] : s.dates_)
      dates.push_back({day, count.hits, count.bytes});
    json tables = json::object();
    for (const auto& [name, table] : tables_of(s))
      tables[name] = to_json(*table);
    return {{"requests", s.requests_},
            {"failed", s.failed_},
            {"outside", s.outside_},
            {"skipped", s.skipped_},
            {"bytes", s.bytes_},
            {"first_second", s.first_second_},
            {"last_second", s.last_second_},
            {"visitors", to_json(s.visitors_)},
            {"shapes", s.shapes_},
            {"without_vhost", to_json(s.without_vhost_)},
            {"served", s.served_},
            {"longest_served", s.longest_served_},
            {"statuses", all_counts(s.statuses_)},
            {"hours", all_counts(s.hours_)},
            {"dates", std::move(dates)},
            {"other_dates", to_json(s.other_dates_)},
            {"tables", std::move(tables)}};
  }

  static void restore_into(summary& s, const json& j) {
    j.at("requests").get_to(s.requests_);
    j.at("failed").get_to(s.failed_);
    j.at("outside").get_to(s.outside_);
    j.at("skipped").get_to(s.skipped_);
    j.at("bytes").get_to(s.bytes_);
    j.at("first_second").get_to(s.first_second_);
    j.at("last_second").get_to(s.last_second_);
    restore(s.visitors_, j.at("visitors"));
    j.at("shapes").get_to(s.shapes_);
    s.without_vhost_ = counts_of(j.at("without_vhost"));
    j.at("served").get_to(s.served_);
    j.at("longest_served").get_to(s.longest_served_);
    restore_all(s.statuses_, j.at("statuses"));
    restore_all(s.hours_, j.at("hours"));
    for (const auto& date : j.at("dates"))
      s.dates_[date.at(0).get<std::int32_t>()]
          = {date.at(1).get<std::uint64_t>(), date.at(2).get<std::uint64_t>()};
    s.other_dates_ = counts_of(j.at("other_dates"));
    for (const auto& [name, table] : tables_of(s))
      restore(*table, j.at("tables").at(name));
  }
};

// An empty file is there to be locked. It may be replaced while we wait to look at it.
state_lock::state_lock(const std::string& path) {
  for (;;) {
    file_ = ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (file_ < 0)
      fail(path, std::generic_category().message(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(file_);
      fail(path, "another run adds to it; wait for its end");
    }
    struct stat mine {};
    struct stat named {};
    if (::fstat(file_, &mine) == 0 && ::stat(path.c_str(), &named) == 0
        && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev)
      return;
    ::close(file_);
  }
}

state_lock::~state_lock() { ::close(file_); }

std::unique_ptr<summary> load_state(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in && errno == ENOENT)
    return std::make_unique<summary>();
  if (!in)
    fail(path, std::generic_category().message(errno));
  const std::string foreign = "is no state of this program; name another file, or remove it";
  try {
    if (in.peek() == std::ifstream::traits_type::eof() && !in.bad())
      return std::make_unique<summary>();
    std::string bytes(beginning.size(), '\0');
    if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) || bytes != beginning)
      fail(path, foreign);
    in.seekg(0);
    const auto all = json::from_cbor(in);
    if (all.at("log_analytics").get<int>() != version)
      fail(path, "is of another version of this program; name another file, or remove it");
    all.at("seed").get_to(process_seed());
    auto s = std::make_unique<summary>();
    summary_state::restore_into(*s, all.at("summary"));
    return s;
  } catch (const json::exception&) {
    fail(path, foreign);
  } catch (const damaged&) {
    fail(path, foreign);
  }
}

void save_state(const std::string& path, const summary& s) {
  const json all{
      {"log_analytics", version}, {"seed", process_seed()}, {"summary", summary_state::of(s)}};
  const auto bytes = json::to_cbor(all);
  const auto problem = replace_file(path, [&bytes](std::ostream& out) {
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  });
  if (problem)
    throw std::runtime_error{"--state: " + *problem + "; the state is as it was before"};
}

} // namespace log_analytics
