"""What `[target]` says of every target, and `[target.NAME]` of one that has a name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edgerec.strict_toml import Table, TomlError

_RUNTIME = re.compile(r"[a-z0-9][a-z0-9-]*==[0-9][0-9A-Za-z.]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class TargetSetting:
    """Where figures must be measured to prove a limit, and how `bench` measures; None leaves it to the flags.

    `named` are the targets that have a name: each has an `address`, and what it says of the rest is for it alone.
    """

    runtime: str | None = None
    threads: int | None = None
    calls: int | None = None
    address: str = ""
    named: Mapping[str, "TargetSetting"] = field(default_factory=dict)

    def of(self, name: str) -> "TargetSetting":
        """Give what holds for the target of a name: its own words, and those for every target where it has none."""
        own = self.named.get(name, TargetSetting(address=name))
        return TargetSetting(
            own.runtime or self.runtime, own.threads or self.threads, own.calls or self.calls, own.address
        )


UNSAID = TargetSetting()


def target_setting(table: Table | None) -> TargetSetting:
    """Read `[target]`; its own tables are the named targets. Raises TomlError with the line."""
    if table is None:
        return UNSAID
    every = _values(table)
    named = {}
    for name, value in table.values.items():
        one = table.table(name) if isinstance(value, dict) else None
        if one is not None:
            if not _NAME.fullmatch(name):
                raise TomlError(f"{one.where()}: a target is named {name!r}, expected letters, digits, '.', '_', '-'.")
            named[name] = replace(_values(one), address=one.required_text("address"))
            one.refuse_unknown()
    table.refuse_unknown()
    return replace(every, named=named)


def _values(table: Table) -> TargetSetting:
    runtime = table.text("runtime")
    if runtime is not None and not _RUNTIME.fullmatch(runtime):
        raise table.refuse("runtime", 'a runtime and its version such as "tflite-runtime==2.14.0"')
    return TargetSetting(runtime, table.integer("threads", least=1), table.integer("calls", least=1))
