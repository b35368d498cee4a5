"""What the pages claim in words, computed anew; each claim turns when its numbers do."""

import functools
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studies import lookup, report
from studies.paths import RESULTS, page_template

ROOT = Path(__file__).resolve().parents[2]
DIFFERENCE = "normal_minus_novel_agreement"


@functools.cache
def read(file):
    return pd.read_csv(file, dtype={"group": str})


class Copy:
    """The committed results, of which a test may change tables.

    Those that it has not changed are links, and are read once for all tests.
    """

    def __init__(self, folder):
        self.folder = folder
        self.changed = False

    def table(self, study, name):
        file = self.folder / study / f"{name}.csv"
        return read(file.readlink()).copy() if file.is_symlink() else read.__wrapped__(file)

    def change(self, study, name, changed):
        """Replace a table by what a function makes of it."""
        self.changed = True
        table = changed(self.table(study, name))
        file = self.folder / study / f"{name}.csv"
        file.unlink()
        table.to_csv(file, index=False)

    def page(self, name):
        """A page in one line."""
        return in_one_line(name, self.folder) if self.changed else committed(name)

    def results(self):
        return report.Results(self.folder)


def in_one_line(name, folder):
    return " ".join(report.render(ROOT / page_template(name), report.Results(folder)).split())


@functools.cache
def committed(name):
    return in_one_line(name, ROOT / RESULTS)


read_table = functools.cache(lookup.read_table)


def read_once(folder, name):
    """As `lookup.read_table`, of a link what was read before."""
    file = folder / f"{name}.csv"
    if file.is_symlink():
        return read_table(file.readlink().parent, name).copy()
    return read_table.__wrapped__(folder, name)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    monkeypatch.setattr(lookup, "read_table", read_once)
    folder = tmp_path / "results"
    return Copy(shutil.copytree(ROOT / RESULTS, folder, copy_function=os.symlink))


def shifted(measure, by, rows=slice(None)):
    """A change: a measure and its interval moved, in some rows."""

    def change(table):
        columns = [column for column in table if re.fullmatch(f"{measure}(_low|_high)?", column)]
        assert columns
        table.loc[table.index[rows], columns] += by
        return table

    return change


def both(copy, change):
    for study in ("authors-weights", "authors-setting"):
        copy.change(study, "trajectory", change)


SHOWN = [1, 2, 5, 10, 20, 50, 75, *range(100, 501, 50)]


def runs_of(copy):
    """Every network of the authors' runs and ours: the table of each study, run and epoch."""
    theirs = copy.table("authors-weights", "trajectory")
    stems = theirs["train.from_checkpoint"].str.extract(r"/(.*)-(\d+)\.pt")
    ours = copy.table("authors-setting", "trajectory")
    theirs = theirs.assign(run=stems[0], epoch=stems[1].astype(int))
    return pd.concat([theirs, ours], ignore_index=True)


def smoothed(copy):
    """The same at the epochs that are shown, each the mean of the epochs around it."""
    networks = runs_of(copy)
    rows = []
    for run, own in networks.groupby("run"):
        for epoch in SHOWN:
            if epoch in own["epoch"].tolist():
                reach = [-1, 0, 1] if epoch >= 10 else [0]
                around = own[own["epoch"].isin([epoch + step for step in reach])]
                means = around.select_dtypes("number").mean().to_dict()
                rows.append({**means, "run": run, "epoch": epoch})
    return pd.DataFrame(rows)


def last_of(networks):
    return networks.loc[networks.groupby("run", sort=False)["epoch"].idxmax()]


def test_finding_4_is_claimed_from_the_epoch_on_where_it_is_sure_in_every_network(copy):
    networks = smoothed(copy)
    unsure = networks[networks[f"{DIFFERENCE}_low"] <= 0]["epoch"].max()
    first = networks[networks["epoch"] > unsure]["epoch"].min()
    runs = networks["run"].nunique()
    page = copy.page("agreement")
    assert f"In all {runs} runs, the authors' and ours, this is so at every evaluated epoch" in page
    assert f" epoch from {first} on, each 95% interval above 0." in page
    assert f"in all {runs} runs from epoch {first} on" in copy.page("readme")


@pytest.mark.parametrize("epoch", [20, 50])
def test_early_epochs_are_counted_by_run(copy, epoch):
    there = smoothed(copy).query(f"epoch == {epoch}")
    above = (there[f"{DIFFERENCE}_low"] > 0).sum()
    below = (there[f"{DIFFERENCE}_high"] < 0).sum()
    said = f"After {epoch} epochs it is so in {above} of {len(there)} runs and surely the reverse"
    assert f"{said} in {below} (" in copy.page("agreement")


