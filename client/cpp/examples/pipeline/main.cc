// A folder of pictures becomes thumbnails: read -> resize -> write, each stage a few worker processes, between them
// bounded queues on a Sluice server. A worker is killed on the way, and nothing is lost.
//
//   pipeline run [FOLDER]            the whole thing; without a folder it makes 1,000 pictures first
//   pipeline make FOLDER             makes pictures
//   pipeline check FOLDER THUMBS     checks thumbnails
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include <sluice/error.h>
#include <CLI/CLI.hpp>

#include "client/cpp/examples/pipeline/files.h"
#include "client/cpp/examples/pipeline/orchestrator.h"
#include "client/cpp/examples/pipeline/report.h"
#include "client/cpp/examples/pipeline/samples.h"
#include "client/cpp/examples/pipeline/stages.h"
#include "client/cpp/examples/pipeline/verify.h"

namespace {

struct Arguments {
  pipeline::Options options;
  pipeline::Run run;
  std::string stage;
  std::size_t freeze_at = 0;
};

void Declare(CLI::App& app, Arguments& arguments) {
  pipeline::Options& options = arguments.options;
  CLI::App* run = app.add_subcommand("run", "Turns a folder of PNG and JPEG pictures into thumbnails");
  run->add_option("folder", options.pictures, "Pictures; without it, some are made")->check(CLI::ExistingDirectory);
  run->add_option("--address", options.address, "Server, HOST:PORT or unix:PATH; default: $SLUICE_ADDRESS");
  run->add_option("--output", options.thumbnails, "Folder for the thumbnails; default: FOLDER-thumbnails");
  run->add_option("--count", options.samples, "How many pictures to make")->check(CLI::Range(1, 99'999));
  run->add_option("--readers", options.readers, "Worker processes that read")->check(CLI::Range(1, 64));
  run->add_option("--resizers", options.resizers, "Worker processes that resize")->check(CLI::Range(1, 64));
  run->add_option("--writers", options.writers, "Worker processes that write")->check(CLI::Range(1, 64));

  CLI::App* make = app.add_subcommand("make", "Makes pictures to try it on");
  make->add_option("folder", options.pictures)->required();
  make->add_option("--count", options.samples, "How many")->check(CLI::Range(1, 99'999));

  CLI::App* check = app.add_subcommand("check", "Checks that every picture has its thumbnail, exactly once and right");
  check->add_option("folder", options.pictures)->required()->check(CLI::ExistingDirectory);
  check->add_option("thumbnails", options.thumbnails)->required()->check(CLI::ExistingDirectory);

  CLI::App* work = app.add_subcommand("work", "")->group("");  // what `run` starts; not for people
  work->add_option("stage", arguments.stage)->required();
  work->add_option("--address", arguments.run.address);
  work->add_option("--run", arguments.run.id)->required();
  work->add_option("--pictures", arguments.run.pictures)->required();
  work->add_option("--thumbnails", arguments.run.thumbnails)->required();
  work->add_option("--freeze-at", arguments.freeze_at);
}

int Check(const pipeline::Options& options) {
  const auto names = pipeline::ListPictures(options.pictures, options.thumbnails);
  const auto verdict = [&] {
    const pipeline::Counter counter("checking", names.size());
    return pipeline::Verify(options.pictures, names, options.thumbnails, {}, std::ref(counter));
  }();
  return pipeline::ReportVerdict(verdict) ? 0 : 1;
}

int Run(const CLI::App& app, const Arguments& arguments) {
  if (app.got_subcommand("run")) return pipeline::RunPipeline(arguments.options);
  if (app.got_subcommand("check")) return Check(arguments.options);
  if (app.got_subcommand("make")) {
    const pipeline::Counter counter("making pictures", arguments.options.samples);
    pipeline::MakeSamples(arguments.options.pictures, arguments.options.samples, std::ref(counter));
    return 0;
  }
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // a worker does not outlive its orchestrator
  pipeline::Work(arguments.run, arguments.stage, arguments.freeze_at);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A folder of pictures becomes thumbnails, by three stages of worker processes");
  app.require_subcommand(1);
  Arguments arguments;
  Declare(app, arguments);
  try {
    app.parse(argc, argv);
    return Run(app, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "pipeline: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pipeline: %s\n", error.what());
    return 1;
  }
}
