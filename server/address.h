// Addresses to serve on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::server {

inline constexpr std::string_view kAddressForms = "HOST:PORT|unix:PATH";

struct Address {
  std::string host;  // without the brackets of IPv6; empty: a Unix socket
  std::uint16_t port = 0;
  std::string path;  // of the Unix socket

  bool is_unix() const { return host.empty(); }
  // As it is written, with brackets where they belong.
  std::string ToString() const;

  // Nullopt when it is neither HOST:PORT nor unix:PATH.
  static std::optional<Address> Parse(std::string_view text);

  // Looks whether the address can be taken, because gRPC does not tell why it cannot; removes the file of a Unix socket
  // that nobody listens on any more. Returns what stands in the way.
  std::optional<std::string> Prepare() const;

 private:
  std::optional<std::string> PrepareUnix() const;
  std::optional<std::string> PrepareTcp() const;
};

}  // namespace sluice::server
