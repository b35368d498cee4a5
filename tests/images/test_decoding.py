"""An image file is read as it is meant, or refused with the reason."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from oracles.image_folders import SIZE, exif_of, pixels_of, save
from PIL import Image, PngImagePlugin

from novelty_maps.images.decoding import read_image, read_picture
from novelty_maps.pipeline.errors import InputError


def message(path: Path) -> str:
    """The error of a file: one line, without a Python object in it."""
    with pytest.raises(InputError) as caught:
        read_image(path)
    found = str(caught.value)
    assert "\n" not in found
    assert "<_io" not in found
    return found


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG", ".bmp", ".tif", ".tiff", ".webp"])
def test_every_format_is_read(tmp_path, suffix):
    save(tmp_path / f"9{suffix}", np.full((SIZE, SIZE, 3), 120, np.uint8))
    pixels, _ = read_image(tmp_path / f"9{suffix}")
    assert np.abs(pixels.astype(int) - 120).max() <= 2


def test_colours_are_three_channels_and_the_digest_is_of_the_file(tmp_path):
    colours = save(tmp_path / "a.png", pixels_of(0, 5, 6, 3))
    pixels, digest = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels, colours.transpose(2, 0, 1))
    assert pixels.dtype == np.uint8
    assert digest == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()


def test_black_and_white_image_is_grey_from_0_to_255(tmp_path):
    bits = pixels_of(0, 5, 6) > 127
    save(tmp_path / "a.png", bits)
    pixels, _ = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels, np.where(bits, 255, 0)[None])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, suffix):
    grey = pixels_of(0, 5, 6)
    save(tmp_path / f"a{suffix}", grey.astype(np.uint16) * 257)
    pixels, _ = read_image(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(pixels, grey[None])


def test_floats_from_0_to_1_are_scaled_to_bytes(tmp_path):
    grey = pixels_of(0, 5, 6)
    save(tmp_path / "a.tif", grey.astype(np.float32) / 255)
    pixels, _ = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(pixels, grey[None])


def test_alpha_channel_is_dropped(tmp_path):
    colours = pixels_of(0, 5, 6, 4)
    save(tmp_path / "colour.png", colours)
    pixels, _ = read_image(tmp_path / "colour.png")
    np.testing.assert_array_equal(pixels, colours[..., :3].transpose(2, 0, 1))
    Image.merge("LA", [Image.fromarray(colours[..., c]) for c in (0, 1)]).save(tmp_path / "la.png")
    pixels, _ = read_image(tmp_path / "la.png")
    np.testing.assert_array_equal(pixels, colours[None, ..., 0])


def test_palette_is_resolved_to_its_colours(tmp_path, recwarn):
    palette = Image.fromarray(np.arange(4, dtype=np.uint8).reshape(2, 2)).convert("P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    palette.save(tmp_path / "a.png", transparency=b"\x00\xff")
    pixels, _ = read_image(tmp_path / "a.png")
    assert pixels[:, 0, 0].tolist() == [255, 0, 0]
    assert pixels[:, 1, 1].tolist() == [9, 9, 9]
    assert not recwarn.list


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_photograph_is_turned_as_its_camera_says(tmp_path, suffix):
    pixels = np.repeat(np.repeat(pixels_of(0, 2, 3, 3), 16, axis=0), 16, axis=1)
    save(tmp_path / f"a{suffix}", pixels)
    stored, _ = read_image(tmp_path / f"a{suffix}")
    # 6: the top of the scene is at the right of the stored image
    save(tmp_path / f"a{suffix}", pixels, exif=exif_of(6))
    turned, _ = read_picture(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(turned.pixels, np.rot90(stored, -1, (1, 2)))
    assert turned.orientation == 6


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
@pytest.mark.parametrize(
    "metadata",
    [
        {"exif": b"Exif\0\0no header"},
        {"exif": exif_of(6)[:12]},
        {"exif": exif_of(9)},
        {"xmp": b'<rdf tiff:Orientation="6"/>'},
        {"icc_profile": b"none"},
    ],
    ids=["no header", "cut off", "unknown", "XMP", "profile"],
)
def test_metadata_changes_nothing(tmp_path, suffix, metadata, recwarn):
    path = tmp_path / f"a{suffix}"
    save(path, pixels_of(0, 4, 6, 3))
    expected, _ = read_image(path)
    save(path, pixels_of(0, 4, 6, 3), **metadata)
    np.testing.assert_array_equal(read_image(path)[0], expected)
    assert not recwarn.list


def test_damaged_list_of_further_photographs_changes_nothing(tmp_path, recwarn):
    path = tmp_path / "a.jpg"
    save(path, pixels_of(0, 4, 6, 3))
    expected, _ = read_image(path)
    content = path.read_bytes()
    for data in (b"MPF\0", b"MPF\0II*\0\x08\0\0\0\xff\xff", b"Photoshop 3.0\x008BIM\3\xed"):
        segment = b"\xff\xe2" + (len(data) + 2).to_bytes(2) + data
        path.write_bytes(content[:2] + segment + content[2:])
        np.testing.assert_array_equal(read_image(path)[0], expected)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("kind", "options", "lossy"),
    [
        ("PNG", {}, False),
        ("BMP", {}, False),
        ("TIFF", {}, False),
        ("TIFF", {"compression": "jpeg"}, True),
        ("WEBP", {"lossless": True}, False),
        ("WEBP", {"lossless": True, "exif": exif_of(1)}, False),
        ("WEBP", {}, True),
        ("JPEG", {}, True),
        ("MPO", {"save_all": True, "append_images": [Image.new("RGB", (6, 4))]}, True),
    ],
)
def test_compression_with_losses_is_known(tmp_path, kind, options, lossy):
    Image.fromarray(pixels_of(0, 4, 6, 3)).save(tmp_path / "a.png", kind, **options)
    assert read_picture(tmp_path / "a.png")[0].lossy == lossy


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_turned_with_its_image(tmp_path, kind):
    pixels = pixels_of(0, 4, 6, 4)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    Image.fromarray(pixels).save(tmp_path / "a.png", kind, exif=exif_of(6), **options)
    found, _ = read_picture(tmp_path / "a.png", alpha=True)
    np.testing.assert_array_equal(found.alpha, np.rot90(pixels[..., 3], -1))
    assert read_picture(tmp_path / "a.png")[0].alpha is None


@pytest.mark.parametrize("suffix", [".webp", ".png", ".tif"])
def test_animation_is_its_first_frame(tmp_path, suffix):
    frames = [np.full((5, 6, 3), value, np.uint8) for value in (40, 200)]
    first, second = map(Image.fromarray, frames)
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=[second])
    pixels, _ = read_image(tmp_path / f"a{suffix}")
    assert pixels.shape == (3, 5, 6)
    assert np.abs(pixels.astype(int) - 40).max() <= 2


def write_png_header(path: Path, width: int, height: int) -> None:
    """A PNG file that claims to be of some size and has no pixels."""
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
        PngImagePlugin.putchunk(file, b"IHDR", header)
        PngImagePlugin.putchunk(file, b"IDAT", b"")
        PngImagePlugin.putchunk(file, b"IEND", b"")


def write_floats(path: Path, *values: float) -> None:
    Image.fromarray(np.array([values], np.float32)).save(path)


DAMAGES = {
    "empty": (".png", lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (".png", lambda path: path.write_text("no image"), "damaged, or none of JPEG, PNG"),
    "gif": (".png", lambda path: Image.new("L", (8, 8)).save(path, "GIF"), "damaged, or none of"),
    "no_pixels": (".png", lambda path: write_png_header(path, 0, 5), ""),
    "huge": (".png", lambda path: write_png_header(path, 60_000, 60_000), "decompression bomb"),
    "folder": (".png", lambda path: path.mkdir(), "Is a directory"),
    "integers": (
        ".tif",
        lambda path: Image.fromarray(np.arange(4, dtype=np.int32)[None]).save(path),
        "integers of 32 bits",
    ),
    "no_tags": (".tif", lambda path: path.write_bytes(b"II*\0\x08" + bytes(50)), "no pixels"),
    "no_directory": (".tif", lambda path: path.write_bytes(b"II*\0"), ""),
    "nan": (".tif", lambda path: write_floats(path, 0, np.nan), "it has NaN"),
    "infinite": (".tif", lambda path: write_floats(path, 0, np.inf), "from 0 to inf"),
    "percent": (".tif", lambda path: write_floats(path, 0, 100), "from 0 to 100, outside 0..1"),
    "negative": (".tif", lambda path: write_floats(path, -0.5, 1), "from -0.5 to 1, outside 0..1"),
}


@pytest.mark.parametrize(("suffix", "damage", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_image_that_cannot_be_used_is_named_with_the_reason(tmp_path, suffix, damage, reason):
    path = tmp_path / f"9{suffix}"
    damage(path)
    found = message(path)
    assert f"{path} cannot be read as an image (" in found
    assert reason in found
    assert "replace it or remove it" in found


def test_missing_file_is_named_with_the_reason(tmp_path):
    assert f"{tmp_path / 'a.png'} cannot be read as an image (No such" in message(
        tmp_path / "a.png"
    )


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_image_is_named(tmp_path, suffix, share):
    path = tmp_path / f"9{suffix}"
    save(path, pixels_of(0, 40, 40, 3))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert f"{path} cannot be read as an image" in message(path)
