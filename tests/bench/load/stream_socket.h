// A blocking TCP connection with buffered reads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::load {

// Throws std::runtime_error when the other end is gone.
//
// Thread safety: one thread at a time.
class StreamSocket {
 public:
  explicit StreamSocket(const std::string& address);  // HOST:PORT
  ~StreamSocket();
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;

  void Write(std::string_view bytes);
  // Up to and without "\r\n". Borrows: until the next call.
  std::string_view ReadLine();
  // Exactly so many. Borrows: until the next call.
  std::string_view Read(std::size_t bytes);
  // True when something can be read within the time.
  bool Readable(int timeout_ms) const;

 private:
  void Fill();  // reads what there is, at least one byte

  int socket_ = -1;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what is not read yet
  std::size_t end_ = 0;
};

}  // namespace sluice::load
