// Where the server may listen, and what it says when it may not.
#include "server/address.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "server/port_file.h"
#include "tests/integration/server_fixture.h"

namespace sluice::server {
namespace {

using testing::HasSubstr;

TEST(AddressTest, IsAHostAndPortOrAUnixSocket) {
  for (const char* text : {"127.0.0.1:7171", "localhost:0", "[::1]:65535", "0.0.0.0:1", "unix:/tmp/x", "unix:x"}) {
    const auto address = Address::Parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(AddressTest, IsNothingElse) {
  for (const char* text : {"", ":", ":80", "host", "host:", "host:x", "host:1x", "host:65536", "host:-1", "::1:80",
                           "[host]:80", "[::1]", "a b:80", "http://host:80", "unix:"}) {
    EXPECT_FALSE(Address::Parse(text)) << text;
  }
}

class SocketFileTest : public testing::Test {
 protected:
  ~SocketFileTest() override { std::filesystem::remove(path_); }
  std::optional<std::string> Prepare() { return Address::Parse("unix:" + path_)->Prepare(); }

  const std::string path_ = testing::TempDir() + "sluice-address-" + std::to_string(::getpid()) + ".sock";
};

TEST_F(SocketFileTest, OfADeadServerIsRemoved) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, path_.size());
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  EXPECT_THAT(Prepare().value_or(""), HasSubstr("in use"));
  ::close(socket);
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(Prepare(), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, ThatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(Prepare().value_or(""), HasSubstr("not a socket"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, WhosePathIsTooLongIsRefused) {
  const auto address = Address::Parse("unix:/tmp/" + std::string(200, 'x'));
  EXPECT_THAT(address->Prepare().value_or(""), HasSubstr("longer than"));
}

TEST(PortFileTest, IsThereWholeAndGoesWithItsObject) {
  const std::string path = testing::TempDir() + "sluice-ports-" + std::to_string(::getpid());
  {
    PortFile file;
    EXPECT_EQ(file.Write(path, {"127.0.0.1:1234", "unix:/tmp/x"}), std::nullopt);
    std::ifstream in(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "127.0.0.1:1234\nunix:/tmp/x\n");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THAT(PortFile().Write("/nowhere/ports", {"x"}).value_or(""), HasSubstr("/nowhere/ports: No such file"));
}

class TakenAddressTest : public test::ServerTest {
 protected:
  std::string StartOn(const std::string& address) {
    Config config;
    config.listen = {address};
    std::string error;
    EXPECT_FALSE(Server::Start(config, SteadyClock::Get(), &error));
    return error;
  }
};

TEST_F(TakenAddressTest, IsRefusedWithItsName) {
  for (const std::string& address : server_->addresses()) {
    EXPECT_THAT(StartOn(address), testing::AllOf(HasSubstr(address), HasSubstr("in use")));
  }
  EXPECT_THAT(StartOn("192.0.2.1:1"), HasSubstr("does not have that address"));
  EXPECT_EQ(Call(*queues_, &v1::QueueService::Stub::Stats, "queue: 'q'").code, grpc::StatusCode::NOT_FOUND);  // alive
}

}  // namespace
}  // namespace sluice::server
