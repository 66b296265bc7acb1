// A .npz file. What is no zip archive is taken for an array and put into one, or no fuzzer would get past the checksum.
#include "engine/weights/npz.h"

#include <zlib.h>

#include <string>

#include "engine/base/error.h"
#include "engine/weights/npy_header.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/memory_file.h"

namespace mobileclip {
namespace {

void append(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

/// What the local header and the directory's entry share: version, flags, method (stored), time, date, sizes, lengths.
void append_description(std::string& out, std::string_view name, std::string_view array) {
  append(out, 20, 2);
  append(out, 0, 4);
  append(out, 0, 4);
  append(out,
         static_cast<std::uint32_t>(
             crc32(0, reinterpret_cast<const Bytef*>(array.data()), static_cast<uInt>(array.size()))),
         4);
  append(out, static_cast<std::uint32_t>(array.size()), 4);
  append(out, static_cast<std::uint32_t>(array.size()), 4);
  append(out, static_cast<std::uint32_t>(name.size()), 2);
  append(out, 0, 2);
}

/// PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
std::string archive_of(std::string_view array) {
  constexpr std::string_view kName = "a.npy";
  std::string archive("PK\3\4");
  append_description(archive, kName, array);
  archive += kName;
  archive += array;
  const std::size_t directory = archive.size();
  archive += "PK\1\2";
  append(archive, 20, 2);
  append_description(archive, kName, array);
  archive.append(14, '\0');  // no comment, no attributes; the local header is at 0
  archive += kName;
  const std::size_t end = archive.size();
  archive += "PK\5\6";
  append(archive, 0, 4);
  append(archive, 1, 2);
  append(archive, 1, 2);
  append(archive, static_cast<std::uint32_t>(end - directory), 4);
  append(archive, static_cast<std::uint32_t>(directory), 4);
  append(archive, 0, 2);
  return archive;
}

void check_store(const TensorStore& store) {
  for (const StoredTensor& tensor : store.tensors()) {
    CHECK(tensor.shape.size() <= kMaxRank);
    for (const std::int64_t extent : tensor.shape) CHECK(extent >= 0);
    CHECK(tensor.bytes.size() == static_cast<std::size_t>(element_count(tensor.shape)) * size_in_bytes(tensor.dtype));
    try {
      CHECK(store.floats(tensor).values.size() == static_cast<std::size_t>(element_count(tensor.shape)));
    } catch (const LoadError& error) {  // integers, values that are not finite
      CHECK(std::string_view(error.what()).size() > 0);
    }
  }
}

void check_archive(std::string_view archive) {
  const fuzz::MemoryFile file(archive);
  try {
    check_store(read_npz(file.path()));
  } catch (const LoadError& error) {
    CHECK(std::string_view(error.what()).starts_with(file.path().string()));
  }
}

/// What is read of a header is what a header written anew says.
void check_header(std::string_view array) {
  if (array.size() < kNpyPreambleSize) return;
  const auto bytes = std::as_bytes(std::span(array));
  try {
    const std::size_t length = npy_header_size(bytes.first(kNpyPreambleSize));
    CHECK(length >= kNpyPreambleSize && length <= kMaxNpyHeaderSize + kNpyPreambleSize);
    if (length > array.size()) return;
    const NpyHeader header = parse_npy_header(bytes.first(length));
    CHECK(header.data_begin == length);
    CHECK(header.data_size == static_cast<std::size_t>(element_count(header.shape)) * size_in_bytes(header.dtype));
    const std::string written = write_npy_header(header.dtype, header.shape);
    const NpyHeader again = parse_npy_header(std::as_bytes(std::span(written)));
    CHECK(again.dtype == header.dtype && again.shape == header.shape && !again.fortran_order);
  } catch (const NpyError& error) {
    CHECK(std::string_view(error.what()).size() > 0);
  }
}

}  // namespace
}  // namespace mobileclip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = mobileclip::fuzz::text_of(data, size);
  mobileclip::check_header(input);
  mobileclip::check_archive(input.starts_with("PK") ? std::string(input) : mobileclip::archive_of(input));
  return 0;
}
