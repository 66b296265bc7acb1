#include "engine/weights/npz.h"

#include <zip.h>

#include <array>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/memory_backing.h"
#include "engine/weights/npy_header.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

// Weights hardly compress. An archive that grows more than this, once it is large at all, is a bomb.
constexpr std::uint64_t kMaxExpansion = 100;
constexpr std::uint64_t kExpansionCountsFrom = 64u << 20;  // bytes unpacked
constexpr std::uint64_t kMaxMembers = 100'000;

struct ZipCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct ZipFileCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using ZipArchive = std::unique_ptr<zip_t, ZipCloser>;
using ZipMember = std::unique_ptr<zip_file_t, ZipFileCloser>;

class NpzReader {
 public:
  explicit NpzReader(const std::filesystem::path& file) : file_(file) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored)) fail("expected a regular file");
    archive_bytes_ = std::filesystem::file_size(file, ignored);
    int code = 0;
    archive_.reset(zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
    if (archive_) return;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail("not a .npz (zip) file: " + text);
  }

  TensorStore read() {
    const auto count = static_cast<std::uint64_t>(zip_get_num_entries(archive_.get(), 0));
    if (count > kMaxMembers) fail("expected at most " + std::to_string(kMaxMembers) + " arrays");
    std::vector<StoredTensor> tensors;
    tensors.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) tensors.push_back(read_member(i));
    return TensorStore(std::move(tensors), {std::move(memory_)});
  }

 private:
  StoredTensor read_member(std::uint64_t index) {
    constexpr std::string_view kExtension = ".npy";
    zip_stat_t status;
    zip_stat_init(&status);
    constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &status) != 0 || (status.valid & kNeeded) != kNeeded) {
      fail("member " + std::to_string(index) + " is not described");
    }
    const std::string_view member = status.name;
    const std::string where = "array " + printable(member);
    if (!member.ends_with(kExtension)) fail(where + ": expected a name that ends in .npy");
    if (status.encryption_method != ZIP_EM_NONE) fail(where + ": expected no encryption");
    if (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE) {
      fail(where + ": expected stored or deflated, found compression method " + std::to_string(status.comp_method));
    }
    try {
      return read_array(index, status.size, std::string(member.substr(0, member.size() - kExtension.size())));
    } catch (const NpyError& error) {
      fail(where + ": " + error.what());
    }
  }

  StoredTensor read_array(std::uint64_t index, std::uint64_t size, std::string name) {
    const ZipMember member(zip_fopen_index(archive_.get(), index, 0));
    if (!member) throw NpyError(std::string("cannot be opened: ") + zip_strerror(archive_.get()));
    std::vector<std::byte> header(kNpyPreambleSize);
    read_exactly(*member, header);
    header.resize(npy_header_size(header));
    read_exactly(*member, std::span(header).subspan(kNpyPreambleSize));
    const NpyHeader array = parse_npy_header(header);

    // Before any memory is taken: the header, the archive's directory and the limits agree.
    if (array.data_size > size || array.data_begin != size - array.data_size) {
      throw NpyError("expected " + std::to_string(array.data_size) + " bytes for " +
                     std::string(to_string(array.dtype)) + " " + to_string(array.shape) + ", found a member of " +
                     std::to_string(size) + " with a header of " + std::to_string(array.data_begin));
    }
    unpacked_bytes_ += size;
    if (unpacked_bytes_ > kExpansionCountsFrom && unpacked_bytes_ / kMaxExpansion > archive_bytes_) {
      throw NpyError("expected arrays at most " + std::to_string(kMaxExpansion) + " times as large as the archive's " +
                     std::to_string(archive_bytes_) + " bytes, found more");
    }

    std::span<std::byte> values = memory_->allocate(array.data_size);
    if (array.fortran_order && array.shape.size() > 1) {
      std::vector<std::byte> columns(array.data_size);
      read_to_end(*member, columns);
      to_c_order(columns, array, values);
    } else {
      read_to_end(*member, values);
    }
    return {
        .name = std::move(name), .dtype = array.dtype, .shape = array.shape, .bytes = values, .file = file_.string()};
  }

  static void read_to_end(zip_file_t& member, std::span<std::byte> out) {
    read_exactly(member, out);
    std::byte beyond{};
    if (zip_fread(&member, &beyond, 1) != 0) {  // at the end libzip compares the checksum
      throw NpyError(std::string("expected the member's end, found more or a wrong checksum: ") +
                     zip_file_strerror(&member));
    }
  }

  static void read_exactly(zip_file_t& member, std::span<std::byte> out) {
    while (!out.empty()) {
      const zip_int64_t got = zip_fread(&member, out.data(), out.size());
      if (got < 0) throw NpyError(std::string("cannot be unpacked: ") + zip_file_strerror(&member));
      if (got == 0) throw NpyError("expected " + std::to_string(out.size()) + " bytes more, found the member's end");
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }

  /// Walks `out` in its own order; `place` is the element's index with the first extent running fastest.
  static void to_c_order(std::span<const std::byte> fortran, const NpyHeader& array, std::span<std::byte> out) {
    const std::size_t element = size_in_bytes(array.dtype);
    const std::size_t rank = array.shape.size();
    std::array<std::size_t, kMaxRank> stride{};  // in elements, in Fortran order
    std::size_t step = 1;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      stride[axis] = step;
      step *= static_cast<std::size_t>(array.shape[axis]);
    }
    std::array<std::int64_t, kMaxRank> index{};
    std::size_t place = 0;
    for (std::size_t at = 0; at < out.size(); at += element) {
      std::memcpy(out.data() + at, fortran.data() + place * element, element);
      for (std::size_t axis = rank; axis-- > 0;) {
        place += stride[axis];
        if (++index[axis] < array.shape[axis]) break;
        place -= stride[axis] * static_cast<std::size_t>(array.shape[axis]);
        index[axis] = 0;
      }
    }
  }

  [[noreturn]] void fail(const std::string& what) const { throw LoadError(file_.string() + ": " + what); }

  std::filesystem::path file_;
  std::uint64_t archive_bytes_ = 0;
  std::uint64_t unpacked_bytes_ = 0;
  ZipArchive archive_;
  std::shared_ptr<MemoryBacking> memory_ = std::make_shared<MemoryBacking>();
};

}  // namespace

TensorStore read_npz(const std::filesystem::path& file) { return NpzReader(file).read(); }

}  // namespace mobileclip
