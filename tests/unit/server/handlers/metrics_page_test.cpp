#include "server/handlers/metrics_page.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <latch>
#include <string>
#include <vector>

namespace mobileclip::server {
namespace {

/// Readers on one thread, rendering on another that the test can hold up.
class MetricsPageTest : public ::testing::Test {
 protected:
  void read(int readers) {
    for (int i = 0; i < readers; ++i) boost::asio::co_spawn(io_, read_one(), boost::asio::detached);
  }

  boost::asio::awaitable<void> read_one() {
    const Result<MetricsPage::Page> page = co_await page_.read();
    pages_.push_back(page.value());
  }

  boost::asio::io_context io_;
  std::latch begun_{1};
  std::latch released_{1};
  int renderings_ = 0;
  std::vector<MetricsPage::Page> pages_;
  boost::asio::thread_pool workers_{1};
  MetricsPage page_{[this] {
                      if (++renderings_ == 1) {
                        begun_.count_down();
                        released_.wait();
                      }
                      return "rendering " + std::to_string(renderings_);
                    },
                    workers_.get_executor()};
};

TEST_F(MetricsPageTest, WhoAsksWhileItIsRenderedGetsTheNextAndAllOfThemTheSame) {
  read(1);
  io_.poll();
  begun_.wait();
  read(50);
  io_.poll();
  released_.count_down();
  io_.restart();
  io_.run();
  ASSERT_EQ(pages_.size(), 51u);
  EXPECT_EQ(*pages_.front(), "rendering 1");
  EXPECT_EQ(*pages_.back(), "rendering 2");
  for (std::size_t i = 1; i < pages_.size(); ++i) EXPECT_EQ(pages_[i], pages_.back()) << "a copy";
  EXPECT_EQ(renderings_, 2);
}

}  // namespace
}  // namespace mobileclip::server
