// From the text of a format to its parts.

#include "line_format.hpp"

#include "directives.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>

namespace log_analytics {

/// Cuts a text into fields and what stands between them.
class format_compiler {
public:
  explicit format_compiler(std::string_view text) : rest_(text) {}

  tl::expected<line_format, std::string> compile() {
    format_.kind_ = line_format::kind::directives;
    while (!rest_.empty() && problem_.empty())
      step();
    format_.behind_ = std::move(text_);
    if (problem_.empty())
      check();
    if (!problem_.empty())
      return tl::unexpected{std::move(problem_)};
    return std::move(format_);
  }

  static line_format of_w3c(std::string_view names, std::string_view date) {
    line_format result;
    result.date_ = date;
    result.kind_ = line_format::kind::w3c;
    while (!names.empty()) {
      const auto end = std::min(names.find_first_of(" \t"), names.size());
      if (end > 0)
        result.columns_.push_back(w3c_field(names.substr(0, end)));
      names.remove_prefix(std::min(end + 1, names.size()));
    }
    const auto has = [&columns = result.columns_](field what) {
      return std::find(columns.begin(), columns.end(), what) != columns.end();
    };
    using f = field;
    result.usable_ = (has(f::host) || has(f::forwarded)) && has(f::clock)
                     && (has(f::date) || !date.empty()) && has(f::path) && has(f::status);
    return result;
  }

  static line_format usual(vhost_field vhost) {
    line_format result;
    result.vhost_ = vhost;
    return result;
  }

private:
  void step() {
    if (rest_.starts_with("%%"))
      take_text(2, "%");
    else if (rest_.starts_with("\\\"")) // as it stands in Apache's configuration
      take_text(2, "\"");
    else if (rest_.starts_with("\\t"))
      take_text(2, "\t");
    else if (rest_.front() == '%')
      take_apache();
    else if (rest_.front() == '$')
      take_nginx();
    else
      take_text(1, rest_.substr(0, 1));
  }

  void take_text(std::size_t length, std::string_view text) {
    text_ += text;
    rest_.remove_prefix(length);
  }

  void add(field what) {
    if (text_.empty() && !format_.parts_.empty()) {
      // %U%q and $uri$is_args$args are one text, and what is wanted.
      if (format_.parts_.back().what == field::path
          && (what == field::query || what == field::ignored))
        return;
      problem_ = "there is nothing between two fields that tells where the first of them ends";
      return;
    }
    format_.parts_.push_back({std::exchange(text_, {}), what});
  }

  // %h, %>s, %{Referer}i, %!200{Referer}i
  void take_apache() {
    const auto whole = rest_;
    rest_.remove_prefix(1);
    rest_.remove_prefix(std::min(rest_.find_first_not_of("<>!,0123456789"), rest_.size()));
    std::string_view name;
    if (rest_.starts_with('{')) {
      const auto end = rest_.find('}');
      if (end == std::string_view::npos) {
        problem_ = "there is a { without a }";
        return;
      }
      name = rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 1);
    }
    const auto what = rest_.empty() ? std::nullopt : apache_field(rest_.front(), name);
    if (!what) {
      const auto length = whole.size() - rest_.size() + std::min<std::size_t>(1, rest_.size());
      problem_ = '"' + std::string{whole.substr(0, length)}
                 + "\" is no directive of Apache's LogFormat that is known here";
      return;
    }
    rest_.remove_prefix(1);
    const bool bracketed = *what == field::clf_time && name.empty(); // Apache writes them itself
    if (bracketed)
      text_ += '[';
    add(*what);
    if (bracketed)
      text_ = "]";
  }

  void take_nginx() {
    rest_.remove_prefix(1);
    const bool braced = rest_.starts_with('{');
    rest_.remove_prefix(braced ? 1 : 0);
    constexpr std::string_view letters
        = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const auto end = std::min(rest_.find_first_not_of(letters), rest_.size());
    if (end == 0 || (braced && !rest_.substr(end).starts_with('}'))) {
      problem_ = "there is a $ without the name of a variable";
      return;
    }
    add(nginx_field(rest_.substr(0, end)));
    rest_.remove_prefix(end + (braced ? 1 : 0));
  }

  bool has(std::initializer_list<field> any) const {
    return std::any_of(format_.parts_.begin(), format_.parts_.end(), [any](const auto& p) {
      return std::find(any.begin(), any.end(), p.what) != any.end();
    });
  }

  void check() {
    using f = field;
    if (!has({f::host, f::forwarded}))
      problem_ = "it has no field for the client, such as %h or $remote_addr";
    else if (!has({f::clf_time, f::iso_time, f::epoch_s, f::epoch_ms, f::epoch_us}))
      problem_ = "it has no field for the time, such as %t or [$time_local]";
    else if (!has({f::request, f::path}))
      problem_ = "it has no field for the request, such as \"%r\" or \"$request\"";
    else if (!has({f::status}))
      problem_ = "it has no field for the status, such as %>s or $status";
  }

  std::string_view rest_;
  std::string text_; ///< since the last field
  std::string problem_;
  line_format format_;
};

tl::expected<line_format, std::string> line_format::of(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, vhost_field>, 6> usual{{
      {"auto", vhost_field::maybe},
      {"w3c", vhost_field::maybe}, // its lines tell how to read them
      {"common", vhost_field::never},
      {"combined", vhost_field::never},
      {"vcommon", vhost_field::always},
      {"vcombined", vhost_field::always},
  }};
  for (const auto& [name, vhost] : usual)
    if (text == name)
      return format_compiler::usual(vhost);
  if (text.find_first_of("%$") == std::string_view::npos)
    return tl::unexpected{std::string{
        "valid are auto, common, combined, vcommon, vcombined, w3c, and a text with directives, "
        "e.g. '%v %h %l %u %t \"%r\" %>s %b %D' or '$remote_addr [$time_local] \"$request\" "
        "$status'"}};
  return format_compiler{text}.compile();
}

line_format line_format::of_w3c(std::string_view names, std::string_view date) {
  return format_compiler::of_w3c(names, date);
}

} // namespace log_analytics
