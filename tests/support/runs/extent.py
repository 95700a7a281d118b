# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much is asked, and by which choice: what ./check puts into the environment.

FULL: everything is asked, however long it takes (./check --full).
SEED: of what else is chosen, by this; it is named where a test fails, and MODSEAL_SEED in the
environment makes the same choice again.
"""

import os
import random

FULL = os.environ.get("FULL") == "true"
SEED = os.environ.get("MODSEAL_SEED") or str(random.SystemRandom().randrange(10**9))
