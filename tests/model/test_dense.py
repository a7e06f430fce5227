"""The small networks: the same every time, and learning what is there to be learned."""

import numpy as np
import pytest
import torch

from foretell.model.dense import DenseNetwork, fit_dense


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    inputs = (random.normal(size=(900, 3)) * [1, 50, 0.01] + [0, 200, 5]).astype(np.float32)
    inputs = np.concatenate([inputs, np.full((900, 1), 7, dtype=np.float32)], axis=1)  # one that never varies
    score = inputs[:, 0] * np.sign(inputs[:, 1] - 200)
    return inputs, (score + random.normal(0, 0.3, 900) > 0).astype(float)


def fit(data, *, hidden=(16,), seed=0):
    inputs, label = data
    return fit_dense(inputs[:600], label[:600], validation=(inputs[600:], label[600:]), hidden=hidden, seed=seed)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(data):
    first, again, other = (fit(data, seed=seed).raw(data[0]) for seed in (1, 1, 2))
    assert (first == again).all()
    assert not (first == other).all()


def test_the_seed_decides_whatever_was_drawn_before(data):
    first = fit(data).raw(data[0])
    torch.manual_seed(99)
    torch.rand(5)
    assert (fit(data).raw(data[0]) == first).all()


def test_hidden_layers_learn_what_a_line_cannot(data):
    """The answer is the sign of a product: a plane through it is right half of the time."""
    inputs, label = data
    right = {hidden: ((fit(data, hidden=hidden).raw(inputs[600:]) > 0) == label[600:]).mean() for hidden in ((), (16,))}
    assert right[()] < 0.65
    assert right[(16,)] > 0.8


def test_scales_do_not_matter_to_a_line(data):
    inputs = data[0]
    linear = (inputs[:, 1] > 200).astype(float)
    assert ((fit((inputs, linear), hidden=()).raw(inputs[600:]) > 0) == linear[600:]).mean() > 0.9


def test_answers_do_not_depend_on_batch_mates_nor_on_dropout(data):
    network = fit(data)
    network.train()  # asking puts it back
    together = network.raw(data[0][:20])
    one_by_one = np.concatenate([network.raw(data[0][row : row + 1]) for row in range(20)])
    np.testing.assert_allclose(together, one_by_one, atol=1e-6)


def test_read_only_labels_of_a_data_frame_are_welcome(data):
    label = data[1].copy()
    label.flags.writeable = False
    fit((data[0], label))


def test_a_fresh_network_answers_even():
    assert DenseNetwork(3, hidden=()).output.bias.item() == 0.0
    assert len(DenseNetwork(3, hidden=(8, 4)).body) == 6
