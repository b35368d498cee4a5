"""What holds for all tests, whatever the environment and however slow the machine.

Property tests draw the same examples in every run. matplotlib is imported with a backend that is
installed.
"""

import os

from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")