def test_finding_4_is_not_claimed_where_the_last_network_of_a_run_is_not_sure(copy):
    copy.change("authors-weights", "trajectory", shifted(DIFFERENCE, -1, slice(-1, None)))
    runs = runs_of(copy)["run"].nunique()
    claim = f"agree less (Finding 4) in {runs - 1} of {runs} runs**, each at its last epoch"
    assert claim in copy.page("agreement")
    assert f"Fewer in {runs - 1} of {runs} runs at their last epoch" in copy.page("readme")


PUBLISHED = {
    "majority_agreement": "the share with 6-10 agreeing",
    "max_distance_saliency_to_error": "the maximum distances",
    "scaled_map_error": "the scaled-map errors to s",
    "scaled_map_error_squared": "those to s²",
}


def test_papers_numbers_are_said_to_be_within_the_range_where_they_are(copy):
    plain = smoothed(copy).query("epoch >= 50 and not run.str.startswith('noisy')")
    paper = json.loads((copy.folder / "paper.json").read_text())
    inside = [
        label
        for measure, label in PUBLISHED.items()
        if all(
            plain[f"{kind}_{measure}"].min()
            <= paper[measure]["10"][kind]
            <= plain[f"{kind}_{measure}"].max()
            for kind in ("normal", "novel")
        )
    ]
    outside = [label for label in PUBLISHED.values() if label not in inside]
    page = copy.page("agreement")
    assert f"**The paper's numbers**: {', '.join(inside) or 'none'} lie" in page
    assert all(re.search(rf"; not so [^(]*{label}", page) for label in outside)
    both(copy, shifted("normal_max_distance_saliency_to_error", 90))
    assert re.search(r"; not so [^(]*the maximum distances", copy.page("agreement"))


SHARE = "all_given_class_rank_correlation_with_agreement_indirect_share"
NULL = "all_given_class_rank_correlation_with_indirect_share_shuffled_agreement"


def test_size_is_called_mechanical_where_the_shuffled_term_correlates_as_well(copy):
    last = last_of(runs_of(copy))
    as_well = all(abs(last[NULL]) >= 0.9 * abs(last[SHARE]))
    said = "is mechanical: with the pixels of the term shuffled it goes as well"
    assert (said in copy.page("agreement")) == as_well
    both(copy, lambda table: table.assign(**{NULL: 0.0}))
    page = copy.page("agreement")
    assert said not in page
    assert "is not all mechanical" in page


def test_ours_are_within_the_spread_where_the_means_differ_less_than_two_runs_of_a_source(copy):
    networks = smoothed(copy)
    page = copy.page("agreement")
    for epoch in (50, 100, 200, 300, 500):
        there = networks[networks["epoch"] == epoch]
        theirs = there[there["run"].str.startswith("plain")][DIFFERENCE]
        ours = there[there["run"].str.startswith("authors-setting")][DIFFERENCE]
        spread = max(np.ptp(values) for values in (theirs, ours) if len(values) > 1)
        word = "within" if abs(theirs.mean() - ours.mean()) <= spread else "not within"
        assert re.search(rf"\| {epoch} \| [^|]* \| [^|]* \| {word} \|", page), epoch


CRITERIA = {  # by number, what is asked of a row, written anew
    1: lambda r: min(r["normal_majority_missed_low"], r["novel_majority_missed_low"]) > 0.5,
    2: lambda r: (
        r[f"{DIFFERENCE}_low"] > 0
        and r["normal_minus_novel_max_distance_saliency_to_error_high"] < 0
        and r["normal_minus_novel_scaled_map_error_squared_high"] < 0
    ),
    3: lambda r: max(r["normal_agreement_most_frequent"], r["novel_agreement_most_frequent"]) <= 5,
    4: lambda r: r[f"{DIFFERENCE}_low"] > 0,
    5: lambda r: (
        min(
            r["normal_max_distance_saliency_to_error_low"],
            r["novel_max_distance_saliency_to_error_low"],
        )
        > 2
    ),
    6: lambda r: all(
        r[f"{kind}_scaled_map_error_squared_high"] < r[f"{kind}_scaled_map_error_low"]
        for kind in ("normal", "novel")
    ),
}
TURNED_BY = {
    1: ("novel_majority_missed", -1),
    2: ("normal_minus_novel_max_distance_saliency_to_error", 9),
    3: ("novel_agreement_most_frequent", 9),
    4: (DIFFERENCE, -9),
    5: ("normal_max_distance_saliency_to_error", -9),
    6: ("normal_scaled_map_error_squared", 1),
}


