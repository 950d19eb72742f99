"""What is asked of a search: a task, the recipe whose steps come first, budget and floors, and how long."""

from dataclasses import dataclass

from edgerec.build import Task
from edgerec.compress.recipe import Recipe
from edgerec.floors import Floors
from edgerec.gate.budget import Budget
from edgerec.gate.from_quality import floors_of
from edgerec.search.setting import SearchSetting
from edgerec.search.trial import SizeLimits


@dataclass(frozen=True)
class Asked:
    """What is searched: a task, the recipe whose steps come first, the budget and floors, and how long."""

    task: Task
    recipe: Recipe
    budget: Budget
    setting: SearchSetting

    @property
    def floors(self) -> Floors:
        """What has to be kept of float32's."""
        return floors_of(self.budget, self.task.k)

    @property
    def limits(self) -> SizeLimits:
        """The most that the app part may take."""
        amounts = {each.name: int(each.amount) for each in self.budget.in_force if each.kind.unit == "bytes"}
        return SizeLimits(amounts.get("download_bytes"), amounts.get("app_bytes"))
