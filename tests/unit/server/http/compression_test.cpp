#include "server/http/compression.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace mobileclip::server {
namespace {

/// What `packed` unpacks to, into room for `size` bytes and one more, so that too long a text is seen. `end`: how zlib
/// finds its end, Z_STREAM_END for a whole member and Z_OK for the beginning of one.
std::string gunzip(const std::string& packed, std::size_t size, int end = Z_STREAM_END) {
  std::string text(size + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_SYNC_FLUSH), end);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(Gzip, GivesBackWhatWentIn) {
  std::string noise;
  for (unsigned i = 0, x = 1; i < 100'000; ++i, x = x * 1664525u + 1013904223u) noise += static_cast<char>(x >> 24);
  for (const std::string& text : {std::string(), std::string("a"), std::string(1'000'000, 'a'), noise}) {
    const std::string packed = gzip(text);
    EXPECT_EQ(gunzip(packed, text.size()), text);
  }
  EXPECT_LT(gzip(std::string(1'000'000, 'a')).size(), 10'000u);
}

TEST(GzipStream, WhatWasGivenSoFarCanBeReadAtOnce) {
  GzipStream stream;
  std::string packed;
  std::string text;
  for (const std::string& piece : {std::string("first line\n"), std::string(200'000, 'x'), std::string("third\n")}) {
    packed += stream.add(piece);
    text += piece;
    EXPECT_EQ(gunzip(packed, text.size(), Z_OK), text);
  }
  packed += stream.finish();
  EXPECT_EQ(gunzip(packed, text.size()), text);
}

}  // namespace
}  // namespace mobileclip::server
