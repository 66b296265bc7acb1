#include "server/bulk/image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/temporary_directory.h"

namespace mobileclip::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ImageFolder, ListsImagesByTheirBytes) {
  const testing::TemporaryDirectory directory;
  for (const char* name :
       {"b.jpg", "B.JPEG", "a b.webp", "b/z.png", "b/deep/x.TIFF", "b-1.bmp", "\xFF.jfif", "new\nline.dib"})
    directory.write(name, "x");
  for (const char* name : {"notes.txt", "jpg", "c.jpg.part", ".hidden.jpg", ".thumbnails/t.jpg"})
    directory.write(name, "x");
  const ImageFolder found = list_images(directory.path());
  EXPECT_THAT(found.images, ElementsAre("B.JPEG", "a b.webp", "b-1.bmp", "b.jpg", "b/deep/x.TIFF", "b/z.png",
                                        "new\nline.dib", "\xFF.jfif"));
  EXPECT_EQ(found.other_files, 4u);
  EXPECT_THAT(found.unreadable, IsEmpty());
}

TEST(ImageFolder, LinksToFilesAreImagesAndLinksToFoldersEndThere) {
  const testing::TemporaryDirectory directory;
  directory.write("a/photo.jpg", "x");
  std::filesystem::create_directory_symlink("..", directory.path() / "a" / "loop");
  std::filesystem::create_directory_symlink("a", directory.path() / "twin");
  std::filesystem::create_symlink("a/photo.jpg", directory.path() / "link.jpg");
  std::filesystem::create_symlink("nowhere", directory.path() / "broken.jpg");
  std::filesystem::create_symlink("self.jpg", directory.path() / "self.jpg");
  std::filesystem::create_directory(directory.path() / "folder.jpg");
  const ImageFolder found = list_images(directory.path());
  EXPECT_THAT(found.images, ElementsAre("a/photo.jpg", "link.jpg"));
  EXPECT_EQ(found.folder_links, 2u);
  ASSERT_EQ(found.unreadable.size(), 2u);
  EXPECT_EQ(found.unreadable[0].first, "broken.jpg");
  EXPECT_EQ(found.unreadable[1].first, "self.jpg");
}

TEST(ImageFolder, TheFolderMustBeThere) {
  EXPECT_THROW(static_cast<void>(list_images("/no/such/folder")), std::runtime_error);
  const testing::TemporaryDirectory directory;
  EXPECT_THROW(static_cast<void>(list_images(directory.write("file", "x"))), std::runtime_error);
}

}  // namespace
}  // namespace mobileclip::server
