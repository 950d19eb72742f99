import numpy as np

from edgerec.criteria.criterion import saliency
from edgerec.criteria.random_order import Random
from edgerec.criteria.statistics import Statistics

KERNEL = np.zeros((40, 30), np.float32)


def test_a_seed_gives_one_order_and_another_seed_another() -> None:
    one, again, other = (saliency(Random(seed), KERNEL, Statistics(), "element") for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert len(np.unique(one)) == KERNEL.size


def test_every_grain_has_its_shape() -> None:
    assert saliency(Random(), KERNEL, Statistics(), "row").shape == (40,)
    assert saliency(Random(), KERNEL, Statistics(), "column").shape == (30,)
