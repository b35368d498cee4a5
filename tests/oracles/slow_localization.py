"""The localization metrics a second time, straight from their definitions.

Nothing here is shared with the code under test: flood fill, one threshold after another, exact
fractions. `maps` and `masks` are sequences of one (H, W) array an image.
"""

import math
from fractions import Fraction


def regions(mask):
    """Sets of (row, column) that touch by a side or a corner."""
    left = {(r, c) for r, row in enumerate(mask) for c, inside in enumerate(row) if inside}
    found = []
    while left:
        region, edge = set(), [left.pop()]
        while edge:
            row, column = edge.pop()
            region.add((row, column))
            near = {(row + r, column + c) for r in (-1, 0, 1) for c in (-1, 0, 1)} & left
            left -= near
            edge.extend(near)
        found.append(region)
    return found


def pro_points(maps, masks, thresholds):
    """(false-positive rate, PRO) at each threshold, as fractions."""
    inside = [(image, region) for image, mask in enumerate(masks) for region in regions(mask)]
    normal = [
        float(value)
        for map_, mask in zip(maps, masks, strict=True)
        for value, is_novel in zip(map_.ravel(), mask.ravel(), strict=True)
        if not is_novel
    ]
    points = []
    for threshold in thresholds:
        rate = Fraction(sum(value >= threshold for value in normal), len(normal))
        shares = [
            Fraction(sum(float(maps[image][place]) >= threshold for place in region), len(region))
            for image, region in inside
        ]
        points.append((rate, sum(shares) / len(shares)))
    return points


def area(points, limit):
    """Area under straight lines from (0, 0) through the points, up to the limit, over the limit."""
    total = Fraction(0)
    for (x0, y0), (x1, y1) in zip([(Fraction(0), Fraction(0)), *points], points, strict=False):
        if x1 > x0 and x0 < limit:
            end = min(x1, limit)
            y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
            total += (end - x0) * (y0 + y_end) / 2
    return float(total / limit)


def aupro(maps, masks, limit=Fraction(3, 10)):
    """Area under the PRO curve with a threshold at every value."""
    values = sorted({float(value) for map_ in maps for value in map_.ravel()}, reverse=True)
    return area(pro_points(maps, masks, values), limit)


def average_precision(map_, mask):
    """Sum over falling thresholds of the gain in recall times the precision."""
    pixels = list(zip(map_.ravel().tolist(), mask.ravel().tolist(), strict=True))
    novel = sum(inside for _, inside in pixels)
    recall, terms = 0.0, []
    for threshold in sorted({value for value, _ in pixels}, reverse=True):
        chosen = [inside for value, inside in pixels if value >= threshold]
        terms.append((sum(chosen) / novel - recall) * sum(chosen) / len(chosen))
        recall = sum(chosen) / novel
    return math.fsum(terms)


def pointing(map_, mask):
    """Share of the highest pixels that lie inside."""
    values = map_.ravel().tolist()
    inside = [bool(m) for v, m in zip(values, mask.ravel(), strict=True) if v == max(values)]
    return sum(inside) / len(inside) if mask.any() else math.nan


def rank_accuracy(map_, mask):
    """Share of the K highest pixels that lie inside, lowest index first among equals."""
    values, inside = map_.ravel().tolist(), mask.ravel().tolist()
    k = sum(inside)
    top = sorted(range(len(values)), key=lambda index: (-values[index], index))[:k]
    return sum(inside[index] for index in top) / k if k else math.nan
