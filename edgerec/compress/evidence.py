"""What is known of each kernel of a recommender from its training data: the statistics that criteria need."""

from collections.abc import Collection
from dataclasses import replace
from functools import partial

import numpy as np

from converters.tables.metric import second_moment
from edgerec.compress import layers
from edgerec.compress.activations import drawn, vectors_before
from edgerec.compress.masks import scores_catalogue, table_of
from edgerec.compress.row_gradients import moments_at_rows
from edgerec.criteria.mutual_information import PAIRS
from edgerec.criteria.statistics import Gradients, Statistics, Taken, Values, labelled
from edgerec.data.interactions import Interactions
from edgerec.models.examples import examples
from edgerec.models.gradients import gradients
from edgerec.models.recommender import Recommender


def evidence(
    recommender: Recommender,
    needs: Collection[str],
    names: Collection[str],
    data: Interactions,
    *,
    initial: Recommender | None = None,
    seed: int,
) -> dict[str, Statistics]:
    """What of `needs`, fields of Statistics, training data tells of each named layer's kernel, as `table_of` gives it.

    popularity, taken              of tables that users, items or histories are looked up in, and of the kernel that
                                   scores the catalogue; the padding row of a history counts the histories that have it
    vectors, labelled,             of that scoring kernel: the vectors of 50,000 examples at most, each paired with
    second_moment                  the item it took and as often with one it took not; the second moment of a table
                                   that is looked up is that of the scores' gradients at its rows
    gradients                      of every table and dense kernel
    initial                        of the `initial` recommender, the same model before it was trained

    What cannot be told of a layer is None, and `criteria.criterion.saliency` refuses it by name.
    """
    needs = set(needs)
    found = dict.fromkeys(names, Statistics())
    if "gradients" in needs:
        for name, each in gradients(recommender, data, seed=seed).items():
            if name in found:
                mean, square = (table_of(recommender, name, values) for values in (each.mean, each.mean_square))
                found[name] = replace(found[name], gradients=Gradients(mean, square))
    if "initial" in needs and initial is not None:
        for name, kernel in layers.kernels(initial, set(names) & set(layers.chosen(initial, ()))).items():
            found[name] = replace(found[name], initial=table_of(recommender, name, kernel))
    if needs & {"popularity", "taken"}:
        for name in names:
            found[name] = _of_interactions(recommender, name, data, found[name])
    if needs & {"vectors", "labelled", "second_moment"}:
        found |= _multiplied(recommender, needs, found, data, seed)
    return found


def _multiplied(
    recommender: Recommender, needs: set[str], known: dict[str, Statistics], data: Interactions, seed: int
) -> dict[str, Statistics]:
    """The layers that score or are looked up in, with what multiplies their rows."""
    scoring = filter(partial(scores_catalogue, recommender), known)
    found = {name: _with_vectors(recommender, name, data, known[name], seed) for name in scoring}
    if "second_moment" in needs:
        looked_up = [name for name in known if layers.is_table(recommender, name)]
        for name, moment in moments_at_rows(recommender, looked_up, data, seed=seed).items():
            found[name] = replace(known[name], second_moment=moment)
    return found


def _of_interactions(recommender: Recommender, name: str, data: Interactions, known: Statistics) -> Statistics:
    model, roles = recommender.model, recommender.roles
    layer = model.get_layer(name)
    if scores_catalogue(recommender, name):
        return _counted(known, data.item, data.user, roles.items)
    looked_up = [
        entry
        for entry in roles.inputs
        for tensor in model.inputs
        if tensor.name == entry.name and any(node.input_tensors is tensor for node in layer.inbound_nodes)
    ]
    if not looked_up:
        return known
    entry = looked_up[0]
    if entry.role == "user":
        return _counted(known, data.user, data.item, layer.input_dim)
    if entry.padding_id is None:
        return _counted(known, data.item, data.user, layer.input_dim)
    # The padding row counts once for each history that has it, with a partner of its own: it is like no item.
    padded = int((examples(roles, data)[0][entry.name] == entry.padding_id).any(axis=1).sum())
    rows, partners = np.append(data.item, entry.padding_id), np.append(data.user, data.users)
    times = np.append(np.ones(len(data), np.int64), padded)
    return _counted(known, np.repeat(rows, times), np.repeat(partners, times), layer.input_dim)


def _counted(known: Statistics, rows: Values, partners: Values, size: int) -> Statistics:
    return replace(known, popularity=np.bincount(rows, minlength=size), taken=Taken(rows, partners))


def _with_vectors(recommender: Recommender, name: str, data: Interactions, known: Statistics, seed: int) -> Statistics:
    inputs, target = drawn(recommender, data, seed=seed)
    vectors = vectors_before(recommender, name, inputs)
    taken = Taken(target, np.arange(len(target)))
    pairs = labelled(taken, recommender.roles.items, len(target), pairs=PAIRS, seed=seed)
    return replace(known, vectors=vectors, labelled=pairs, second_moment=second_moment(vectors))
