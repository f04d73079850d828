"""labkit.images: every awkward file comes out right, or in one message that names it."""

import io
import os
import random
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile

from labkit.images import square, to_tensor, to_uint8

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
RED, GREEN, WHITE = (1.0, 0, 0), (0, 1.0, 0), (1.0, 1.0, 1.0)


def expect(pixels):
    """uint8 (H, W, 3) or (H, W) as to_tensor should give it."""
    pixels = np.asarray(pixels, dtype=np.float32) / 255
    pixels = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1)
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def same(image, expected, *, atol=1e-6):
    assert image.dtype == torch.float32 and image.ndim == 3 and len(image) == 3
    assert 0 <= image.min() and image.max() <= 1 and image.is_contiguous()
    torch.testing.assert_close(image, torch.as_tensor(expected), atol=atol, rtol=0)


def pixel(image, row, column):
    return tuple(round(value, 3) for value in image[:, row, column].tolist())


def near(colour, atol=1e-3):
    return pytest.approx(colour, abs=atol)


def encoded(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, content):
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png(array, *, colour_type, bits=16, extra=b"", size=None):
    """A PNG written by hand; Pillow cannot write 16-bit colour."""
    height, width = size or array.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2" if bits == 16 else "u1").tobytes() for row in array)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


# --- one picture, every way in ---


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_path_bytes_file_pil_and_array_agree(tmp_path, mode, kind):
    path = tmp_path / "picture"
    alpha = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
    picture = Image.fromarray(COLOUR).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(alpha))
    picture.save(path, kind)
    image = to_tensor(path)
    assert torch.equal(image, to_tensor(str(path)))
    assert torch.equal(image, to_tensor(path.read_bytes()))
    assert torch.equal(image, to_tensor(memoryview(path.read_bytes())))
    with open(path, "rb") as file:
        assert torch.equal(image, to_tensor(file))
    with Image.open(path) as opened:
        assert torch.equal(image, to_tensor(opened))
        assert torch.equal(image, to_tensor(np.asarray(opened)))


def test_rgb_values():
    same(to_tensor(encoded(Image.fromarray(COLOUR), "PNG")), expect(COLOUR))


def test_one_bit_grey_and_two_bit_files():
    dots = np.array([[True, False, True], [False, False, True]])
    same(to_tensor(encoded(Image.fromarray(dots), "PNG")), expect(dots * 255))
    two_bits = png(np.array([[0b00011011]]), colour_type=0, bits=2, size=(1, 4))
    same(to_tensor(two_bits), expect([[0, 85, 170, 255]]))


# --- files with a catch ---


