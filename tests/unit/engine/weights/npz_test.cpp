#include "engine/weights/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <span>

#include "engine/base/error.h"
#include "engine/weights/npy_header.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_file;
using testing::TemporaryDirectory;

template <typename T>
std::string bytes_of(std::vector<T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// A .npy array of this dict; `version` 2 and 3 have a length of 4 bytes.
std::string npy(const std::string& dict, const std::string& data, char version = 1) {
  std::string padded = dict + "\n";
  while ((padded.size() + 10) % 64 != 0) padded.insert(padded.size() - 1, " ");
  const auto length = static_cast<std::uint32_t>(padded.size());
  return std::string("\x93NUMPY") + version + '\0' +
         std::string(reinterpret_cast<const char*>(&length), version == 1 ? 2 : 4) + padded + data;
}

std::string dict(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

class Npz : public ::testing::Test {
 protected:
  fs::path write(const std::vector<std::pair<std::string, std::string>>& members, zip_int32_t method = ZIP_CM_STORE,
                 const char* password = nullptr) const {
    const fs::path file = directory_.path() / "x.npz";
    zip_t* const archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const auto& [name, content] : members) {
      zip_source_t* const source = zip_source_buffer(archive, content.data(), content.size(), 0);
      const auto index = static_cast<zip_uint64_t>(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8));
      zip_set_file_compression(archive, index, method, 0);
      if (password) zip_file_set_encryption(archive, index, ZIP_EM_AES_256, password);
    }
    EXPECT_EQ(zip_close(archive), 0) << zip_strerror(archive);
    return file;
  }

  std::string error_of(const fs::path& file) const {
    try {
      (void)read_npz(file);
      return "";
    } catch (const LoadError& error) {
      EXPECT_THAT(error.what(), HasSubstr(file.string()));
      return error.what();
    }
  }

  std::string error_of_array(const std::string& array) const { return error_of(write({{"w.npy", array}})); }

  TemporaryDirectory directory_;
};

TEST_F(Npz, ReadsStoredAndDeflatedArrays) {
  const std::string data = bytes_of<float>({1, 2, 3, 4, 5, 6});
  for (const zip_int32_t method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    const TensorStore store = read_npz(write(
        {{"trunk.b.npy", npy(dict("<f4", "(2, 3)"), data)}, {"a.npy", npy(dict("<f4", "()"), bytes_of<float>({7}))}},
        method));
    EXPECT_THAT(store.floats("trunk.b", {2, 3}).values, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(store.floats("a", {}).values, ElementsAre(7));
  }
}

TEST_F(Npz, ReadsEveryDType) {
  const std::vector<std::tuple<std::string, DType, std::string>> cases{
      {"<f8", DType::kF64, bytes_of<double>({2})},
      {"<f4", DType::kF32, bytes_of<float>({2})},
      {"<f2", DType::kF16, bytes_of<std::uint16_t>({2})},
      {"<i8", DType::kI64, bytes_of<std::int64_t>({2})},
      {"<i4", DType::kI32, bytes_of<std::int32_t>({2})},
      {"<i2", DType::kI16, bytes_of<std::int16_t>({2})},
      {"|i1", DType::kI8, "\2"},
      {"<u8", DType::kU64, bytes_of<std::uint64_t>({2})},
      {"<u4", DType::kU32, bytes_of<std::uint32_t>({2})},
      {"<u2", DType::kU16, bytes_of<std::uint16_t>({2})},
      {"|u1", DType::kU8, "\2"},
      {"|b1", DType::kBool, "\1"}};
  for (const auto& [descr, dtype, data] : cases) {
    const TensorStore store = read_npz(write({{"w.npy", npy(dict(descr, "(1,)"), data)}}));
    EXPECT_EQ(store.find("w")->dtype, dtype);
    EXPECT_EQ(store.find("w")->bytes.size(), data.size());
  }
}

TEST_F(Npz, TakesEveryVersionAndSpelling) {
  const std::string data = bytes_of<float>({1, 2});
  for (const char version : {'\1', '\2', '\3'}) EXPECT_EQ(error_of_array(npy(dict("<f4", "(2,)"), data, version)), "");
  for (const char* const text : {"{'descr':'<f4','fortran_order':False,'shape':(2,)}",
                                 "{\"shape\": (1, 2), \"fortran_order\": True, \"descr\": \"<f4\"}",
                                 "  { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , 1 , ) , }  "}) {
    EXPECT_EQ(error_of_array(npy(text, data)), "") << text;
  }
}

TEST_F(Npz, TurnsFortranOrderIntoRows) {
  // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)): the first index runs fastest.
  std::vector<float> fortran;
  std::vector<float> expected;
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) fortran.push_back(static_cast<float>(i * 12 + j * 4 + k));
    }
  }
  for (int i = 0; i < 24; ++i) expected.push_back(static_cast<float>(i));
  const TensorStore store = read_npz(write({{"w.npy", npy(dict("<f4", "(2, 3, 4)", "True"), bytes_of(fortran))},
                                            {"e.npy", npy(dict("<f4", "(2, 0)", "True"), "")}}));
  EXPECT_THAT(store.floats("w", {2, 3, 4}).values, ::testing::ElementsAreArray(expected));
}

