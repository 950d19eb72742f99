import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.clustering import cluster, nearest, summed_by


def blobs() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    centers = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], np.float32)
    members = generator.integers(0, 4, 200)
    return (centers[members] + 0.1 * generator.standard_normal((200, 2))).astype(np.float32), members


@pytest.mark.parametrize("seed", range(5))
def test_separate_groups_are_found(seed: int) -> None:
    points, members = blobs()
    found = cluster(points, 4, seed=seed)
    assert len(set(zip(members.tolist(), found.members.tolist(), strict=True))) == 4
    for name in range(4):
        np.testing.assert_allclose(
            found.centers[name], points[found.members == name].mean(axis=0), rtol=1e-4, atol=1e-4
        )


def test_a_heavy_point_draws_its_center() -> None:
    points = np.array([[0], [1], [10], [11]], np.float32)
    centers = cluster(points, 2, seed=0, weights=np.array([1, 99, 1, 1])).centers
    np.testing.assert_allclose(np.sort(centers[:, 0]), [0.99, 10.5], rtol=1e-5)


def test_points_no_more_than_clusters_are_their_own_centers() -> None:
    points = np.array([[3], [4]], np.float32)
    found = cluster(points, 3, seed=0)
    np.testing.assert_array_equal(found.centers[found.members], points)
    assert found.centers.shape == (3, 1)


def test_equal_points_leave_no_cluster_undefined() -> None:
    found = cluster(np.ones((9, 2), np.float32), 3, seed=0)
    np.testing.assert_array_equal(found.centers[found.members], np.ones((9, 2)))


def test_a_seed_gives_the_same_clusters() -> None:
    points = np.random.default_rng(1).standard_normal((300, 3)).astype(np.float32)
    one, same, other = (cluster(points, 20, seed=seed, rounds=2).centers for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_more_points_than_are_looked_at_at_once_have_the_same_nearest() -> None:
    generator = np.random.default_rng(0)
    points, centers = (generator.standard_normal((count, 3)).astype(np.float32) for count in (2500, 7))
    members, errors = nearest(points, centers)
    distances = ((points[:, None] - centers) ** 2).sum(axis=2)
    np.testing.assert_array_equal(members, distances.argmin(axis=1))
    np.testing.assert_allclose(errors, distances.min(axis=1), atol=1e-5)


def test_rounds_beyond_the_last_change_change_nothing() -> None:
    points = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    settled, longer = (cluster(points, 5, seed=0, rounds=rounds) for rounds in (100, 1000))
    np.testing.assert_array_equal(settled.centers, longer.centers)
    members, _ = nearest(points, settled.centers)
    means = np.stack([points[members == each].mean(axis=0) for each in range(5)])
    np.testing.assert_allclose(means, settled.centers, atol=1e-6)


def test_nearest_takes_the_lower_of_two_as_near() -> None:
    members, errors = nearest(np.array([[1, 0]], np.float32), np.array([[2, 0], [0, 0]], np.float32))
    assert (members.tolist(), errors.tolist()) == ([0], [1])


def test_sums_of_clusters_without_members_are_zero() -> None:
    sums = summed_by(np.array([2, 0, 2]), np.array([[1, 2], [3, 4], [5, 6]], np.float32), 4)
    assert sums.tolist() == [[3, 4], [0, 0], [6, 8], [0, 0]]


@pytest.mark.parametrize("weights", [np.ones(3), np.array([1, 0, 1, 1]), np.array([1, np.nan, 1, 1])])
def test_weights_are_positive_numbers_one_a_point(weights: np.ndarray) -> None:
    with pytest.raises(ConverterError, match="weights of 4 points are 4 positive numbers"):
        cluster(np.ones((4, 1), np.float32), 2, seed=0, weights=weights)


def test_no_clusters_are_refused() -> None:
    with pytest.raises(ConverterError, match="at least 1 cluster, not 0"):
        cluster(np.ones((4, 1), np.float32), 0, seed=0)
