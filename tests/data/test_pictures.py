import numpy as np
import pytest
from PIL import Image

from cldice_monai.data.pictures import picture_affine, read_grey_picture, read_picture
from cldice_monai.errors import InputError


def test_rows_come_before_columns(tmp_path):
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)  # 3 rows, 4 columns
    Image.fromarray(pixels).save(tmp_path / "a.png")
    volume = read_picture(tmp_path / "a.png")
    assert volume.array.shape == (1, 3, 4, 1)
    assert volume.array.dtype == np.float32
    assert volume.array[0, 2, 1, 0] == 9  # third row, second column


def test_colours_are_channels_in_their_order(tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[..., 0], pixels[..., 2] = 10, 30
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    assert read_picture(tmp_path / "a.tif").array[:, 0, 0, 0].tolist() == [10, 0, 30]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_channel_is_left_out(tmp_path, mode):
    Image.new(mode, (3, 2), (7,) * len(mode)).save(tmp_path / "a.png")
    assert len(read_picture(tmp_path / "a.png").array) == (3 if mode == "RGBA" else 1)


def test_palette_picture_gives_its_colours_and_not_the_numbers_of_the_palette(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.putpixel((1, 0), 1)  # entry 1 of the palette is white
    picture.save(tmp_path / "a.gif")
    assert read_picture(tmp_path / "a.gif").array[0, 0, :, 0].tolist() == [0, 255]


def test_one_bit_picture_is_0_and_255(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.tif")
    assert read_picture(tmp_path / "a.tif").array[0, 0, :, 0].tolist() == [255, 0]


def test_sixteen_bits_are_kept(tmp_path):
    Image.fromarray(np.array([[40000, 3]], np.uint16)).save(tmp_path / "a.tif")
    assert read_picture(tmp_path / "a.tif").array[0, 0, :, 0].tolist() == [40000, 3]


def test_label_in_colour_is_one_channel_and_vessel_wherever_a_colour_is(tmp_path):
    pixels = np.zeros((1, 3, 3), np.uint8)
    pixels[0, 0] = (255, 0, 0)
    pixels[0, 1] = (255, 255, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert read_grey_picture(tmp_path / "a.png").array[:, 0, :, 0].tolist() == [[255, 255, 0]]


def test_affine_shows_rows_running_down_and_columns_to_the_right():
    down, right = picture_affine(2.0, 3.0)[:3, :2].T
    assert down.tolist() == [0, -2, 0]  # towards posterior
    assert right.tolist() == [3, 0, 0]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.tif: there is no such file"):
        read_picture(tmp_path / "a.tif")


def test_text_file_is_no_picture(tmp_path):
    (tmp_path / "a.tif").write_text("no picture")
    with pytest.raises(InputError, match=r"a\.tif: is damaged or no picture"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("ending", ["tif", "gif", "png"])
def test_file_cut_off_anywhere_never_passes_as_a_picture(tmp_path, ending):
    rng = np.random.default_rng(0)
    whole = tmp_path / f"whole.{ending}"
    Image.fromarray(rng.integers(0, 256, (40, 40), np.uint8)).save(whole)
    content = whole.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path = tmp_path / f"cut.{ending}"
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError, match=r"cut\."):
            read_picture(path)


def test_stack_of_pages_is_refused_and_not_read_as_its_first_page(tmp_path):
    pages = [Image.new("L", (3, 2), value) for value in (1, 2, 3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match=r"a\.tif: holds 3 pages"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.real_data
def test_real_stack_is_refused(shared_data):
    (path, *_) = sorted((shared_data / "vesselNN" / "labels").iterdir())
    with pytest.raises(InputError, match="pages, one picture a file is needed"):
        read_picture(path)
