"""What is known of a shell at one point of a script: its folder, variables, functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form, exact

Values = frozenset[Arg]
"""What a variable may hold, one of these."""
MOST_VALUES = 24
ANY: Values = frozenset({UNKNOWN})
NUMBER: Values = frozenset({Arg("0", Form.NUMBERED)})
"""Some number."""
NO_FUNCTION = -1


@dataclass(frozen=True)
class State:
    """`folders` None: nobody knows where. A name that is absent has the environment's value.

    `fixed` are read-only variables: an assignment to one fails. `functions` maps a name to the
    numbers of the bodies that it may have, NO_FUNCTION among them where it may be none.
    """

    folders: frozenset[str] | None
    values: Mapping[str, Values] = field(default_factory=dict)
    arrays: Mapping[str, tuple[Arg, ...]] = field(default_factory=dict)
    functions: Mapping[str, frozenset[int]] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()

    def with_value(self, name: str, values: Iterable[Arg]) -> State:
        """The name holds one of these."""
        found = frozenset(values)
        if name in self.fixed:
            found |= self.values.get(name, ANY)
        if len(found) > MOST_VALUES:
            found = ANY
        arrays = {key: value for key, value in self.arrays.items() if key != name}
        return replace(self, values={**self.values, name: found}, arrays=arrays)

    def with_array(self, name: str, values: tuple[Arg, ...]) -> State:
        """The name is an array of these."""
        if name in self.fixed:
            return self.without(name)
        first = values[0] if values else exact("")
        return replace(
            self,
            values={**self.values, name: ANY if first.is_several else frozenset({first})},
            arrays={**self.arrays, name: values},
        )

    def with_arguments(self, words: tuple[Arg, ...]) -> State:
        """The positional parameters are these; after several words nobody knows which is which."""
        state = self.with_array("@", words)
        values, sure = dict(state.values), True
        for position in range(1, 10):
            word = words[position - 1] if position <= len(words) else exact("")
            sure = sure and not word.is_several and word.form is not Form.GLOB
            values[str(position)] = frozenset({word if sure else UNKNOWN})
        return replace(state, values=values)

    def with_fixed(self, name: str) -> State:
        """The name is read-only from here on."""
        return replace(self, fixed=self.fixed | {name})

    def without(self, name: str) -> State:
        """Nothing is known of the name."""
        return self.with_value(name, ANY)

    def with_function(self, name: str, number: int) -> State:
        """The name is this function from here on."""
        return replace(self, functions={**self.functions, name: frozenset({number})})

    def at(self, folders: frozenset[str] | None) -> State:
        """The same in other folders."""
        return replace(self, folders=folders)


@dataclass(frozen=True)
class Flow:
    """The shell after a command: if it succeeded, and if it did not. None: it never gets there."""

    ok: State | None
    failed: State | None
    output: Arg | None = None

    @property
    def either(self) -> State | None:
        """After it, however it went."""
        return join(self.ok, self.failed)


def both(state: State | None) -> Flow:
    """The same after success and after failure."""
    return Flow(state, state)


def join(one: State | None, other: State | None) -> State | None:
    """What holds where two ways meet."""
    if one is None or other is None or one is other:
        return one or other
    folders = None
    if one.folders is not None and other.folders is not None:
        folders = one.folders | other.folders
        if len(folders) > MOST_VALUES:
            folders = None
    values = {}
    for name in one.values.keys() | other.values.keys():
        if name in one.values and name in other.values:
            found = one.values[name] | other.values[name]
            values[name] = found if len(found) <= MOST_VALUES else ANY
        else:
            values[name] = ANY
    none = frozenset({NO_FUNCTION})
    return State(
        folders,
        values,
        {name: kept for name, kept in one.arrays.items() if other.arrays.get(name) == kept},
        {
            name: one.functions.get(name, none) | other.functions.get(name, none)
            for name in one.functions.keys() | other.functions.keys()
        },
        one.fixed | other.fixed,
    )