TEST_F(Npz, RefusesBadHeaders) {
  const std::string data = bytes_of<float>({1, 2});
  const auto expect = [&](const std::string& array, const std::string& says) {
    EXPECT_THAT(error_of_array(array), AllOf(HasSubstr("'w.npy'"), HasSubstr(says)));
  };
  expect("short", "expected 7 bytes more");
  expect("not an array at all", "no such magic number");
  expect(npy(dict("<f4", "(2,)"), data, '\4'), "version 1.0, 2.0 or 3.0, found 4.0");
  expect(npy(dict(">f4", "(2,)"), data), "little-endian");
  expect(npy(dict("|O", "(2,)"), data), "found '|O'");
  expect(npy(dict("|V2", "(4,)"), data), "found '|V2'");
  expect(npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }", data), "arrays of structures");
  expect(npy("{'descr': '<f4', 'shape': (2,), }", data), "descr, fortran_order and shape");
  expect(npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", data), "twice");
  expect(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", data), "found 'x'");
  expect(npy(dict("<f4", "(2)"), data), "',' after a tuple's only element");
  expect(npy(dict("<f4", "(-2,)"), data), "non-negative");
  expect(npy(dict("<f4", "(2.0,)"), data), "','");
  expect(npy(dict("<f4", "(99999999999999999999,)"), data), "below 2^63");
  expect(npy(dict("<f4", "(4611686018427387904, 4)"), data), "below 2^63 bytes");
  expect(npy(dict("<f4", "(1,1,1,1,1,1,1,1,2)"), data), "rank");
  expect(npy(dict("<f4", "(2,)", "None"), data), "True or False");
  expect(npy(dict("<f4", "(2,)") + " os.system('')", data), "nothing after");
  expect(npy("{'descr': '<f4', ", data), "a string");
  expect(npy(dict("<f4", "(3,)"), data), "expected 12 bytes");
  expect(npy(dict("<f4", "(1,)"), data), "expected 4 bytes");
  expect(npy(dict("<f4", "(2,)"), data, '\2').replace(8, 4, "\xFF\xFF\xFF\x7F"), "header of at most 65536");
}

TEST_F(Npz, RefusesBadArchives) {
  EXPECT_THAT(error_of(directory_.write("a.npz", "no zip")), HasSubstr("not a .npz (zip) file"));
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("regular file"));
  EXPECT_THAT(error_of(directory_.path() / "none.npz"), HasSubstr("regular file"));
  const std::string array = npy(dict("<f4", "(1,)"), bytes_of<float>({1}));
  EXPECT_THAT(error_of(write({{"w.txt", array}})), HasSubstr("ends in .npy"));
  EXPECT_THAT(error_of(write({{"w.npy", array}}, ZIP_CM_STORE, "secret")), HasSubstr("encryption"));
  if (zip_compression_method_supported(ZIP_CM_BZIP2, 1)) {
    EXPECT_THAT(error_of(write({{"w.npy", array}}, ZIP_CM_BZIP2)), HasSubstr("compression method 12"));
  }
  const std::string whole = read_file(write({{"w.npy", array}}));
  EXPECT_NE(error_of(directory_.write("cut.npz", whole.substr(0, whole.size() - 30))), "");
}

TEST_F(Npz, ChecksTheChecksum) {
  const float value = 1234.5F;
  std::string bytes = read_file(write({{"w.npy", npy(dict("<f4", "(1,)"), bytes_of<float>({value}))}}));
  bytes[bytes.find(bytes_of<float>({value}))] ^= 1;
  EXPECT_THAT(error_of(directory_.write("bad.npz", bytes)), HasSubstr("checksum"));
}

TEST_F(Npz, RefusesBombs) {
  const std::string zeros(std::size_t{96} << 20, '\0');
  const fs::path file =
      write({{"w.npy", npy(dict("|u1", "(" + std::to_string(zeros.size()) + ",)"), zeros)}}, ZIP_CM_DEFLATE);
  ASSERT_LT(fs::file_size(file), 1u << 20);
  EXPECT_THAT(error_of(file), HasSubstr("at most 100 times as large"));
}

TEST_F(Npz, SurvivesDamage) {
  const std::string good =
      read_file(write({{"w.npy", npy(dict("<f4", "(2,)"), bytes_of<float>({1, 2}))}}, ZIP_CM_DEFLATE));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(~changed[at]);
    (void)error_of(directory_.write("changed.npz", changed));
  }
}

TEST(NpyHeader, ReadsBackWhatItWrote) {
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{0, 512}, Shape{2, 3, 4}}) {
    const std::string header = write_npy_header(DType::kF16, shape);
    const auto bytes = std::as_bytes(std::span(header));
    EXPECT_EQ(header.size() % 64, 0u);
    ASSERT_EQ(npy_header_size(bytes), header.size());
    const NpyHeader read = parse_npy_header(bytes);
    EXPECT_EQ(read.dtype, DType::kF16);
    EXPECT_EQ(read.shape, shape);
    EXPECT_FALSE(read.fortran_order);
  }
  EXPECT_THAT(write_npy_header(DType::kI8, {7}),
              HasSubstr("{'descr': '|i1', 'fortran_order': False, 'shape': (7,), }"));
}

}  // namespace
}  // namespace mobileclip
