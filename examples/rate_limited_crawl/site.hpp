#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <troupe/result.hpp>

namespace web {

/// A web site on this machine, of so many pages that link to each other, which notes when it was
/// asked for one.
class site {
public:
  explicit site(int pages);
  site(const site&) = delete;
  site& operator=(const site&) = delete;
  ~site();

  std::uint16_t port() const noexcept { return port_; }
  /// The most requests that came within any second.
  int busiest_second() const;

private:
  void serve();
  std::string page(const std::string& path) const;

  int pages_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor door_;
  std::uint16_t port_;
  std::atomic<bool> closed_{false};
  mutable std::mutex mutex_;
  std::vector<std::chrono::steady_clock::time_point> asked_;
  std::thread thread_;
};

/// The text of a page of this machine. Errors: errc::stage_failed, with what the network said.
troupe::result<std::string> get(std::uint16_t port, const std::string& path);

} // namespace web
