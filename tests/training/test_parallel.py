"""A training shared by three processes, against one process and against itself.

Of two numbers the sum is the same in any order, of three it is not.
"""

import re
from itertools import chain
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from oracles import ranks
from oracles.ranks import IMAGES

from novelty_maps.networks.inputs import as_input
from novelty_maps.training import parallel, processes


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """What each of three processes found, and the error in which all of them end.

    To start processes takes seconds: what needs several is asked of these, which are forks of one
    that has imported what they need.
    """
    folder = tmp_path_factory.mktemp("ranks")
    forks = get_context("forkserver")
    forks.set_forkserver_preload(["oracles.ranks", "torch._dynamo"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "get_context", lambda name: forks)
        with pytest.raises(RuntimeError) as caught:
            processes.launch(ranks.trainings, folder, processes=3, device="cpu")
    found = [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(3)]
    return found, str(caught.value)


@pytest.fixture
def found(ended):
    return ended[0]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_gradient_is_that_of_one_process_on_the_whole_batch(found):
    network = ranks.plain_network()
    x = as_input(IMAGES)
    (network(x) - x).square().mean().backward()
    for one in found:
        gradients = one["one_step"]["gradients"]
        for name, value in network.named_parameters():
            if value.grad is None:
                assert gradients[name] is None
                continue
            scale = float(value.grad.abs().max())
            np.testing.assert_allclose(gradients[name], value.grad, rtol=1e-5, atol=1e-6 * scale)


def test_all_take_the_same_step_and_leave_alone_what_no_loss_reaches(found):
    first, *others = (one["one_step"] for one in found)
    assert all(same(first["after"], one["after"]) for one in others)
    for name, value in first["before"].items():
        assert torch.equal(first["after"][name], value) == name.startswith("unused.")


def test_same_training_gives_the_same_bytes_in_all_processes_and_again(found):
    first = found[0]["whole"]
    assert len(first["history"]) == 4
    for one in found:
        for run in (one["whole"], one["again"]):
            assert same(run["weights"], first["weights"])
            assert run["history"] == first["history"]


def test_resumed_training_gives_the_bytes_of_an_uninterrupted_one(found):
    for one in found:
        assert same(one["whole"]["weights"], one["resumed"]["weights"])
        assert one["whole"]["history"] == one["resumed"]["history"]


def test_training_with_batch_norm_is_another_one_than_in_one_process_and_learns(found):
    shared = found[0]["whole"]["history"]
    assert shared != ranks.normalised()["history"]
    for key in ("train_loss", "validation_loss"):
        assert shared[-1][key] < shared[0][key]


def test_processes_share_the_batches_of_one_process(found):
    alone = ranks.visits()
    shares = [one["visits"]["rows"] for one in found]
    assert all(len(rows) == 7 for share in shares for rows in share)
    assert [list(chain(*step)) for step in zip(*shares, strict=True)] == alone["rows"]


def test_first_draws_the_noise_of_one_process_and_others_their_own(found):
    alone = ranks.visits()["draws"]
    first, *others = (one["visits"]["draws"] for one in found)
    assert first == alone
    assert len(first) == 6  # three epochs of two steps
    assert len({*first, *others[0], *others[1]}) == 18


def test_train_loss_is_the_mean_over_all_examples(found):
    for one in found:
        for ours, alone in zip(one["visits"]["history"], ranks.visits()["history"], strict=True):
            assert ours["train_loss"] == pytest.approx(alone["train_loss"], rel=1e-5)


def test_all_stop_when_the_first_does_which_alone_measures(found):
    every = [one["visits"] for one in found]
    assert [one["epochs"] for one in every] == [3, 3, 3]
    assert all(one["history"] == every[0]["history"] for one in every)
    assert [row["validation_loss"] for row in every[0]["history"]] == [1.0, 2.0, 3.0]
    assert [one["called"] for one in every] == [["validation"] * 3, [], []]


def test_what_is_not_trained_is_that_of_the_first_after_each_epoch(found):
    assert [one["visits"]["counted"] for one in found] == [[3.0, 3.0]] * 3


def test_all_go_on_from_the_checkpoint_of_the_first(found):
    assert [one["loaded"] for one in found] == [(2, found[0]["loaded"][1])] * 3


def test_mistake_of_the_code_has_its_traceback(ended):
    assert re.match(r"(?s)process \d: Traceback.*in trainings.*nobody foresaw it", ended[1])


def test_each_knows_its_place(found):
    assert [one["place"][:2] for one in found] == [(0, 3), (1, 3), (2, 3)]


def test_one_process_is_left_as_it_is():
    network, generator = torch.nn.Linear(2, 2), torch.Generator()
    assert parallel.data_parallel(network, compile=False) is network
    assert parallel.own_noise(generator) is generator
    assert (parallel.whole_batch(64, 45), parallel.whole_batch(16, 45)) == (45, 16)
    assert parallel.shard(torch.arange(6).view(2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert parallel.measured_by_first(network, lambda given: 0.1 if given is network else 0) == 0.1
    assert parallel.mean_of_all(torch.tensor(0.5)) == 0.5
    assert parallel.found_by_first(lambda: network) is network


def test_batch_of_few_examples_has_equal_shares_too(monkeypatch):
    monkeypatch.setattr(parallel, "world_size", lambda: 4)
    assert (parallel.whole_batch(64, 45), parallel.whole_batch(16, 45)) == (44, 16)
