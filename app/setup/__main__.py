"""`python3 -m app.setup`: goes over to a supported Python where needed, then runs the steps.

This file and `interpreter` keep to what Python 3.7 understands, so that an old `python3` explains itself.
"""

from __future__ import annotations

import os
import sys

from app.core.errors import TouchstoneError
from app.setup import interpreter


def main() -> int:
    """Run set-up; returns the exit status, 1 for a failure that was explained."""
    try:
        python = interpreter.choose()
        if os.path.realpath(python) != os.path.realpath(sys.executable):
            os.execv(python, [python, "-m", "app.setup", *sys.argv[1:]])
        from app.setup import steps

        steps.run(sys.argv[1:])
    except TouchstoneError as error:
        sys.stdout.flush()
        print(f"\nset-up stopped: {error.sentence()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up stopped by you; run the same command to go on.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
