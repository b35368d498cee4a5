"""What several tests look at and none changes, computed by the first of them.

mutmut asks each test which code it runs: under it every test computes all of its own.
"""

import functools
import os


def once(function):
    """The function, of which a process keeps what it returned for the same arguments."""
    kept = functools.cache(function)

    @functools.wraps(function)
    def found(*args, **kwargs):
        alone = "MUTANT_UNDER_TEST" in os.environ
        return (function if alone else kept)(*args, **kwargs)

    return found
