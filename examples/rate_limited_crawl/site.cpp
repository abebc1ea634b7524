#include "site.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <iostream>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace web {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

constexpr int links_on_a_page = 3;

tcp::endpoint loopback(std::uint16_t port) {
  return {boost::asio::ip::address_v4::loopback(), port};
}

} // namespace

site::site(int pages)
    : pages_(pages), door_(io_, loopback(0)), port_(door_.local_endpoint().port()),
      thread_([this] { serve(); }) {}

site::~site() {
  closed_ = true;
  boost::system::error_code ignored;
  tcp::socket{io_}.connect(loopback(port_), ignored); // so that `accept` returns
  thread_.join();
}

void site::serve() {
  for (;;) {
    try {
      auto visitor = door_.accept();
      if (closed_)
        return;
      boost::beast::flat_buffer buffer;
      http::request<http::empty_body> asked;
      http::read(visitor, buffer, asked);
      {
        const std::lock_guard lock{mutex_};
        asked_.push_back(steady_clock::now());
      }
      http::response<http::string_body> answer{http::status::ok, asked.version()};
      answer.body() = page(std::string{asked.target()});
      if (answer.body().empty())
        answer.result(http::status::not_found);
      answer.prepare_payload();
      http::write(visitor, answer);
    } catch (const std::exception& e) {
      std::cerr << "site: " << e.what() << '\n'; // one visitor less
    }
  }
}

// Page n leads to 3n + 1, 3n + 2, 3n + 3, and back to the first.
std::string site::page(const std::string& path) const {
  int n = 0;
  const auto* const end = path.data() + path.size();
  if (path.size() < 2 || std::from_chars(path.data() + 1, end, n).ptr != end || n < 0
      || n >= pages_)
    return {};
  std::string text = "<h1>page " + std::to_string(n) + "</h1><a href=\"/0\">home</a>";
  for (int i = 1; i <= links_on_a_page && links_on_a_page * n + i < pages_; ++i)
    text += "<a href=\"/" + std::to_string(links_on_a_page * n + i) + "\">more</a>";
  return text;
}

int site::busiest_second() const {
  const std::lock_guard lock{mutex_};
  std::ptrdiff_t most = 0;
  for (auto from = asked_.begin(); from != asked_.end(); ++from)
    most = std::max(most,
                    std::lower_bound(from, asked_.end(), *from + std::chrono::seconds{1}) - from);
  return static_cast<int>(most);
}

troupe::result<std::string> get(std::uint16_t port, const std::string& path) try {
  boost::asio::io_context io;
  tcp::socket socket{io};
  socket.connect(loopback(port));
  http::request<http::empty_body> wanted{http::verb::get, path, 11};
  wanted.set(http::field::host, "localhost");
  http::write(socket, wanted);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> answer;
  http::read(socket, buffer, answer);
  if (answer.result() != http::status::ok)
    return troupe::fail(troupe::errc::stage_failed, path + ": " + std::string{answer.reason()});
  return answer.body();
} catch (const std::exception& e) {
  return troupe::fail(troupe::errc::stage_failed, path + ": " + e.what());
}

} // namespace web
