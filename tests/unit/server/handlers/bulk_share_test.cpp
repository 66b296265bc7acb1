#include "server/handlers/bulk_share.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <vector>

namespace mobileclip::server {
namespace {

namespace asio = boost::asio;

class BulkShareTest : public ::testing::Test {
 protected:
  void take(int name, std::size_t bytes) {
    asio::co_spawn(io_, hold(name, bytes), asio::detached);
    run();
  }
  void give_back(int name) {
    held_.erase(name);
    run();
  }
  std::vector<int> holders() const {
    std::vector<int> names;
    for (const auto& [name, permit] : held_) names.push_back(name);
    return names;
  }

  std::shared_ptr<BulkShare> share_ = std::make_shared<BulkShare>(2, 100);

 private:
  asio::awaitable<void> hold(int name, std::size_t bytes) {
    BulkShare::Permit permit = co_await share_->take(bytes);
    held_.emplace(name, std::move(permit));
  }
  void run() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  std::map<int, BulkShare::Permit> held_;
};

using Names = std::vector<int>;

TEST_F(BulkShareTest, BoundsItemsAndServesInTurn) {
  for (int name = 1; name <= 4; ++name) take(name, 1);
  EXPECT_EQ(holders(), (Names{1, 2}));
  give_back(2);
  EXPECT_EQ(holders(), (Names{1, 3}));
  give_back(1);
  give_back(3);
  EXPECT_EQ(holders(), (Names{4}));
}

TEST_F(BulkShareTest, BoundsBytes) {
  take(1, 60);
  take(2, 60);
  take(3, 10);
  EXPECT_EQ(holders(), (Names{1})) << "a small item does not overtake";
  give_back(1);
  EXPECT_EQ(holders(), (Names{2, 3}));
}

TEST_F(BulkShareTest, AnItemOverTheBytesIsTakenAlone) {
  take(1, 10);
  take(2, 1000);
  EXPECT_EQ(holders(), (Names{1}));
  give_back(1);
  EXPECT_EQ(holders(), (Names{2}));
  take(3, 1);
  EXPECT_EQ(holders(), (Names{2}));
  give_back(2);
  EXPECT_EQ(holders(), (Names{3}));
}

}  // namespace
}  // namespace mobileclip::server
