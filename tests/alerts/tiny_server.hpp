#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

/// The least of an HTTP server: reads a request from each connection, and gives the next of
/// its answers, whatever they are. When they are used up it takes no more connections, which the
/// system still accepts: it has become one that never answers. The answer "" is none as well, to a
/// request that was read.
class tiny_server {
public:
  enum class at { ipv4, ipv6 };

  explicit tiny_server(std::vector<std::string> answers, at where = at::ipv4)
      : answers_(std::move(answers)),
        socket_(::socket(where == at::ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    where == at::ipv4 ? listen_at(four, four.sin_port) : listen_at(six, six.sin6_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  tiny_server(const tiny_server&) = delete;
  tiny_server& operator=(const tiny_server&) = delete;
  ~tiny_server() {
    ::shutdown(socket_, SHUT_RDWR); // wakes accept
    thread_.join();
    for (const int open : held_)
      ::close(open);
    ::close(socket_);
  }

  std::string port() const { return std::to_string(port_); }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + port() + path;
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

  /// Answers after which the client has closed the connection.
  int taken() const { return taken_; }

private:
  template <class Address>
  void listen_at(Address& address, const in_port_t& port) {
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (socket_ < 0 || ::bind(socket_, any, size) != 0 || ::listen(socket_, 16) != 0
        || ::getsockname(socket_, any, &size) != 0) {
      ::close(socket_);
      throw std::runtime_error("no loopback address to listen at");
    }
    port_ = ntohs(port);
  }

  void serve() {
    for (const auto& answer : answers_) {
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0)
        return;
      held_.push_back(connection);
      auto request = read_request(connection);
      {
        const std::lock_guard lock{mutex_};
        requests_.push_back(std::move(request));
      }
      if (answer.empty())
        continue;
      (void)::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::shutdown(connection, SHUT_WR);
      char rest = 0;
      while (::recv(connection, &rest, 1, 0) > 0) {
      }
      ++taken_;
    }
  }

  static std::string read_request(int connection) {
    std::string all;
    char some[4096];
    for (;;) {
      const auto n = ::recv(connection, some, sizeof some, 0);
      if (n <= 0)
        return all;
      all.append(some, static_cast<std::size_t>(n));
      const auto end = all.find("\r\n\r\n");
      const auto length = all.find("Content-Length: ");
      if (end != std::string::npos && length != std::string::npos
          && all.size() - end - 4 >= std::stoul(all.substr(length + 16)))
        return all;
    }
  }

  const std::vector<std::string> answers_;
  const int socket_;
  std::uint16_t port_ = 0;
  std::vector<int> held_; ///< connections, open until the end
  std::atomic<int> taken_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

} // namespace support
