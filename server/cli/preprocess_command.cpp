// mobileclip-server preprocess: the pixels that the model sees.
#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "engine/preprocess/image_preprocessor.h"
#include "engine/preprocess/png_writer.h"
#include "server/cli/choice_option.h"
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
  add_choice_option(*command, "--interpolation", "How to resize", arguments->config.interpolation,
                    {{"bilinear", Interpolation::kBilinear}, {"bicubic", Interpolation::kBicubic}});
  add_choice_option(*command, "--exif", "EXIF orientation", arguments->config.exif,
                    {{"ignore", ExifOrientation::kIgnore}, {"apply", ExifOrientation::kApply}});
  add_choice_option(*command, "--decode", "JPEG decoding: fast shrinks large ones while decoding",
                    arguments->config.decode, {{"exact", JpegDecoding::kExact}, {"fast", JpegDecoding::kFast}});
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
