"""What goes into a layer, for more rows than are run at once."""

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_the_vectors_times_the_kernel_are_the_scores(keras: object) -> None:
    from edgerec.compress.activations import vectors_before
    from edgerec.models import reference
    from edgerec.models.serving import catalogue_scores

    made = reference.gru(30, length=3, columns=8)
    history = np.random.default_rng(0).integers(31, size=(1030, 3)).astype(np.int32)
    kernel, bias = made.model.get_layer("scores").get_weights()
    vectors = vectors_before(made, "scores", {"history": history})
    assert vectors.shape == (1030, 8)
    assert np.allclose(vectors @ kernel + bias, catalogue_scores(made, {"history": history}), atol=1e-5)
