"""Starts `ccpar-task` as a file, with a Python that knows no search path (`python -I -S`).

Nothing but this is compiled at each start: what it imports is kept compiled.
"""

import sys

sys.path.insert(0, __file__.rsplit("/", 3)[0])

from ccpar_hybrid.worker.shim import run

run()
