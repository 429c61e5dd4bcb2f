// Where `put` takes its items from: arguments, lines, or a whole file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

// Thread safety: none.
class ItemSource {
 public:
  virtual ~ItemSource() = default;

  // Blocks: until there is an item. Nullopt at the end. Throws std::system_error when reading fails.
  virtual std::optional<std::string> Next() = 0;
  // False: Next would wait for whoever writes our input; what was read so far should go out first.
  virtual bool Ready() = 0;

  // For the progress: how many there are in all, or else how much (0..1) of the input was read.
  virtual std::optional<std::uint64_t> Total() const { return std::nullopt; }
  virtual std::optional<double> Share() const { return std::nullopt; }
};

std::unique_ptr<ItemSource> FromArguments(std::vector<std::string> items);
// One item a line, without its line end; the last line needs none. "-" is standard input.
std::unique_ptr<ItemSource> FromLines(const std::string& path);
// The whole file is one item. "-" is standard input.
std::unique_ptr<ItemSource> FromWhole(const std::string& path);

}  // namespace sluice::cli
