#include "client/cpp/examples/pipeline/files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "client/cpp/examples/pipeline/image.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{512} << 20;  // more is no picture

[[noreturn]] void ThrowErrno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) ThrowErrno("cannot be read");
  if (fs::file_size(path) > kMaxFileBytes) {
    throw std::system_error(std::make_error_code(std::errc::file_too_large), "cannot be read");
  }
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (file.bad() || bytes.bad()) ThrowErrno("cannot be read");
  return std::move(bytes).str();
}

void WriteFile(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  // The process id keeps two writers of one picture apart.
  const fs::path half = path.parent_path() / ("." + path.filename().string() + "." + std::to_string(getpid()));
  std::ofstream file(half, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) ThrowErrno("cannot be written");
  fs::rename(half, path);
}

std::vector<std::string> ListPictures(const fs::path& folder, const fs::path& except) {
  std::vector<std::string> names;
  for (fs::recursive_directory_iterator entry(folder), end; entry != end; ++entry) {
    if (entry->is_directory() && !except.empty() && entry->path() == except) entry.disable_recursion_pending();
    const std::string name = entry->path().string();
    if (entry->is_regular_file() && (IsPng(name) || IsJpeg(name))) {
      names.push_back(entry->path().lexically_relative(folder).string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::set<std::string> ListFiles(const fs::path& folder) {
  std::set<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) names.insert(entry.path().lexically_relative(folder).string());
  }
  return names;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "sluice-pipeline-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) ThrowErrno("no folder for temporary files");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace pipeline
