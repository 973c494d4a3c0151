"""ccpar-hybrid: coding agents in tmux panes, fed by a Pueue queue."""

__version__ = "0.1.0"
