"""Novelties, one function each: what a normal image looks like with one in it.

Another kind is one more function and one more line in `KINDS`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from novelty_maps.pipeline.boxes import Boxes, window
from novelty_maps.pipeline.rows import Images

Pixels = NDArray[np.float64]
Window = tuple[slice, slice, slice]


class Scene(NamedTuple):
    """What a novelty is made from.

    Attributes:
        image: (C, H, W) in [0, 255], the normal image.
        foreign: (F, C, H, W) uint8, images of novel classes.
        size: Diameter or side of the novelty in pixels, at most the image's shorter side.
        boxes: (F, 4) of the foreign images, where some are padded.
    """

    image: Pixels
    foreign: Images
    size: int
    boxes: Boxes | None = None


def background(image: Pixels) -> Pixels:
    """(C, 1, 1) value of the background: the median of the image's border, by channel."""
    edges = (image[:, 0], image[:, -1], image[:, 1:-1, 0], image[:, 1:-1, -1])
    return np.median(np.concatenate(edges, axis=1), axis=1)[:, None, None]


def deviation(image: Pixels) -> Pixels:
    """(H, W) distance of each pixel from the background, the largest over channels."""
    distance: Pixels = np.abs(image - background(image)).max(axis=0)
    return distance


def foreign_patch(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A square of content of a foreign image, anywhere in this one; no larger than that image."""
    foreign = _foreign_image(scene, generator)
    size = min(scene.size, *foreign.shape[1:])
    planted = scene.image.copy()
    place = _anywhere(planted, size, generator)
    planted[place] = foreign[_on_content(foreign, size, generator)]
    return planted


def second_object(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A whole foreign object, shrunk, anywhere; each pixel is the one farther from background."""
    small = _resized(_object(_foreign_image(scene, generator)), scene.size)
    planted = scene.image.copy()
    place = _anywhere(planted, scene.size, generator)
    in_front = deviation(small) > deviation(planted)[place[1:]]
    planted[place] = np.where(in_front, small, planted[place])
    return planted


def erased_stroke(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A disc of content, replaced by the background."""
    planted = scene.image.copy()
    place = _on_content(planted, scene.size, generator)
    planted[place] = np.where(_disc(scene.size), background(planted), planted[place])
    return planted


def swelling(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A disc where content is thicker: dilated away from the background, by a fifth of the size."""
    planted = scene.image.copy()
    place = _on_content(planted, scene.size, generator)
    swollen = planted[place]
    for _ in range(max(1, scene.size // 5)):
        swollen = _dilated(swollen, background(planted))
    planted[place] = np.where(_disc(scene.size), swollen, planted[place])
    return planted


def rotated_patch(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A disc of content, turned by a right angle to either side."""
    planted = scene.image.copy()
    place = _on_content(planted, scene.size, generator)
    turned = np.rot90(planted[place], generator.choice([1, 3]), axes=(1, 2))
    planted[place] = np.where(_disc(scene.size), turned, planted[place])
    return planted


def shuffled_patch(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A square of content, cut into tiles, three by three or a few more, that change places."""
    tile = max(1, scene.size // 3)
    grid = scene.size // tile
    planted = scene.image.copy()
    place = _on_content(planted, grid * tile, generator)
    cut = planted[place].reshape(-1, grid, tile, grid, tile).transpose(1, 3, 0, 2, 4)
    shuffled = generator.permutation(cut.reshape(grid**2, *cut.shape[2:])).reshape(cut.shape)
    planted[place] = shuffled.transpose(2, 0, 3, 1, 4).reshape(planted[place].shape)
    return planted


def disk(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A uniform disk."""
    return _drawn(scene, _disc(scene.size), generator)


def square(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A uniform square."""
    return _drawn(scene, np.ones((scene.size, scene.size), np.bool_), generator)


def stripe(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A thin straight line at any angle."""
    _, across = _line(scene.size, generator)
    width = max(1, scene.size // 8)
    thin = (across >= -width / 2) & (across < width / 2)
    return _drawn(scene, thin & _disc(scene.size), generator)


def dotted_line(scene: Scene, generator: np.random.Generator) -> Pixels:
    """Round dots on a straight line at any angle, a diameter apart."""
    along, across = _line(scene.size, generator)
    dot = max(2, scene.size // 7)
    from_centre = np.mod(along + scene.size / 2, 2 * dot) - dot / 2
    dots = (np.hypot(from_centre, across) <= dot / 2) & (np.abs(along) <= scene.size / 2)
    return _drawn(scene, dots, generator)


def zigzag(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A thin line with two peaks and two troughs, at any angle."""
    along, across = _line(scene.size, generator)
    period, width = scene.size / 2, max(1, scene.size // 8)
    wave = np.abs(np.mod(along, period) - period / 2) - period / 4  # slopes of 45 degrees
    thin = np.abs(across - wave) <= width / np.sqrt(2)
    return _drawn(scene, thin & _disc(scene.size), generator)


KINDS: dict[str, Callable[[Scene, np.random.Generator], Pixels]] = {
    "foreign_patch": foreign_patch,
    "second_object": second_object,
    "erased_stroke": erased_stroke,
    "swelling": swelling,
    "rotated_patch": rotated_patch,
    "shuffled_patch": shuffled_patch,
    "disk": disk,
    "square": square,
    "stripe": stripe,
    "dotted_line": dotted_line,
    "zigzag": zigzag,
}

OF_FOREIGN = ("foreign_patch", "second_object")  # kinds that are made from novel images


def _window(top: int, left: int, size: int) -> Window:
    return slice(None), slice(top, top + size), slice(left, left + size)


def _anywhere(image: Pixels, size: int, generator: np.random.Generator) -> Window:
    top, left = (int(generator.integers(length - size + 1)) for length in image.shape[1:])
    return _window(top, left, size)


def _on_content(image: Pixels, size: int, generator: np.random.Generator) -> Window:
    """Window around a pixel that is drawn in proportion to its deviation, moved inside."""
    weight = deviation(image)
    if not weight.any():
        return _anywhere(image, size, generator)
    drawn = generator.choice(weight.size, p=weight.ravel() / weight.sum())
    centre = np.unravel_index(drawn, weight.shape)
    top, left = (
        int(np.clip(place - size // 2, 0, length - size))
        for place, length in zip(centre, weight.shape, strict=True)
    )
    return _window(top, left, size)


def _disc(size: int) -> NDArray[np.bool_]:
    offset = np.arange(size) - (size - 1) / 2
    disc: NDArray[np.bool_] = np.hypot(*np.meshgrid(offset, offset)) <= size / 2
    return disc


def _line(size: int, generator: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Coordinates of a square's pixels along and across a line through its centre."""
    angle = generator.uniform(0, np.pi)
    sine, cosine = np.sin(angle), np.cos(angle)
    right = np.arange(size) - (size - 1) / 2
    down = right[:, None]
    return cosine * right + sine * down, cosine * down - sine * right


def _drawn(scene: Scene, shape: NDArray[np.bool_], generator: np.random.Generator) -> Pixels:
    """The shape anywhere, in black or white, whichever differs more from the pixels there."""
    planted = scene.image.copy()
    inside = planted[_anywhere(planted, scene.size, generator)]
    inside[:, shape] = 0 if inside[:, shape].mean() > 127.5 else 255
    return planted


def _dilated(image: Pixels, level: Pixels) -> Pixels:
    """Each pixel's neighbour, of nine with itself, that is farthest from a level."""
    height, width = image.shape[1:]
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode="edge")
    near = np.stack([padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)])
    farthest = np.abs(near - level).max(axis=1).argmax(axis=0)
    dilated: Pixels = np.take_along_axis(near, farthest[None, None], axis=0)[0]
    return dilated


def _foreign_image(scene: Scene, generator: np.random.Generator) -> Pixels:
    """A foreign image, cut out of its padding."""
    row = generator.integers(len(scene.foreign))
    whole = slice(None), slice(None)
    place = whole if scene.boxes is None else window(scene.boxes[row])
    drawn: Pixels = scene.foreign[row][:, *place].astype(np.float64)
    return drawn


def _object(image: Pixels) -> Pixels:
    """The square around what deviates by at least a quarter of the largest deviation."""
    weight = deviation(image)
    marked = weight >= weight.max() / 4
    spans = [np.flatnonzero(marked.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    side = min(*weight.shape, 1 + max(int(last - first) for first, last in spans))
    top, left = (
        int(np.clip((first + last + 1 - side) // 2, 0, length - side))
        for (first, last), length in zip(spans, weight.shape, strict=True)
    )
    return image[_window(top, left, side)]


def _resized(image: Pixels, size: int) -> Pixels:
    """A square image of another side; a pixel is the mean of the area that it covers."""
    side = image.shape[1]
    low = np.arange(size)[:, None] * side / size
    overlap = np.minimum(low + side / size, np.arange(side) + 1) - np.maximum(low, np.arange(side))
    share = np.clip(overlap, 0, None) * size / side
    resized: Pixels = share @ image @ share.T
    return resized
