"""Images of five classes, of which 3 and 4 are novel, and what a good classifier says of them."""

import numpy as np
import pandas as pd

from novelty_maps.representation.representations import of_network


def rows_of(count, seed):
    """`row`, `label` and `novel` of so many images in random order."""
    label = np.random.default_rng(seed).permutation(np.arange(count) % 5)
    table = pd.DataFrame({"row": np.arange(count), "label": label})
    return table.assign(novel=(label >= 3).astype(int))


VALIDATION, TEST = rows_of(200, 0), rows_of(300, 1)
TRAIN = rows_of(250, 2).query("novel == 0").reset_index(drop=True)


def features(rows, seed):
    """A noisy axis for each class, (N, 5)."""
    generator = np.random.default_rng(seed)
    return np.eye(5)[rows["label"]] * 3 + generator.normal(size=(len(rows), 5))


def outputs(**changes):
    """What is kept of the classifier; its logits are of the normal classes."""
    return {
        part: {"z": features(rows, seed), "logits": features(rows, seed)[:, :3], **changes}
        for part, rows, seed in (("validation", VALIDATION, 2), ("test", TEST, 3))
    }


def representation(**changes):
    """That of the classifier."""
    return of_network("nominal", outputs(), TEST)._replace(**changes)
