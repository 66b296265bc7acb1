#include "server/cli/progress_bar.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;

TEST(RenderProgress, ShowsWhatHowMuchRateAndTimeLeft) {
  EXPECT_EQ(render_progress("Writing", 50, 200, 10s, 60),
            "Writing  [======>                  ]   25%  5.00/s  ETA 0:30");
  EXPECT_EQ(render_progress("Writing", 200, 200, 10s, 60),
            "Writing  [=========================]  100%  20.0/s  ETA 0:00");
  EXPECT_EQ(render_progress("W", 3'000'000'000, 9'000'000'000, 10s, 50),
            "W  [=======>             ]   33%  300M/s  ETA 0:20");
}

TEST(RenderProgress, LeavesOutWhatIsNotKnownYet) {
  EXPECT_EQ(render_progress("Writing", 0, 200, 10s, 40), "Writing  [>                      ]    0%");
  EXPECT_EQ(render_progress("Writing", 5, 200, 0s, 40), "Writing  [>                      ]    2%");
}

TEST(RenderProgress, FitsTheTerminal) {
  EXPECT_EQ(render_progress("Writing", 50, 200, 10s, 60).size(), 60);
  for (std::size_t columns = 0; columns < 200; ++columns) {
    const std::string line = render_progress("Folding the image tower", 123'456'789, 987'654'321, 3s, columns);
    EXPECT_LE(line.size(), columns);
    if (columns >= 60) {
      EXPECT_NE(line.find('['), std::string::npos) << columns;
    }
  }
}

TEST(RenderProgress, TakesOddNumbers) {
  EXPECT_EQ(render_progress("x", 0, 0, 1s, 30), "x  [===================]  100%");
  EXPECT_EQ(render_progress("x", 7, 5, 1s, 45).substr(0, 2), "x ");  // more done than there was
  EXPECT_NE(render_progress("x", 1, ~0ULL, 1000h, 80).find("ETA 5999:59"), std::string::npos);
}

}  // namespace
}  // namespace mobileclip::server
