"""Optuna, wrapped once: our trials as its trials and back, without its chatter."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from device_tests import record
from edgerec.search.errors import SearchError
from edgerec.search.space import Dimension, OneOf, Space, WholeNumbers
from edgerec.search.trial import Finished, Outcome, SizeLimits, Trial

_TIE_BREAK = 2.0**-32
_NUMBER, _OUTCOME, _WHY = "number", "outcome", "why"


@cache
def optuna() -> Any:
    """The package, imported on first use (0.4 s). Raises SearchError where the [compress] extra is missing."""
    try:
        import optuna as package  # noqa: PLC0415
    except ImportError as error:
        raise SearchError(
            f'a search needs Optuna, and {error.name} is not installed: pip install "edgerec[compress]"'
        ) from error
    return package


@contextmanager
def quiet() -> Iterator[Any]:
    """Give the package with its log lines off, and put its verbosity back."""
    package = optuna()
    before = package.logging.get_verbosity()
    package.logging.set_verbosity(package.logging.CRITICAL)
    try:
        yield package
    finally:
        package.logging.set_verbosity(before)


def distributions(space: Space) -> dict[str, Any]:
    """Give Optuna's distribution of every dimension."""
    return {name: _distribution(dimension) for name, dimension in space.dimensions.items()}


def frozen(finished: Finished, space: Space, limits: SizeLimits) -> Any:
    """Give a finished trial as Optuna keeps it: its value in bytes, what is missed as constraints, the rest beside."""
    outcome, package = finished.outcome, optuna()
    shared = {"params": dict(finished.trial.choices), "distributions": distributions(space)}
    attributes: dict[str, Any] = {_NUMBER: finished.trial.number}
    if outcome is None:
        attributes[_WHY] = finished.why
        return package.trial.create_trial(state=package.trial.TrialState.FAIL, user_attrs=attributes, **shared)
    attributes[_OUTCOME] = record.to_json(outcome)
    return package.trial.create_trial(
        value=outcome.download_bytes + outcome.disk_bytes * _TIE_BREAK,
        constraints={name: -margin for name, margin in limits.margins(outcome).items()},
        user_attrs=attributes,
        **shared,
    )


def thawed(trial: Any) -> Finished:
    """Give a trial of `frozen` back. Raises SearchError for one that is not of ours."""
    told = trial.user_attrs
    if _NUMBER not in told or not {_OUTCOME, _WHY} & told.keys():
        raise SearchError(f"trial {trial.number} of the journal was not written by edgerec; take another folder")
    asked = Trial(told[_NUMBER], dict(trial.params))
    if _WHY in told:
        return Finished(asked, None, told[_WHY])
    return Finished(asked, record.from_json(Outcome, told[_OUTCOME], f"trial {asked.number}"))


def _distribution(dimension: Dimension) -> Any:
    package = optuna().distributions
    if isinstance(dimension, OneOf):
        return package.CategoricalDistribution(dimension.values)
    if isinstance(dimension, WholeNumbers):
        return package.IntDistribution(dimension.low, dimension.high, log=dimension.log)
    return package.FloatDistribution(dimension.low, dimension.high, log=dimension.log)
