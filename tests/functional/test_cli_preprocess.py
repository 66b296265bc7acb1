"""mobileclip-server preprocess."""
import unittest

import cli
import png


def pattern(width, height):
    return bytes((x * 7 + y * 13 + c * 85) & 255 for y in range(height) for x in range(width) for c in range(3))


class Preprocess(unittest.TestCase):
    def preprocess(self, data, *arguments):
        source, target = cli.scratch() / "in.png", cli.scratch() / "out.png"
        source.write_bytes(data)
        result = cli.run("preprocess", source, "-o", target, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return png.decode(target.read_bytes())

    def test_leaves_an_image_of_the_right_size_alone(self):
        rgb = pattern(256, 256)
        self.assertEqual(self.preprocess(png.encode(256, 256, rgb)), (256, 256, rgb))

    def test_crops_the_centre(self):
        rgb = pattern(20, 16)
        rows = [rgb[(y * 20 + 2) * 3:(y * 20 + 18) * 3] for y in range(16)]
        self.assertEqual(self.preprocess(png.encode(20, 16, rgb), "--size", "16"), (16, 16, b"".join(rows)))

    def test_resizes_a_plain_colour_to_itself(self):
        for interpolation in ("bilinear", "bicubic"):
            with self.subTest(interpolation=interpolation):
                plain = png.encode(37, 91, bytes([200, 100, 50]) * (37 * 91))
                width, height, rgb = self.preprocess(plain, "--size", "64", "--interpolation", interpolation)
                self.assertEqual((width, height, set(zip(*[iter(rgb)] * 3))), (64, 64, {(200, 100, 50)}))

    def test_refuses_what_is_no_image(self):
        source = cli.scratch() / "text.png"
        source.write_bytes(b"not an image at all")
        target = cli.scratch() / "never.png"
        result = cli.run("preprocess", source, "-o", target)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"text.png", result.stderr)
        self.assertFalse(target.exists())
        self.assertEqual(cli.run("preprocess", "/no/such.png", "-o", target).returncode, 1)

    def test_gives_the_pixels_of_pillow(self):
        folder = cli.SHARED / "data" / "images"
        if not folder.exists():
            self.skipTest("needs data/images of the shared folder (../shared)")
        target = cli.scratch() / "seen.png"
        for name in ("png_landscape", "png_upscale_100x80"):
            with self.subTest(name=name):
                result = cli.run("preprocess", folder / f"{name}.png", "-o", target)
                self.assertEqual(result.returncode, 0, result.stderr)
                expected = png.decode((folder / f"{name}.expected.png").read_bytes())
                self.assertEqual(png.decode(target.read_bytes()), expected)


if __name__ == "__main__":
    unittest.main()
