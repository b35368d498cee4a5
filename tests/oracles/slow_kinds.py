"""The kinds of novelty a second time, pixel by pixel; only the draws are the same, in their order.

Images are (C, H, W) arrays of numbers; `foreign` is (F, C, H, W).
"""

import math
import statistics


def background(image):
    height, width = image.shape[1:]
    border = [
        (y, x)
        for y in range(height)
        for x in range(width)
        if y in (0, height - 1) or x in (0, width - 1)
    ]
    return [statistics.median(float(channel[place]) for place in border) for channel in image]


def deviations(image):
    """Place to the largest distance from the background over the channels, row by row."""
    level = background(image)
    return {
        (y, x): max(abs(float(v) - b) for v, b in zip(image[:, y, x], level, strict=True))
        for y in range(image.shape[1])
        for x in range(image.shape[2])
    }


def anywhere(image, size, generator):
    return tuple(int(generator.integers(length - size + 1)) for length in image.shape[1:])


def on_content(image, size, generator):
    weight = deviations(image)
    total = sum(weight.values())
    if total == 0:
        return anywhere(image, size, generator)
    drawn = generator.choice(len(weight), p=[value / total for value in weight.values()])
    centre = list(weight)[drawn]
    return tuple(
        min(max(place - size // 2, 0), length - size)
        for place, length in zip(centre, image.shape[1:], strict=True)
    )


def square_of(size):
    return [(y, x) for y in range(size) for x in range(size)]


def disc_of(size):
    """Places whose centre lies within half the size of the middle."""
    return [
        (y, x) for y, x in square_of(size) if math.hypot(2 * y - size + 1, 2 * x - size + 1) <= size
    ]


def turned(size, generator):
    """Place to where it lies along and across a line through the middle."""
    angle = generator.uniform(0, math.pi)
    middle = (size - 1) / 2
    return {
        (y, x): (
            math.cos(angle) * (x - middle) + math.sin(angle) * (y - middle),
            math.cos(angle) * (y - middle) - math.sin(angle) * (x - middle),
        )
        for y, x in square_of(size)
    }


def drawn(image, size, places, generator):
    top, left = anywhere(image, size, generator)
    inside = [(top + y, left + x) for y, x in places]
    values = [float(channel[place]) for channel in image for place in inside]
    for channel in image:
        for place in inside:
            channel[place] = 0 if sum(values) / len(values) > 127.5 else 255
    return image


def disk(image, foreign, size, generator):
    return drawn(image, size, disc_of(size), generator)


def square(image, foreign, size, generator):
    return drawn(image, size, square_of(size), generator)


def stripe(image, foreign, size, generator):
    half = max(1, size // 8) / 2
    lines = turned(size, generator)
    places = [place for place in disc_of(size) if -half <= lines[place][1] < half]
    return drawn(image, size, places, generator)


def dotted_line(image, foreign, size, generator):
    """The centres of dots lie half a dot from the line's end and then every two dots."""
    dot = max(2, size // 7)
    centres = [-size / 2 + dot / 2 + 2 * dot * number for number in range(-1, size)]
    places = [
        place
        for place, (along, across) in turned(size, generator).items()
        if abs(along) <= size / 2
        and min(math.hypot(along - centre, across) for centre in centres) <= dot / 2
    ]
    return drawn(image, size, places, generator)


def zigzag(image, foreign, size, generator):
    """Across is a triangle wave of along: a peak in the middle, two periods in the size."""
    period, width = size / 2, max(1, size // 8)
    lines = turned(size, generator)
    places = []
    for place in disc_of(size):
        along, across = lines[place]
        nearest = abs(along - period * round(along / period))  # from the nearest peak
        if abs(across - (period / 4 - nearest)) <= width / math.sqrt(2):
            places.append(place)
    return drawn(image, size, places, generator)


def erased_stroke(image, foreign, size, generator):
    level = background(image)
    top, left = on_content(image, size, generator)
    for y, x in disc_of(size):
        image[:, top + y, left + x] = level
    return image


def swelling(image, foreign, size, generator):
    level = background(image)
    top, left = on_content(image, size, generator)
    swollen = {(y, x): image[:, top + y, left + x].copy() for y, x in square_of(size)}

    def distance(values):
        return max(abs(float(v) - b) for v, b in zip(values, level, strict=True))

    def inside(place):
        return min(max(place, 0), size - 1)

    for _ in range(max(1, size // 5)):
        swollen = {
            (y, x): max(
                (swollen[inside(y + i), inside(x + j)] for i in (-1, 0, 1) for j in (-1, 0, 1)),
                key=distance,
            )
            for y, x in swollen
        }
    for y, x in disc_of(size):
        image[:, top + y, left + x] = swollen[y, x]
    return image


def rotated_patch(image, foreign, size, generator):
    top, left = on_content(image, size, generator)
    before = image[:, top : top + size, left : left + size].copy()
    turns = generator.choice([1, 3])
    for y, x in disc_of(size):
        # Counterclockwise, the last column becomes the first row.
        source = (x, size - 1 - y) if turns == 1 else (size - 1 - x, y)
        image[:, top + y, left + x] = before[:, source[0], source[1]]
    return image


def shuffled_patch(image, foreign, size, generator):
    tile = max(1, size // 3)
    grid = size // tile
    top, left = on_content(image, grid * tile, generator)
    before = image.copy()
    for place, source in enumerate(generator.permutation(grid**2)):
        to, origin = (divmod(int(number), grid) for number in (place, source))
        for y, x in square_of(tile):
            image[:, top + to[0] * tile + y, left + to[1] * tile + x] = before[
                :, top + origin[0] * tile + y, left + origin[1] * tile + x
            ]
    return image


def foreign_patch(image, foreign, size, generator):
    other = foreign[generator.integers(len(foreign))]
    top, left = anywhere(image, size, generator)
    y, x = on_content(other, size, generator)
    image[:, top : top + size, left : left + size] = other[:, y : y + size, x : x + size]
    return image


def second_object(image, foreign, size, generator):
    other = foreign[generator.integers(len(foreign))]
    top, left = anywhere(image, size, generator)
    small = image[:, :size, :size].copy()
    first, side = object_in(other)
    for channel, shrunk in zip(other, small, strict=True):
        for place in square_of(size):
            shrunk[place] = mean_over(channel, first, side, size, place)
    ahead, behind = deviations(small), deviations(image)
    for y, x in square_of(size):
        if ahead[y, x] > behind[top + y, left + x]:
            image[:, top + y, left + x] = small[:, y, x]
    return image


def object_in(image):
    """First row and column, and side, of the square around what deviates by a quarter."""
    weight = deviations(image)
    marked = [place for place, value in weight.items() if value >= max(weight.values()) / 4]
    ends = [(min(axis), max(axis)) for axis in zip(*marked, strict=True)]
    side = min(*image.shape[1:], 1 + max(last - first for first, last in ends))
    start = [
        min(max((first + last + 1 - side) // 2, 0), length - side)
        for (first, last), length in zip(ends, image.shape[1:], strict=True)
    ]
    return start, side


def mean_over(channel, first, side, size, place):
    """Mean of the square that a pixel of a smaller or larger image covers."""
    of_rows, of_columns = (
        [max(0.0, min((p + 1) * side / size, q + 1) - max(p * side / size, q)) for q in range(side)]
        for p in place
    )
    total = 0.0
    for y, x in square_of(side):
        if share := of_rows[y] * of_columns[x]:
            total += share * float(channel[first[0] + y, first[1] + x])
    return total / (side / size) ** 2
