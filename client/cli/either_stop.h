// A stop token that stops when either of two others does, or by itself.
#pragma once

#include <functional>
#include <stop_token>

namespace sluice::cli {

// Thread safety: all methods may be called from any thread.
class EitherStop {
 public:
  EitherStop(const std::stop_token& a, const std::stop_token& b)
      : a_(a, [this] { source_.request_stop(); }), b_(b, [this] { source_.request_stop(); }) {}
  EitherStop(const EitherStop&) = delete;
  EitherStop& operator=(const EitherStop&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  void request_stop() { source_.request_stop(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> a_;
  std::stop_callback<std::function<void()>> b_;
};

}  // namespace sluice::cli