def turned(pixels, orientation):
    """What a viewer shows of `pixels` stored under an EXIF orientation, turned by hand."""
    return {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, -1),
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: np.rot90(p, 1),
    }[orientation](pixels)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    path = tmp_path / "phone"
    Image.fromarray(COLOUR).save(path, kind, exif=exif, **options)
    same(to_tensor(path), expect(turned(COLOUR, orientation)))
    with Image.open(path) as opened:
        same(to_tensor(opened), expect(turned(COLOUR, orientation)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_of_a_jpeg(orientation):
    blocks = np.kron(COLOUR[:2, :3], np.ones((16, 16, 1), dtype=np.uint8))  # 32 x 48
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = encoded(Image.fromarray(blocks), "JPEG", quality=100, subsampling=0, exif=exif)
    same(to_tensor(stored), expect(turned(blocks, orientation)), atol=0.02)


def test_broken_exif_is_no_reason_to_refuse():
    stored = encoded(Image.fromarray(COLOUR), "PNG", exif=b"Exif\0\0 no exif at all")
    same(to_tensor(stored), expect(COLOUR))


def test_cmyk_jpeg_and_tiff():
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    inks.paste((255, 0, 255, 0), (8, 0, 16, 16))
    for image in (to_tensor(inks), to_tensor(encoded(inks, "TIFF"))):
        assert pixel(image, 0, 0) == RED and pixel(image, 0, 12) == GREEN
    jpeg = encoded(inks, "JPEG", quality=100, subsampling=0)
    assert Image.open(io.BytesIO(jpeg)).mode == "CMYK"
    image = to_tensor(jpeg)
    assert pixel(image, 4, 3) == near(RED, 0.03) and pixel(image, 4, 12) == near(GREEN, 0.03)


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB"])
def test_other_colour_spaces(mode):
    if mode == "LAB":
        white, black = (Image.new("LAB", (2, 2), (light, 128, 128)) for light in (255, 0))
        assert to_tensor(white).min() > 0.98 and to_tensor(black).max() < 0.02
        return
    red = Image.new("RGB", (2, 2), "red").convert(mode)
    assert pixel(to_tensor(red), 0, 0) == near(RED, 0.01)


@pytest.mark.parametrize("clear", [1, b"\xff\x00\x80"])
def test_palette_with_transparency(clear):
    picture = Image.new("P", (3, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255, 0, 255, 0])
    picture.putdata([0, 1, 2])
    image = to_tensor(encoded(picture, "PNG", transparency=clear))
    assert pixel(image, 0, 0) == RED and pixel(image, 0, 1) == WHITE
    half = 1 - 128 / 255  # what is left of white under 128 of 255 opaque green
    assert pixel(image, 0, 2) == near(GREEN if clear == 1 else (half, 1, half))


def test_palette_without_transparency():
    picture = Image.fromarray(COLOUR).quantize(256)
    same(to_tensor(encoded(picture, "PNG")), expect(np.asarray(picture.convert("RGB"))))


def test_transparency_is_put_on_white():
    rgba = np.array([[[255, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 51]]], dtype=np.uint8)
    image = to_tensor(encoded(Image.fromarray(rgba), "PNG"))
    assert pixel(image, 0, 0) == RED and pixel(image, 0, 1) == WHITE
    assert pixel(image, 0, 2) == (0.8, 0.8, 0.8)
    la = Image.merge("LA", [Image.new("L", (1, 1), 100), Image.new("L", (1, 1), 51)])
    assert pixel(to_tensor(encoded(la, "PNG")), 0, 0) == near((100 / 255 * 0.2 + 0.8,) * 3)


def test_transparent_colour_of_grey_and_rgb_png():
    grey = png(np.array([[0, 100]]), colour_type=0, bits=8, extra=chunk(b"tRNS", b"\0\x64"))
    same(to_tensor(grey), expect([[0, 255]]))
    deep = png(np.array([[0, 256]]), colour_type=0, extra=chunk(b"tRNS", b"\1\0"))
    same(to_tensor(deep), expect([[0, 255]]))
    red_blue = Image.new("RGB", (2, 1), "red")
    red_blue.putpixel((1, 0), (0, 0, 255))
    image = to_tensor(encoded(red_blue, "PNG", transparency=(0, 0, 255)))
    assert pixel(image, 0, 0) == RED and pixel(image, 0, 1) == WHITE


DEEP = np.array([[0, 1, 256], [12345, 32768, 65535]], dtype=np.uint16)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey(kind):
    stored = encoded(Image.fromarray(DEEP), kind)
    expected = torch.from_numpy(DEEP.astype(np.float64) / 65535).float().expand(3, 2, 3)
    same(to_tensor(stored), expected)
    same(to_tensor(Image.fromarray(DEEP)), expected)
    same(to_tensor(DEEP), expected)


def test_sixteen_bit_colour_keeps_eight():
    deep = RNG.integers(0, 65536, (4, 5, 3), dtype=np.uint16)
    same(
        to_tensor(png(deep, colour_type=2)),
        (deep / 65535).transpose(2, 0, 1).astype(np.float32),
        atol=1 / 255,
    )
    deep = np.array([[[65535, 65535], [0, 65535], [0, 0]]], dtype=np.uint16)  # grey + alpha
    same(to_tensor(png(deep, colour_type=4)), expect([[255, 0, 255]]))


def test_float_and_whole_number_tiff():
    floats = np.array([[0, 0.25, 1]], dtype=np.float32)
    same(to_tensor(encoded(Image.fromarray(floats), "TIFF")), np.stack([floats] * 3))
    whole = Image.fromarray(np.array([[0, 13107, 65535]], dtype=np.int32))
    assert whole.mode == "I"
    same(to_tensor(encoded(whole, "TIFF")), expect([[0, 51, 255]]))
    with pytest.raises(ValueError, match=r"\): grey values from 0 to 70000, only 0 to 65535"):
        to_tensor(Image.fromarray(np.array([[0, 70000]], dtype=np.int32)))
    with pytest.raises(ValueError, match=r"from 0 to 255, an image is in \[0, 1\]: divide by 255"):
        to_tensor(encoded(Image.fromarray(floats * 255), "TIFF"))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    stored = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(stored)).n_frames == 3
    assert pixel(to_tensor(stored), 4, 4) == RED


def test_opened_animation_gives_the_frame_it_stands_at():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    stored = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    opened = Image.open(io.BytesIO(stored))
    opened.seek(1)
    assert pixel(to_tensor(opened), 4, 4) == GREEN and opened.tell() == 1


def test_transparent_gif_is_put_on_white():
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putdata([0, 1])
    image = to_tensor(encoded(picture, "GIF", transparency=1))
    assert pixel(image, 0, 0) == RED and pixel(image, 0, 1) == WHITE


# --- arrays and tensors ---


def test_array_layouts():
    grey = COLOUR[..., 0]
    same(to_tensor(COLOUR), expect(COLOUR))
    same(to_tensor(COLOUR.transpose(2, 0, 1)), expect(COLOUR))
    for layout in (grey, grey[..., None], grey[None]):
        same(to_tensor(layout), expect(grey))
    same(to_tensor(COLOUR[:, ::-1]), expect(COLOUR[:, ::-1]))  # negative strides
    same(to_tensor(grey > 100), expect((grey > 100) * 255))
    same(to_tensor(DEEP.astype(">u2")), to_tensor(DEEP))


def test_tensor_layouts():
    tensor = torch.from_numpy(COLOUR)
    for layout in (tensor, tensor.permute(2, 0, 1), (tensor / 255).double()):
        same(to_tensor(layout), expect(COLOUR))
    grey = tensor[..., 0]
    for layout in (grey, grey[None], grey[..., None]):
        same(to_tensor(layout), expect(COLOUR[..., 0]))
    same(to_tensor((grey / 255).bfloat16()), expect(COLOUR[..., 0]), atol=1 / 255)
    same(to_tensor((tensor / 255).requires_grad_()), expect(COLOUR))


def test_ambiguous_shape_follows_the_library():
    both = RNG.random((3, 5, 3))
    same(to_tensor(both), both.transpose(2, 0, 1).astype(np.float32))
    same(to_tensor(torch.from_numpy(both)), both.astype(np.float32))


def test_alpha_of_arrays_is_put_on_white():
    rgba = np.zeros((2, 2, 4))
    rgba[..., 3] = 0.25
    same(to_tensor(rgba), torch.full((3, 2, 2), 0.75))
    same(to_tensor(torch.from_numpy(rgba).permute(2, 0, 1)), torch.full((3, 2, 2), 0.75))


def test_rounding_errors_are_clamped():
    same(to_tensor(np.array([[-1e-6, 1 + 1e-6]])), expect([[0, 255]]))


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor])
def test_input_is_neither_changed_nor_shared(make):
    for original in (COLOUR.copy(), (COLOUR / 255).astype(np.float32).transpose(2, 0, 1).copy()):
        image = make(original)
        before = original.copy()
        to_tensor(image).zero_()
        to_uint8(image)[:] = 7
        square(to_tensor(image), 4).zero_()
        assert np.array_equal(original, before)


