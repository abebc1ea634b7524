#include <troupe/web/http_post.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

http::request<http::string_body> request_of(const http_url& to, std::string body) {
  constexpr unsigned http_1_1 = 11;
  http::request<http::string_body> request{http::verb::post, to.target, http_1_1};
  request.set(http::field::host, to.authority());
  request.set(http::field::user_agent, "troupe");
  request.set(http::field::content_type, "application/json");
  request.keep_alive(false);
  request.body() = std::move(body);
  request.prepare_payload();
  return request;
}

duration seconds_in(std::string_view text) {
  unsigned seconds = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, seconds);
  return fault == std::errc{} && stop == end ? std::chrono::seconds{seconds} : duration::zero();
}

/// One step begins the next, in the thread that runs `io`.
class exchange {
public:
  exchange(asio::io_context& io, const http_url& to, std::string body)
      : to_{to}, resolver_{io}, stream_{io}, request_{request_of(to, std::move(body))} {}

  void begin() {
    error_code no_number;
    const auto address = asio::ip::make_address(to_.host, no_number);
    if (!no_number) {
      stream_.async_connect(tcp::endpoint{address, to_.port}, [this](error_code e) { send(e); });
      return;
    }
    doing_ = "look up";
    resolver_.async_resolve(
        to_.host, std::to_string(to_.port),
        [this](error_code e, const tcp::resolver::results_type& found) {
          if (!good(e))
            return;
          doing_ = "connect to";
          stream_.async_connect(found,
                                [this](error_code failed, const tcp::endpoint&) { send(failed); });
        });
  }

  /// Once `io` has nothing left to run. Nothing: it was stopped before.
  std::optional<result<http_answer>> take() { return std::exchange(result_, std::nullopt); }

  const char* doing() const { return doing_; }

private:
  void send(error_code e) {
    if (!good(e))
      return;
    doing_ = "send to";
    http::async_write(stream_, request_, [this](error_code failed, std::size_t) {
      // A server may answer and close before it has read all.
      if (failed && failed != asio::error::broken_pipe && failed != asio::error::connection_reset)
        (void)good(failed);
      else
        receive();
    });
  }

  void receive() {
    doing_ = "get an answer from";
    http::async_read_header(stream_, buffer_, answer_, [this](error_code e, std::size_t) {
      if (!good(e))
        return;
      const auto& head = answer_.get();
      result_ = http_answer{head.result_int(), std::string{head.reason()},
                            seconds_in({head[http::field::retry_after].data(),
                                        head[http::field::retry_after].size()})};
      error_code ignored;
      stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
      stream_.close();
    });
  }

  bool good(error_code e) {
    if (e)
      result_ = fail(errc::stage_failed,
                     "cannot " + std::string{doing_} + ' ' + to_.authority() + ": " + e.message());
    return !e;
  }

  const http_url& to_;
  tcp::resolver resolver_;
  boost::beast::tcp_stream stream_;
  http::request<http::string_body> request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::empty_body> answer_;
  const char* doing_ = "connect to";
  std::optional<result<http_answer>> result_;
};

} // namespace

result<http_answer> http_post(const http_url& to, std::string body, duration timeout,
                              const context& ctx) {
  asio::io_context io{1};
  exchange talk{io, to, std::move(body)};
  talk.begin();
  const auto id = ctx.on_cancel([&io] { io.stop(); });
  if (timeout < for_ever)
    io.run_for(timeout);
  else
    io.run();
  ctx.forget(id);
  if (auto done = talk.take())
    return *std::move(done);
  const auto what = std::string{talk.doing()} + ' ' + to.authority();
  return ctx.cancelled()
             ? fail(errc::cancelled, "gave up: could not " + what + " so far")
             : fail(errc::timed_out, "could not " + what + " within " + as_text(timeout));
}

} // namespace troupe::detail
