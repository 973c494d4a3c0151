"""From a decision on a prompt that was read off a screen to the key that says it. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ccpar_hybrid.agents.prompt import Meaning, Prompt, PromptKind
from ccpar_hybrid.approval.keys import Aim
from ccpar_hybrid.approval.watch import Sight
from ccpar_hybrid.core.decision import Decision

Reader = Callable[[str, int], Prompt | None]
"""What a screen with its colours asks, in a pane of so many columns."""
PATTERN = "❯ [1-9][.] |^ *Welcome to Claude Code"
"""What `Watch` looks for: the chosen option of a dialog of Claude Code 2.1.197, or the pages of
its first start."""
_MEANS = {
    PromptKind.PERMISSION: {Decision.ALLOW: Meaning.ONCE, Decision.DENY: Meaning.NO},
    PromptKind.TRUST: {Decision.ALLOW: Meaning.ALWAYS, Decision.DENY: Meaning.NO},
}


def key_for(prompt: Prompt, decision: Decision) -> str | None:
    """The key that allows this one call, or denies it; None: only a person can answer.

    Never that of an option which would let later calls pass. Of a new folder that of its trust,
    which lasts, or that with which the program ends.
    """
    means = _MEANS.get(prompt.kind, {}).get(decision)
    if means is None or not prompt.whole:
        return None
    numbers = [option.number for option in prompt.options]
    option = prompt.option(means)
    if option is None or numbers != list(range(1, len(numbers) + 1)) or option.number > 9:
        return None
    return str(option.number)


def aim_at(sight: Sight, prompt: Prompt, read: Reader) -> Aim[Prompt]:
    """For the prompt that `read` has found in the sight."""
    columns = sight.pane.columns
    return Aim(sight.pane, lambda screen: read(screen, columns), prompt, prompt.shown)
