#include "client/cpp/examples/pipeline/stages.h"

#include <signal.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "client/cpp/examples/pipeline/files.h"
#include "client/cpp/examples/pipeline/image.h"

namespace pipeline {
namespace {

// Runs `step` on each item. A step first puts its result into the next queue; the pool then says task_done. A worker
// that dies in between leaves its item to a colleague, so the next stage may see a picture twice: writing is harmless
// when done twice.
template <typename T, typename Step>
void RunStage(const sluice::Queue<T>& queue, const std::string& stage, std::size_t freeze_at, const Step& step) {
  std::atomic<std::size_t> taken = 0;
  sluice::WorkerPool pool(queue, 1, [&](sluice::Task<T>& task) {
    if (++taken == freeze_at) raise(SIGSTOP);
    try {
      step(task.value());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", stage.c_str(), error.what());
      throw;  // the pool fails the task: another attempt, or dead
    }
  });
  pool.wait();
}

// Names the picture in what goes wrong with it.
template <typename Make>
auto ForPicture(const std::string& name, const Make& make) {
  try {
    return make();
  } catch (const std::exception& error) {
    throw std::runtime_error(name + ": " + error.what());
  }
}

}  // namespace

sluice::Client Run::Connect(const std::string& name) const {
  const sluice::ClientOptions options{.name = id + "." + name};
  return address.empty() ? sluice::Client::from_environment(options) : sluice::Client(address, options);
}

void Work(const Run& run, const std::string& stage, std::size_t freeze_at) {
  const sluice::Client client = run.Connect(stage);
  const auto names = client.queue<std::string>(run.queue("read"));
  const auto originals = client.queue<Picture>(run.queue("resize"));
  const auto thumbnails = client.queue<Picture>(run.queue("write"));
  if (stage == "read") {
    RunStage(names, stage, freeze_at, [&](const std::string& name) {
      const std::string bytes = ForPicture(name, [&] { return ReadFile(run.pictures / name); });
      try {
        originals.put({name, bytes});
      } catch (const sluice::TooLarge&) {
        originals.put({name, ""});
      }
    });
  } else if (stage == "resize") {
    RunStage(originals, stage, freeze_at, [&](const Picture& picture) {
      thumbnails.put({picture.name, ForPicture(picture.name, [&] {
                        return MakeThumbnail(picture.name, picture.bytes.empty() ? ReadFile(run.pictures / picture.name)
                                                                                 : picture.bytes);
                      })});
    });
  } else {
    RunStage(thumbnails, stage, freeze_at, [&](const Picture& picture) {
      ForPicture(picture.name, [&] { WriteFile(run.thumbnails / picture.name, picture.bytes); });
    });
  }
}

}  // namespace pipeline
