#include "engine/weights/tensor_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// 64 bytes at a multiple of 64.
class Bytes final : public Backing {
 public:
  template <typename T>
  std::span<const std::byte> put(std::size_t at, std::initializer_list<T> values) {
    std::memcpy(bytes_ + at, std::data(values), values.size() * sizeof(T));
    return {bytes_ + at, values.size() * sizeof(T)};
  }
  [[nodiscard]] bool damaged() const noexcept override { return damaged_; }
  bool damaged_ = false;

 private:
  alignas(64) std::byte bytes_[64]{};
};

StoredTensor tensor(std::string name, DType dtype, Shape shape, std::span<const std::byte> bytes) {
  return {.name = std::move(name), .dtype = dtype, .shape = std::move(shape), .bytes = bytes, .file = "dir/file"};
}

class TensorStoreTest : public ::testing::Test {
 protected:
  template <typename T>
  TensorStore one(DType dtype, std::initializer_list<T> values, std::size_t at = 0) {
    const auto bytes = bytes_->put(at, values);
    return TensorStore({tensor("w", dtype, {static_cast<std::int64_t>(values.size())}, bytes)}, {bytes_});
  }
  std::shared_ptr<Bytes> bytes_ = std::make_shared<Bytes>();
};

TEST(DTypeNames, AreSafetensors) {
  for (const char* const name :
       {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}) {
    const auto dtype = dtype_from_string(name);
    ASSERT_TRUE(dtype) << name;
    EXPECT_EQ(to_string(*dtype), name);
  }
  EXPECT_EQ(size_in_bytes(DType::kBF16), 2u);
  EXPECT_EQ(size_in_bytes(DType::kBool), 1u);
  EXPECT_EQ(size_in_bytes(DType::kU64), 8u);
  EXPECT_FALSE(dtype_from_string("f32"));
  EXPECT_FALSE(dtype_from_string("F8_E4M3"));
}

TEST_F(TensorStoreTest, FindsByName) {
  const auto bytes = bytes_->put(0, {1.0F});
  const TensorStore store({tensor("b", DType::kF32, {1}, bytes), tensor("a", DType::kF32, {1}, bytes)}, {bytes_});
  EXPECT_EQ(store.tensors()[0].name, "a");
  EXPECT_EQ(store.find("b")->name, "b");
  EXPECT_EQ(store.find("c"), nullptr);
  EXPECT_EQ(TensorStore().find("a"), nullptr);
}

TEST_F(TensorStoreTest, RefusesANameGivenTwice) {
  const auto bytes = bytes_->put(0, {1.0F});
  EXPECT_THAT(([&] {
                TensorStore({tensor("a", DType::kF32, {1}, bytes), tensor("a", DType::kF32, {1}, bytes)}, {});
              }),
              ThrowsMessage<LoadError>(AllOf(HasSubstr("dir/file"), HasSubstr("'a'"), HasSubstr("twice"))));
}

TEST_F(TensorStoreTest, BorrowsAlignedF32AndKeepsItAlive) {
  FloatTensor values;
  const std::byte* expected = nullptr;
  {
    const TensorStore store = one(DType::kF32, {1.0F, -2.5F});
    expected = store.tensors()[0].bytes.data();
    values = store.floats("w", {2});
  }
  const std::weak_ptr<Bytes> alive = bytes_;
  bytes_.reset();
  EXPECT_FALSE(alive.expired());
  EXPECT_EQ(reinterpret_cast<const std::byte*>(values.values.data()), expected);
  EXPECT_THAT(values.values, ElementsAre(1.0F, -2.5F));
}

TEST_F(TensorStoreTest, CopiesUnalignedF32) {
  const TensorStore store = one(DType::kF32, {1.0F, -2.5F}, 1);
  const FloatTensor values = store.floats("w", {2});
  EXPECT_THAT(values.values, ElementsAre(1.0F, -2.5F));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.values.data()) % alignof(float), 0u);
}

TEST_F(TensorStoreTest, ConvertsTheOtherFloats) {
  EXPECT_THAT(one<std::uint16_t>(DType::kF16, {0x3C00, 0xC000}, 1).floats("w", {2}).values, ElementsAre(1.0F, -2.0F));
  EXPECT_THAT(one<std::uint16_t>(DType::kBF16, {0x3F80, 0xC020}).floats("w", {2}).values, ElementsAre(1.0F, -2.5F));
  EXPECT_THAT(one(DType::kF64, {0.1, -1e-320}, 3).floats("w", {2}).values, ElementsAre(0.1F, -0.0F));
}

TEST_F(TensorStoreTest, MovesWithoutMovingValues) {
  FloatTensor made = owned_tensor({2}, {1.0F, 2.0F});
  const float* const data = made.values.data();
  const FloatTensor moved = std::move(made);
  EXPECT_EQ(moved.values.data(), data);
  EXPECT_THAT(moved.values, ElementsAre(1.0F, 2.0F));
}

TEST_F(TensorStoreTest, NamesWhatIsWrong) {
  const TensorStore store = one(DType::kF32, {1.0F, 2.0F});
  const auto floats = [](const TensorStore& s, std::string_view name, const Shape& shape) {
    return [&s, name, shape] { (void)s.floats(name, shape); };
  };
  EXPECT_THAT(floats(store, "v", {2}),
              ThrowsMessage<LoadError>(AllOf(HasSubstr("dir/file"), HasSubstr("'v' is missing"))));
  EXPECT_THAT(floats(store, "w", {1, 2}),
              ThrowsMessage<LoadError>(AllOf(HasSubstr("'w'"), HasSubstr("expected shape [1, 2], found [2]"))));
  const TensorStore integers = one<std::int32_t>(DType::kI32, {1});
  EXPECT_THAT(floats(integers, "w", {1}), ThrowsMessage<LoadError>(HasSubstr("found I32")));
}

TEST_F(TensorStoreTest, RefusesValuesThatAreNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto expect_refused = [](const TensorStore& store, const char* found) {
    EXPECT_THAT([&] { (void)store.floats("w", {2}); },
                ThrowsMessage<LoadError>(
                    AllOf(HasSubstr("dir/file"), HasSubstr("'w'"), HasSubstr(found), HasSubstr("at element 1"))));
  };
  expect_refused(one(DType::kF32, {1.0F, std::numeric_limits<float>::quiet_NaN()}), "found nan");
  expect_refused(one(DType::kF32, {1.0F, -infinity}), "found -inf");
  expect_refused(one<std::uint16_t>(DType::kF16, {0, 0x7C00}), "found inf");
  expect_refused(one<std::uint16_t>(DType::kBF16, {0, 0x7F81}), "found nan");
  expect_refused(one(DType::kF64, {1.0, 1e300}), "found inf");  // not a float32
}

TEST_F(TensorStoreTest, ReportsDamageOfItsBacking) {
  const TensorStore store = one(DType::kF32, {1.0F});
  const TensorStore copy = store;
  EXPECT_FALSE(copy.damaged());
  bytes_->damaged_ = true;
  EXPECT_TRUE(copy.damaged());
  EXPECT_FALSE(TensorStore().damaged());
}

}  // namespace
}  // namespace mobileclip