def test_grey_planes_do_not_share_memory():
    image = to_tensor(np.zeros((2, 2)))
    image[0] = 1
    assert image[1:].max() == 0


def test_square_never_shares_memory():
    image = torch.full((3, 4, 4), 0.5)
    square(image, 4).zero_()
    assert image.min() == 0.5


@pytest.mark.parametrize(
    "values, message",
    [
        (COLOUR.astype(float), r"array: float values from 0 to 249.*divide by 255"),
        (torch.tensor([[0.0, 255.0]]), r"tensor: float values from 0 to 255.*divide by 255"),
        (np.array([[-1.0, 1.0]]), r"from -1 to 1, an image is in \[0, 1\]: rescale or clamp"),
        (np.array([[0.0, 900.0]]), r"from 0 to 900.*rescale or clamp"),
        (np.array([[0.0, np.nan]]), "NaN or infinite"),
        (torch.tensor([[0.0, float("inf")]]), "NaN or infinite"),
        (np.zeros((0, 4, 3)), r"no pixels, shape \(0, 4, 3\)"),
        (torch.zeros(3, 4, 0), r"no pixels, shape \(3, 4, 0\)"),
        (np.zeros((5, 6, 7)), r"shape \(5, 6, 7\) is no image; needs"),
        (np.zeros(5), r"shape \(5,\) is no image"),
        (torch.zeros(2, 3, 4, 4), r"a batch of shape \(2, 3, 4, 4\); pass one image"),
    ],
)
def test_arrays_that_are_no_image(values, message):
    with pytest.raises(ValueError, match=message):
        to_tensor(values)


