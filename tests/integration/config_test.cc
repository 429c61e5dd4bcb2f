// Flags and file: what is allowed, what wins, and what is said about the rest.
#include "server/config.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/command_line.h"
#include "server/system_limits.h"
#include "server/units.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class ConfigTest : public testing::Test {
 protected:
  ~ConfigTest() override { std::filesystem::remove(path_); }

  // Runs the command line; keeps what it says.
  CommandLine Parse(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream errors;
    CommandLine result = ParseCommandLine(arguments, out, errors);
    out_ = out.str();
    errors_ = errors.str();
    return result;
  }
  CommandLine ParseFile(const std::string& text, std::vector<std::string> arguments = {}) {
    std::ofstream(path_) << text;
    arguments.insert(arguments.begin(), {"--config", path_});
    return Parse(arguments);
  }

  const std::string path_ = testing::TempDir() + "sluiced-" + std::to_string(::getpid()) + ".toml";
  std::string out_;
  std::string errors_;
};

TEST_F(ConfigTest, DefaultsServeTheMachineAlone) {
  const CommandLine line = Parse({});
  EXPECT_FALSE(line.exit_code);
  EXPECT_THAT(line.config.listen, ElementsAre("127.0.0.1:7171"));
  EXPECT_EQ(line.config.threads, Config::DefaultThreads());
}

TEST_F(ConfigTest, ThreadsLeaveTheCoresToTheClientsUntilThereAreMany) {
  const std::pair<unsigned, int> cores_and_threads[] = {{0, 1}, {1, 1}, {2, 1}, {7, 1}, {8, 2}, {64, 16}, {256, 16}};
  for (const auto& [cores, threads] : cores_and_threads) EXPECT_EQ(Config::DefaultThreads(cores), threads) << cores;
}

TEST_F(ConfigTest, EverySettingMayBeAFlag) {
  const auto config = Parse({"--listen",
                             "unix:/tmp/x",
                             "--listen=0.0.0.0:1",
                             "--memory",
                             "512MiB",
                             "--max-queues",
                             "7",
                             "--max-waiters",
                             "8",
                             "--max-sessions",
                             "9",
                             "--threads",
                             "3",
                             "--grace",
                             "250ms",
                             "--drain-timeout",
                             "2m",
                             "--log-format",
                             "json",
                             "--log-level",
                             "error",
                             "--port-file",
                             "p"})
                          .config;
  EXPECT_EQ(errors_, "");
  EXPECT_THAT(config.listen, ElementsAre("unix:/tmp/x", "0.0.0.0:1"));
  EXPECT_EQ(config.broker.memory_bytes, 512u << 20);
  EXPECT_EQ(config.broker.max_queues, 7u);
  EXPECT_EQ(config.broker.max_waiters, 8u);
  EXPECT_EQ(config.broker.max_sessions, 9u);
  EXPECT_EQ(config.threads, 3);
  EXPECT_EQ(config.broker.grace, 250ms);
  EXPECT_EQ(config.drain_timeout, 2min);
  EXPECT_EQ(config.log_format, LogFormat::kJson);
  EXPECT_EQ(config.log_level, LogLevel::kError);
  EXPECT_EQ(config.port_file, "p");
}

TEST_F(ConfigTest, TheFileKnowsTheSameNamesAndFlagsWinOverIt) {
  const auto config = ParseFile(R"(
      listen = ["127.0.0.1:1", "127.0.0.1:2"]
      memory = 2097152
      max-queues = 5   # a comment
      grace = "1s"
      )",
                                {"--max-queues", "6"})
                          .config;
  EXPECT_EQ(errors_, "");
  EXPECT_THAT(config.listen, ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_EQ(config.broker.memory_bytes, 2u << 20);
  EXPECT_EQ(config.broker.max_queues, 6u);
  EXPECT_EQ(config.broker.grace, 1s);
  EXPECT_THAT(ParseFile("listen = 'unix:/tmp/x'").config.listen, ElementsAre("unix:/tmp/x"));
}