@pytest.mark.parametrize("number", CRITERIA)
def test_verdict_counts_the_last_network_of_each_run(copy, number):
    networks = runs_of(copy)
    last = last_of(networks)
    met = sum(CRITERIA[number](row) for _, row in last.iterrows())
    word = {0: "does not hold", len(last): "holds"}.get(met, "depends")
    row = re.compile(rf"\| {number}: [^|]*\|[^|]*\| {met} of {len(last)} \| {word} \|")
    assert row.search(copy.page("agreement"))
    both(copy, shifted(*TURNED_BY[number]))
    none = re.compile(rf"\| {number}: [^|]*\|[^|]*\| 0 of {len(last)} \| does not hold \|")
    assert none.search(copy.page("agreement"))


def test_place_is_no_chance_where_agreement_is_surely_below_the_null_in_every_run(copy):
    last = last_of(runs_of(copy))
    highs = last[[f"{kind}_excess_over_other_image_high" for kind in ("normal", "novel")]]
    said = "is no chance: agreement is surely lower than another image's term"
    assert (said in copy.page("agreement")) == (highs < 0).all(axis=None)
    copy.change("authors-weights", "trajectory", shifted("novel_excess_over_other_image", 5))
    page = copy.page("agreement")
    assert said not in page
    assert "is not surely other than chance in all runs" in page


def test_role_of_novelty_is_claimed_for_one_and_for_five_normal_digits_apart(copy):
    page = copy.page("agreement")
    effects = {}
    for digits in (1, 5):
        table = copy.results().agreement.role_table(digits=digits)
        assert (table[table["novel"] == 0].groupby("run")["label"].nunique() == digits).all()
        effects[digits] = report.role_effect.role_effect(table)
    first = "a fact about novelty" if effects[1].high < 0 else "not shown"
    second = "and" if effects[5].high < 0 else "not shown"
    assert f"networks of 20 epochs: {first} for the first, {second} for the second" in page

    def turned(by):
        def change(table):
            table.loc[table["novel"] == 1, "agreement"] += by
            return table

        return change

    for study in ("classes", "seeds"):
        copy.change(study, "by_class", turned(-20))
    assert "a fact about novelty for the first, and for the second" in copy.page("agreement")
    for study in ("classes", "seeds"):
        copy.change(study, "by_class", turned(40))
    assert "not shown for the first, not shown for the second" in copy.page("agreement")


GAIN = "gain_over_absolute_error"
GAINS = [f"{measure}_{GAIN}" for measure in ("average_precision", "aupro")]


def last_rows(copy, grouping, method):
    """Rows of `localization.csv` of the last network of each run, a table a run."""
    rows = rows_of_runs(copy, grouping, method)
    last = rows["epoch"] == rows.groupby("run")["epoch"].transform("max")
    return [own for _, own in rows[last].groupby("run", sort=False)]


def localized(copy, table, change):
    for study in report.LOCALIZED:
        copy.change(study, table, change)


def sure(rows):
    """On how many kinds saliency is surely better than |e|, and worse, in both measures."""
    better = (rows[[f"{gain}_low" for gain in GAINS]] > 0).all(axis=1).sum()
    worse = (rows[[f"{gain}_high" for gain in GAINS]] < 0).all(axis=1).sum()
    return better, worse


def test_saliency_is_surely_worse_on_the_kinds_on_which_it_is(copy):
    better, worse = np.transpose([sure(rows) for rows in last_rows(copy, "kind", "saliency")])
    page = copy.page("localization")
    said = f"worse than |e| on {', '.join(map(str, worse))} of 11 kinds, in AP and AUPRO both,"
    assert said + f" and surely better on {', '.join(map(str, better))} (" in page
    localized(copy, "localization", shifted(GAINS[0], 2))
    none = ", ".join("0" for _ in worse)
    assert f"surely worse than |e| on {none} of 11 kinds" in copy.page("localization")


def test_saliency_replaces_the_error_map_only_where_the_rule_says_so(copy):
    no = "**Saliency does not replace the error map, by this rule in any network"
    few = all(sure(rows)[0] <= 5 for rows in last_rows(copy, "kind", "saliency"))
    assert not few or no in copy.page("localization")
    study = "localization-published"
    for gain in GAINS:
        copy.change(study, "localization", shifted(gain, 2))
    for measure in ("average_precision", "aupro"):
        rows = copy.table(study, "localization")["method"] == "saliency"
        copy.change(study, "localization", shifted(measure, 2, rows.to_numpy()))
    assert "does replace the error map in authors, plain a, 500" in copy.page("localization")