@pytest.mark.parametrize(
    "thing, message",
    [
        (COLOUR.astype(np.int64), "values of type int64 are ambiguous; use uint8"),
        (torch.zeros(3, 4, 4, dtype=torch.int32), "values of type int32 are ambiguous"),
        (np.array([["a", "b"]]), "ambiguous"),
        ([[0, 1], [1, 0]], "cannot make an image of list"),
        (None, "cannot make an image of NoneType"),
    ],
)
def test_things_that_are_no_picture(thing, message):
    with pytest.raises(TypeError, match=message):
        to_tensor(thing)


# --- files that cannot be read ---

HTML = b"<!DOCTYPE html><html><body>404</body></html>"
BAD_FILES = {
    "empty.jpg": (b"", r"the file is empty \(0 bytes\)"),
    "notes.jpg": (b"just some notes\n", "not an image that can be read here; it looks like text"),
    "page.png": (HTML, "a web page saved under the name of a picture"),
    "logo.svg": (b'<?xml version="1.0"?><svg xmlns="x"></svg>', "an SVG drawing: export it as PNG"),
    "slides.pdf": (b"%PDF-1.7 ...", "a PDF: export the page"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50), "HEIC.*export it as JPEG"),
    "clip.mp4": (b"\0\0\0\x18ftypisom" + bytes(50), "a film"),
    "all.zip": (b"PK\x03\x04" + bytes(50), "a zip archive"),
    "a.npy": (b"\x93NUMPY\x01\0", "read it with np.load"),
    "cut.jpg": (b"\xff\xd8\xff\xe0\0\x10", "damaged"),
    "odd.jpg": (b"\xff\xd8\xff\xd9" + bytes(50), "looks like a damaged JPEG"),
    "noise.png": (bytes(range(256)), "unknown or damaged format"),
    "bomb.png": (png(np.zeros((1, 1)), colour_type=0, bits=8, size=(50000, 50000)), "too many pix"),
    "big.png": (png(np.zeros((1, 1)), colour_type=0, bits=8, size=(9000, 10000)), "too many pixel"),
    "flat.png": (png(np.zeros((1, 1)), colour_type=0, bits=8, size=(0, 5)), "damaged|no pixels"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_unreadable_file_is_named_with_its_reason(tmp_path, name):
    content, reason = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no warning besides the message
        with pytest.raises(ValueError, match=rf"(?s){name}: .*({reason})"):
            to_tensor(path)
        with pytest.raises(ValueError, match=f"image bytes: .*({reason})"):
            to_tensor(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_truncated_file(tmp_path, kind):
    path = tmp_path / "cut.picture"
    noise = Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    stored = encoded(noise, kind)
    path.write_bytes(stored[: len(stored) // 2])
    with pytest.raises(ValueError, match=r"cut\.picture: .*(damaged|cut off)"):
        to_tensor(path)


def test_missing_file_folder_address_and_special_file(tmp_path):
    with pytest.raises(ValueError, match=r"none\.jpg: there is no such file \(current folder"):
        to_tensor(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="this is a folder"):
        to_tensor(tmp_path)
    with pytest.raises(ValueError, match="this is an address"):
        to_tensor("https://example.org/cat.jpg")
    with pytest.raises(ValueError, match="zero byte"):
        to_tensor("cat\0.jpg")
    with pytest.raises(ValueError, match="cannot be opened"):
        to_tensor("x" * 5000)
    with pytest.raises(ValueError, match="not a regular file"):
        to_tensor(os.devnull)


def test_file_opened_as_text(tmp_path):
    (tmp_path / "a.png").write_text("text")
    with open(tmp_path / "a.png") as file, pytest.raises(ValueError, match='open.path, "rb"'):
        to_tensor(file)


def test_damaged_files_raise_nothing_but_value_error():
    chance = random.Random(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        options = {} if kind in ("GIF", "BMP", "PPM") else {"exif": exif}
        stored = encoded(Image.fromarray(COLOUR), kind, **options)
        for _ in range(60):
            broken = bytearray(stored)
            for _ in range(chance.randint(1, 6)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    image = to_tensor(bytes(broken))
                except ValueError as error:
                    assert str(error).startswith("image bytes: ")
                else:
                    assert image.shape[0] == 3 and image.isfinite().all()


def test_closed_or_empty_pil_image():
    closed = Image.open(io.BytesIO(encoded(Image.fromarray(COLOUR), "PNG")))
    closed.close()
    with pytest.raises(ValueError, match=r"PIL image RGB \(9, 6\): .*damaged"):
        to_tensor(closed)
    with pytest.raises(ValueError, match=r"PIL image RGB \(0, 5\): no pixels"):
        to_tensor(Image.new("RGB", (0, 5)))


# --- nothing is left behind ---


def test_pillow_settings_filters_and_files_are_as_before(tmp_path):
    settings = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
    filters = list(warnings.filters)
    path = tmp_path / "a.png"
    Image.fromarray(COLOUR).save(path)
    before = path.read_bytes()
    to_tensor(path)
    with pytest.raises(ValueError):
        to_tensor(BAD_FILES["bomb.png"][0])
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS) == settings
    assert list(warnings.filters) == filters
    assert path.read_bytes() == before


def test_open_file_stays_open_where_it_stood():
    stored = encoded(Image.fromarray(COLOUR), "PNG")
    file = io.BytesIO(b"skip" + stored)
    file.seek(4)
    same(to_tensor(file), expect(COLOUR))
    assert file.tell() == 4 and not file.closed


def test_pillow_s_own_limit_counts(monkeypatch):
    stored = encoded(Image.fromarray(COLOUR), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 53)
    with pytest.raises(ValueError, match=r"too many pixels \(at most 53\)"):
        to_tensor(stored)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 54)
    same(to_tensor(stored), expect(COLOUR))


# --- to_uint8 and square ---


def test_to_uint8_turns_to_tensor_round():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(to_uint8(to_tensor(every)), np.stack([every] * 3, axis=-1))
    assert np.array_equal(to_uint8(to_tensor(COLOUR)), COLOUR)
    array = to_uint8(torch.rand(1, 5, 7))
    assert array.shape == (5, 7, 3) and array.dtype == np.uint8 and array.flags.c_contiguous
    with pytest.raises(ValueError, match="rescale or clamp"):
        to_uint8(torch.tensor([[-1.0, 1.0]]))


def test_square_cuts_the_middle():
    image = torch.zeros(3, 4, 10)
    image[:, :, 3:7] = 0.5
    assert torch.equal(square(image, 4), torch.full((3, 4, 4), 0.5))
    assert torch.equal(square(image.mT, 4), torch.full((3, 4, 4), 0.5))
    torch.testing.assert_close(square(image, 9), torch.full((3, 9, 9), 0.5))


def test_square_shrinks_without_aliasing_and_stays_in_range():
    lines = torch.zeros(3, 64, 64)
    lines[:, :, ::2] = 1
    assert (square(lines, 8)[..., 1:-1] - 0.5).abs().max() < 0.02
    edge = torch.zeros(3, 8, 8)
    edge[..., 4:] = 1  # bicubic overshoots at an edge
    assert 0 <= square(edge, 33).min() and square(edge, 33).max() <= 1


def test_square_agrees_with_pillow():
    smooth = Image.fromarray(COLOUR).resize((90, 60), Image.Resampling.BICUBIC)
    ours = square(to_tensor(smooth), 25)
    theirs = smooth.crop((15, 0, 75, 60)).resize((25, 25), Image.Resampling.BICUBIC)
    torch.testing.assert_close(ours, to_tensor(theirs), atol=2 / 255, rtol=0)


def test_square_can_be_differentiated():
    image = torch.full((3, 9, 12), 0.5, requires_grad=True)
    square(image, 4).sum().backward()
    assert image.grad[:, :, 2:].abs().sum() > 0


@pytest.mark.parametrize(
    "image, size, error, message",
    [
        (torch.rand(3, 4, 4), 0, ValueError, "at least 1 pixel, got 0"),
        (torch.rand(3, 4, 4), 2.5, TypeError, "whole number of pixels, got 2.5"),
        (torch.rand(3, 4, 4), True, TypeError, "whole number of pixels"),
        (torch.rand(3, 0, 4), 4, ValueError, "no pixels"),
        (torch.rand(2, 3, 4, 4), 4, TypeError, r"float tensor \(C, H, W\), got .*\(2, 3, 4, 4\)"),
        (np.zeros((4, 4)), 4, TypeError, r"to_tensor\(...\) makes one"),
        ("cat.jpg", 4, TypeError, r"to_tensor\(...\) makes one"),
    ],
)
def test_square_explains_mistakes(image, size, error, message):
    with pytest.raises(error, match=message):
        square(image, size)


def test_a_buffer_that_stands_at_its_end_is_not_empty():
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), (255, 0, 0)).save(buffer, "PNG")
    end = buffer.tell()
    assert to_tensor(buffer).shape == (3, 2, 3) and buffer.tell() == end
    with pytest.raises(ValueError, match="the file is empty"):
        to_tensor(io.BytesIO())
