#include "server/address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace sluice::server {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

class Socket {
 public:
  Socket(int family, int type) : descriptor_(::socket(family, type | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

std::string Because(const std::string& address, int error) {
  const std::string start = "cannot listen on " + address + ": ";
  switch (error) {
    case EADDRINUSE:
      return start + "it is in use by another program; stop that, or take another port (0: any free one)";
    case EADDRNOTAVAIL: return start + "this machine does not have that address";
    case EACCES: return start + "not permitted for this user";
    default: return start + std::strerror(error);
  }
}

std::optional<sockaddr_un> ToSocketAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return std::nullopt;
  path.copy(address.sun_path, path.size());
  return address;
}

}  // namespace

std::optional<Address> Address::Parse(std::string_view text) {
  Address address;
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
    address.path = text.substr(kUnixPrefix.size());
    return address.path.empty() ? std::nullopt : std::optional(address);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  const bool colons = host.find(':') != std::string_view::npos;
  if (host.empty() || brackets != colons || host.find_first_of("[]/ ") != std::string_view::npos) return std::nullopt;
  address.host = host;
  return address;
}

std::string Address::ToString() const {
  if (is_unix()) return std::string(kUnixPrefix) + path;
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<std::string> Address::Prepare() const { return is_unix() ? PrepareUnix() : PrepareTcp(); }

std::optional<std::string> Address::PrepareUnix() const {
  const auto address = ToSocketAddress(path);
  if (!address) return "cannot listen on " + ToString() + ": the path is longer than the system allows";
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? std::nullopt : std::optional(Because(ToString(), errno));
  }
  if (!S_ISSOCK(status.st_mode)) return "cannot listen on " + ToString() + ": the file exists and is not a socket";
  const Socket socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) == 0) {
    return Because(ToString(), EADDRINUSE);
  }
  if (errno != ECONNREFUSED) return Because(ToString(), errno == EAGAIN ? EADDRINUSE : errno);
  if (::unlink(path.c_str()) != 0) return Because(ToString(), errno);
  return std::nullopt;
}

std::optional<std::string> Address::PrepareTcp() const {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
    return "cannot listen on " + ToString() + ": " + ::gai_strerror(error);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  // A name may stand for several addresses, and one that this machine lacks (IPv6) does not matter then.
  bool possible = false;
  int reason = 0;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const Socket socket(each->ai_family, each->ai_socktype);
    const int one = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (::bind(socket.get(), each->ai_addr, each->ai_addrlen) == 0) {
      possible = true;
    } else if (reason != EADDRINUSE) {
      reason = errno;
    }
  }
  if (possible && reason != EADDRINUSE) return std::nullopt;
  return Because(ToString(), reason);
}

}  // namespace sluice::server
