// An immutable run of bytes that shares its owner: copying it copies no byte.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

// Thread safety: as shared_ptr: distinct objects may be used from distinct threads.
class Bytes {
 public:
  Bytes() = default;
  // Owns: the text.
  explicit Bytes(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    view_ = *owner;
    owner_ = std::move(owner);
  }
  // Borrows: `view`, until the last copy of `owner` is gone.
  Bytes(std::shared_ptr<const void> owner, std::string_view view) : owner_(std::move(owner)), view_(view) {}

  Bytes(const Bytes&) = default;
  Bytes& operator=(const Bytes&) = default;
  // What was moved from is empty: its view never outlives its owner.
  Bytes(Bytes&& other) noexcept : owner_(std::move(other.owner_)), view_(std::exchange(other.view_, {})) {}
  Bytes& operator=(Bytes&& other) noexcept {
    owner_ = std::move(other.owner_);
    view_ = std::exchange(other.view_, {});
    return *this;
  }
  ~Bytes() = default;

  // Borrows: until the last copy of this is gone.
  std::string_view view() const { return view_; }
  std::size_t size() const { return view_.size(); }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace sluice