def rows_of_runs(copy, grouping, method):
    """Rows of `localization.csv` of all runs, with the name of the run and its epoch."""
    theirs = copy.table("localization-published", "localization")
    stems = theirs["train.from_checkpoint"].str.extract(r"/(.*)-(\d+)\.pt")
    theirs = theirs.assign(run=stems[0], epoch=stems[1].astype(int))
    ours = copy.table("localization-training", "localization")
    runs = ours["train.noise_std"].astype(str) + " " + ours["train.seed"].astype(str)
    ours = ours.assign(run=runs, epoch=ours["localization.epoch"])
    rows = pd.concat([theirs, ours], ignore_index=True)
    return rows[(rows["grouping"] == grouping) & (rows["method"] == method)]


def test_absolute_error_is_surely_better_on_the_pairs_on_which_it_is(copy):
    rows = pd.concat(last_rows(copy, "kind", "absolute_error"))
    above = (rows["average_precision_gain_low"] > 0).sum()
    below = (rows["average_precision_gain_high"] < 0).sum()
    said = f"than e² in AP on {above} of {len(rows)} pairs of a run, at its last epoch, and a kind,"
    assert f"{said} surely worse on {below}." in copy.page("localization")
    better = "the better one" if above > len(rows) / 2 else "the worse one"
    better = better if max(above, below) > len(rows) / 2 else "not clearly the better one"
    assert f"the two error maps |e| is {better}.**" in copy.page("localization")


def test_gain_of_saliency_is_said_to_fall_where_it_does(copy):
    rows = rows_of_runs(copy, "all", "saliency").sort_values("epoch")
    steps = rows.groupby("run")[GAINS[0]].diff().dropna()
    said = "**The longer the training, the lower its gain, in every run.**"
    assert (said in copy.page("localization")) == (steps < 0).all()
    study = "localization-published"
    last = copy.table(study, "localization")["train.from_checkpoint"].str.contains("noisy-500")
    copy.change(study, "localization", shifted(GAINS[0], 1, last.to_numpy()))
    assert said not in copy.page("localization")


def test_low_agreement_goes_with_what_the_correlations_of_each_run_say(copy):
    parts = []
    for study in report.LOCALIZED:
        numbers = copy.table(study, "run_numbers")
        parts.append(numbers.assign(run=study + numbers["run"]))
    numbers = pd.concat(parts, ignore_index=True)

    def last(metric):
        rows = numbers[numbers["metric"] == f"disagreement_agreement_{metric}"]
        files = rows["train.from_checkpoint"].isin(
            [f'"authors-weights/{run}.pt"' for run in ("plain-a-500", "plain-b-500", "noisy-500")]
        )
        return rows[files | (rows["localization.epoch"] == rows["localization.epoch"].max())]

    saliency, error = last("saliency_correlation"), last("correlation")
    more = saliency["low"].to_numpy() > error["high"].to_numpy()
    said = (
        f"goes surely with a lower AP of s in {(saliency['low'] > 0).sum()} of {len(saliency)}"
        f" runs, at their last epoch, with a lower AP of r in {(error['low'] > 0).sum()}, and"
        f" surely more with that of s in {more.sum()} ("
    )
    assert said in copy.page("localization")

    def turned(table):
        rows = table["metric"] == "disagreement_agreement_saliency_correlation"
        table.loc[rows, ["estimate", "low", "high"]] -= 1
        return table

    localized(copy, "run_numbers", turned)
    assert f"lower AP of s in 0 of {len(saliency)} runs" in copy.page("localization")


SLOW = "localization-all-maps"
OTHERS = "localization-networks"
IG = "integrated_gradients_reconstruction"


def test_noise_is_said_to_outrank_the_error_map_where_it_does(copy):
    areas = copy.table(SLOW, "faithfulness")
    main = areas[areas["train.from_checkpoint"].astype(str).str.contains("plain-a-500")]
    areas = main[main["measure"] == "insertion"].set_index(["method", "baseline"])["area"]
    baselines = main["baseline"].unique()
    wins = [b for b in baselines if areas["uniform", b] > areas["reconstruction_error", b]]
    assert f"insertion with {len(wins)} of {len(baselines)} baselines" in copy.page("localization")

    def turned(table):
        table.loc[table["method"] == "uniform", "area"] += 100
        return table

    copy.change(SLOW, "faithfulness", turned)
    everywhere = f"insertion with {len(baselines)} of {len(baselines)} baselines"
    assert everywhere in copy.page("localization")


