"""Statistics of groups as their definitions have them, with loops."""

import numpy as np


def first_come(groups):
    """Groups in the order in which they appear."""
    return list(dict.fromkeys(np.asarray(groups).tolist()))


def means_of_drawn_groups(values, groups, drawn):
    """Mean of the rows of the drawn groups, one after the other as they are drawn."""
    order = first_come(groups)
    rows = [row for group in drawn for row in np.flatnonzero(groups == order[group])]
    return [np.mean([v for v in column[rows] if not np.isnan(v)]) for column in values.T]


def obuchowski_variance(novel, score, groups):
    """Variance of the AUROC, equations (4) to (6) of Obuchowski (1997, Biometrics 53, 567)."""
    positive, negative = np.flatnonzero(novel), np.flatnonzero(~novel)
    m, n = len(positive), len(negative)
    psi = {
        (i, j): float(score[i] > score[j]) + 0.5 * float(score[i] == score[j])
        for i in positive
        for j in negative
    }
    auroc = sum(psi.values()) / (m * n)
    every = first_come(groups)
    of_novel, of_normal = {}, {}
    for group in every:
        own = [i for i in positive if groups[i] == group]
        if own:
            of_novel[group] = sum(psi[i, j] for i in own for j in negative) / n - len(own) * auroc
        own = [j for j in negative if groups[j] == group]
        if own:
            of_normal[group] = sum(psi[i, j] for j in own for i in positive) / m - len(own) * auroc
    i10, i01, i = len(of_novel), len(of_normal), len(every)
    s10 = i10 / ((i10 - 1) * m) * sum(v**2 for v in of_novel.values())
    s01 = i01 / ((i01 - 1) * n) * sum(v**2 for v in of_normal.values())
    s11 = i / (i - 1) * sum(v * of_normal[g] for g, v in of_novel.items() if g in of_normal)
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def jackknife_error(statistic, groups):
    """Standard error of a statistic of rows, from its values with one group left out each."""
    without = [statistic(np.flatnonzero(groups != group)) for group in first_come(groups)]
    mean = sum(without) / len(without)
    return ((len(without) - 1) / len(without) * sum((v - mean) ** 2 for v in without)) ** 0.5
