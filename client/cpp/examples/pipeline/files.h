// Files and folders of the pipeline.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

// All throw std::system_error; the caller names the file.
std::string ReadFile(const std::filesystem::path& path);
// As a whole or not at all: written beside its place and renamed. Writing the same file twice is harmless.
void WriteFile(const std::filesystem::path& path, std::string_view bytes);

// The PNG and JPEG files in `folder` and below, by their endings, sorted, relative to it; nothing of `except`.
std::vector<std::string> ListPictures(const std::filesystem::path& folder, const std::filesystem::path& except = {});
// Every file in `folder` and below, relative to it; empty when there is no such folder.
std::set<std::string> ListFiles(const std::filesystem::path& folder);

// A new empty folder, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace pipeline
