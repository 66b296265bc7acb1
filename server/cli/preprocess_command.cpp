// mobileclip-server preprocess: the pixels that the model sees.
#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "engine/preprocess/image_preprocessor.h"
#include "engine/preprocess/png_writer.h"
#include "server/cli/command.h"
#include "server/cli/image_file.h"

namespace mobileclip::server {
namespace {

struct PreprocessArguments {
  std::string image;
  std::string output;
  PreprocessConfig config;
};

int run(const PreprocessArguments& arguments) {
  const ImageLimits limits;
  const auto encoded = read_image_file(arguments.image, limits.max_encoded_bytes);
  if (!encoded) throw std::runtime_error(arguments.image + ": " + encoded.error().message);
  const auto pixels = preprocess_image(*encoded, arguments.config, limits);
  if (!pixels) throw std::runtime_error(arguments.image + ": " + pixels.error().message);
  write_png(arguments.output, *pixels);
  return 0;
}

}  // namespace

void add_preprocess_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<PreprocessArguments>();
  CLI::App* command = app.add_subcommand("preprocess", "Write the pixels that the model sees of an image");
  command->footer(
      "\nThe result is what Pillow and torchvision make of the image: shorter edge resized with antialiasing, centre\n"
      "crop, RGB.\n"
      "\nExample:\n"
      "  mobileclip-server preprocess photo.jpg -o seen.png");
  command->add_option("IMAGE", arguments->image, "JPEG, PNG, WebP, BMP or TIFF file")->type_name("")->required();
  command->add_option("-o,--output", arguments->output, "PNG file to write")->type_name("FILE")->required();
  command->add_option("--size", arguments->config.image_size, "Pixels a side")
      ->type_name("PIXELS")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096).description(""));
  command
      ->add_option_function<std::string>(
          "--interpolation",
          [arguments](const std::string& word) {
            arguments->config.interpolation = word == "bicubic" ? Interpolation::kBicubic : Interpolation::kBilinear;
          },
          "How to resize")
      ->type_name("bilinear|bicubic")
      ->default_str("bilinear")
      ->check(CLI::IsMember({"bilinear", "bicubic"}).description(""));
  command
      ->add_option_function<std::string>(
          "--exif",
          [arguments](const std::string& word) {
            arguments->config.exif = word == "apply" ? ExifOrientation::kApply : ExifOrientation::kIgnore;
          },
          "EXIF orientation")
      ->type_name("ignore|apply")
      ->default_str("ignore")
      ->check(CLI::IsMember({"ignore", "apply"}).description(""));
  command
      ->add_option_function<std::string>(
          "--decode",
          [arguments](const std::string& word) {
            arguments->config.decode = word == "fast" ? JpegDecoding::kFast : JpegDecoding::kExact;
          },
          "JPEG decoding: fast shrinks large ones while decoding")
      ->type_name("exact|fast")
      ->default_str("exact")
      ->check(CLI::IsMember({"exact", "fast"}).description(""));
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