TEST_F(ConfigTest, WhatIsWrongInAFileIsToldWithItsLineAndWhatIsAllowed) {
  const struct {
    const char* text;
    int line;
    const char* allowed;
  } kCases[] = {
      {"memory = '1MiB'\nmax-queues = 0\n", 2, "allowed: a whole number from 1 to"},
      {"max-queues = -1", 1, "allowed: a whole number"},
      {"max-queues = 1.5", 1, "wrong type"},
      {"max-queues = true", 1, "wrong type"},
      {"\n\nmemory = 'lots'", 3, "allowed: a whole number with KiB, MiB or GiB"},
      {"memory = '1KiB'", 1, "at least 1MiB"},
      {"memory = '99999999999999GiB'", 1, "allowed:"},
      {"grace = 5", 1, "allowed: a whole number with ms, s or m"},
      {"grace = '2h'", 1, "from 0s to 60m"},
      {"listen = []", 1, "allowed: HOST:PORT|unix:PATH"},
      {"listen = ['x']", 1, "allowed: HOST:PORT|unix:PATH"},
      {"listen = [[1]]", 1, "allowed: a list of strings"},
      {"log-format = 'xml'", 1, "allowed: text|json"},
      {"log-level = 'loud'", 1, "allowed: debug|info|warning|error"},
      {"threads = 65", 1, "allowed: a whole number from 1 to 64"},
      {"grace = '1s'\nmax-quues = 2", 2, "unknown setting \"max-quues\"; allowed: listen, port-file, data-dir"},
      {"[limits]\nmemory = '1GiB'", 1, "unknown setting \"limits\""},
      {"zzz = 1\naaa = 1", 1, "\"zzz\""},
      {"grace = '1s'\ngrace = '2s'", 2, "grace"},
      {"memory = \n", 1, ""},
      {"memory '1GiB'", 1, ""},
  };
  for (const auto& each : kCases) {
    const CommandLine line = ParseFile(each.text, {"--check-config"});
    EXPECT_EQ(line.exit_code, kExitInvalid) << each.text;
    EXPECT_THAT(errors_, AllOf(StartsWith("sluiced: " + path_ + ":" + std::to_string(each.line) + ": "),
                               HasSubstr(each.allowed)))
        << each.text;
    EXPECT_EQ(out_, "");
  }
}

TEST_F(ConfigTest, AFileThatCannotBeReadIsNamed) {
  EXPECT_EQ(Parse({"--config", "/nowhere/x.toml"}).exit_code, kExitInvalid);
  EXPECT_THAT(errors_, HasSubstr("/nowhere/x.toml: No such file"));
  EXPECT_EQ(Parse({"--config", "/"}).exit_code, kExitInvalid);
  EXPECT_THAT(errors_, HasSubstr("is a directory"));
  ParseFile(std::string(2'000'000, '#'));
  EXPECT_THAT(errors_, HasSubstr("larger than"));
}

TEST_F(ConfigTest, AWrongFlagIsToldWithWhatIsAllowed) {
  EXPECT_EQ(Parse({"--memory", "lots"}).exit_code, kExitInvalid);
  EXPECT_THAT(errors_, HasSubstr("--memory: \"lots\" is not allowed; allowed:"));
  EXPECT_EQ(Parse({"--bogus"}).exit_code, kExitInvalid);
  EXPECT_THAT(errors_, AllOf(HasSubstr("--bogus"), HasSubstr("--help")));
  EXPECT_EQ(Parse({"stray"}).exit_code, kExitInvalid);
  EXPECT_EQ(Parse({"--grace", "1s", "--grace", "2s"}).exit_code, kExitInvalid);
}

TEST_F(ConfigTest, CheckConfigSaysOk) {
  EXPECT_EQ(ParseFile("memory = '1GiB'", {"--check-config"}).exit_code, kExitOk);
  EXPECT_EQ(out_, "configuration ok\n");
  EXPECT_EQ(errors_, "");
}

TEST_F(ConfigTest, HelpNamesEverySettingAndVersionTheVersion) {
  EXPECT_EQ(Parse({"--help"}).exit_code, kExitOk);
  for (const Setting& setting : Settings()) EXPECT_THAT(out_, HasSubstr("--" + setting.name + " "));
  EXPECT_THAT(out_, AllOf(HasSubstr("Examples:"), HasSubstr("memory")));
  EXPECT_EQ(Parse({"--version"}).exit_code, kExitOk);
  EXPECT_EQ(out_, std::string("sluiced ") + SLUICE_VERSION + "\n");
}

TEST(UnitsTest, AreReadAndWrittenTheSameWay) {
  for (const char* text : {"0", "1", "1023", "1KiB", "512MiB", "3GiB", "1025KiB"}) {
    EXPECT_EQ(FormatSize(ParseSize(text).value()), text);
  }
  for (const char* text : {"0ms", "1ms", "1500ms", "5s", "90s", "2m"}) {
    EXPECT_EQ(FormatDuration(ParseDuration(text).value()), text);
  }
  for (const char* text : {"", "KiB", "1kb", "1 KiB", "-1", "1.5GiB", "99999999999999999999", "9999999999GiB"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
  for (const char* text : {"", "5", "5h", "-5s", "5 s", "s"}) EXPECT_FALSE(ParseDuration(text)) << text;
}

TEST(SystemLimits, AreRaisedAndWhatIsTooLowIsTold) {
  PrepareSystemLimits();
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(files.rlim_cur, files.rlim_max);
  EXPECT_EQ(FileLimitWarning(1'000'000), "");
  EXPECT_NE(FileLimitWarning(1'024).find("1024 open files"), std::string::npos);
  EXPECT_EQ(BacklogWarning(4'096), "");
  EXPECT_NE(BacklogWarning(128).find("net.core.somaxconn to 4096"), std::string::npos);
}

}  // namespace
}  // namespace sluice::server