def test_integrated_gradients_are_surely_better_than_both_error_maps_where_they_are(copy):
    def counts():
        table = copy.table(SLOW, "localization")
        rows = table[(table["method"] == IG) & (table["grouping"] == "kind")]
        gains = [f"{m}_{g}" for m in ("average_precision", "aupro") for g in ("gain", GAIN)]
        groups = [own for _, own in rows.groupby("run", sort=False)]
        lows = [(own[[f"{gain}_low" for gain in gains]] > 0).all(axis=1).sum() for own in groups]
        highs = [(own[[f"{gain}_high" for gain in gains]] < 0).all(axis=1).sum() for own in groups]
        return f"{', '.join(map(str, lows))} of 11 kinds, surely worse than both on " + ", ".join(
            map(str, highs)
        )

    assert f"surely better than both on {counts()} (" in copy.page("localization")
    copy.change(SLOW, "localization", shifted("aupro_gain", 2))
    copy.change(SLOW, "localization", shifted("average_precision_gain", -2))
    page = copy.page("localization")
    assert f"surely better than both on {counts()} (" in page
    assert "do not replace the error maps either" in page


def test_integrated_gradients_beat_r_and_lose_to_the_absolute_error_where_they_surely_do(copy):
    def counts():
        table = copy.table(SLOW, "localization")
        rows = table[(table["method"] == IG) & (table["grouping"] == "all")]
        higher = (rows["average_precision_gain_low"] > 0).sum()
        lower = (rows[f"average_precision_{GAIN}_high"] < 0).sum()
        return f"of r in {higher} and surely lower than that of |e| in {lower} of {len(rows)}"

    before = counts()
    assert before in copy.page("localization")
    copy.change(SLOW, "localization", shifted("average_precision_gain", -2))
    assert counts() != before
    assert counts() in copy.page("localization")


def test_integrated_gradients_replace_the_error_maps_only_where_the_rule_says_so(copy):
    networks = copy.table(SLOW, "localization")["run"].nunique()
    for measure in ("average_precision", "aupro"):
        for gain in ("gain", GAIN):
            copy.change(SLOW, "localization", shifted(f"{measure}_{gain}", 2))
        rows = (copy.table(SLOW, "localization")["method"] == IG).to_numpy()
        copy.change(SLOW, "localization", shifted(measure, 2, rows))
    said = f"replace the error maps in {networks} of {networks} networks"
    assert said in copy.page("localization")
    copy.change(SLOW, "reinitialised", shifted("average_precision_drop", -2))
    assert "do not replace the error maps either" in copy.page("localization")


def test_saliency_in_other_networks_is_better_and_worse_on_the_kinds_on_which_it_is(copy):
    names = {"dense": "dense", "fully_convolutional": "fully convolutional", "vae": "VAE"}
    summary = copy.table(OTHERS, "localization_summary")
    rows = summary[(summary["method"] == "saliency") & (summary["grouping"] == "kind")]
    page = copy.page("localization")
    for network, name in names.items():
        own = rows[rows["train.network"] == f'"{network}"']
        better, worse = sure(own)
        runs = own["runs"].iloc[0]
        said = (
            f"{name} ({runs} runs): s is surely better than |e| on {better} of 11 kinds, worse on"
        )
        assert f"{said} {worse}" in page
    for gain in GAINS:
        copy.change(OTHERS, "localization_summary", shifted(gain, 2))
    assert "s is surely better than |e| on 11 of 11 kinds, worse on 0" in copy.page("localization")


def test_moving_averages_are_lower_and_of_the_other_sign_where_they_are(copy):
    table = copy.table("batch-norm", "trajectory")
    keys = ["train.learning_rate", "train.seed", "running"]
    counts = np.zeros(3, int)
    for _, run in table.groupby(keys[:2]):
        for epochs in ((9, 10, 11), (19, 20, 21), (39, 40, 41), (58, 59, 60)):
            near = run[run["epoch"].isin(epochs)]
            precise, running = near.groupby("running")[DIFFERENCE].mean()
            counts += [running < precise, precise * running < 0, 1]
    lower, other, all_of_them = counts
    said = f"the difference is lower in {lower} of {all_of_them} networks below, and has the other"
    assert f"{said} sign in {other}." in copy.page("agreement")

    def turned(table):
        table.loc[table["running"] == 1, DIFFERENCE] += 20
        return table

    copy.change("batch-norm", "trajectory", turned)
    assert f"is lower in 0 of {all_of_them} networks" in copy.page("agreement")
