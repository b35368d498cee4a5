"""Push what stages have made, and DVC's record of it, so that no other machine runs them again.

`dvc push --run-cache` leaves out metrics and plots that git keeps, without which another machine
cannot take a stage from the record.
"""

import re
import sys
from pathlib import Path
from typing import Any

from dvc.repo import Repo

_DIGEST = re.compile(r"\bmd5: ([0-9a-f]{32}(?:\.dir)?)$", re.MULTILINE)


def push(remote: str, *, only_new: bool = False) -> int:
    """Push the runs of stages that a DVC remote does not have, after the objects that they name.

    It may be called while DVC runs a stage, because it changes nothing here; a run whose objects
    are not all in the cache yet is left out.

    Args:
        remote: Name of the DVC remote.
        only_new: Leave out objects of the runs that the remote has, for each of which it would be
            asked. They may be missing where `dvc push --run-cache` has pushed the runs.

    Returns:
        How many runs were pushed.

    Raises:
        OSError: An object could not be pushed.
    """
    with Repo() as repo:
        cache = repo.stage_cache
        here, there = (
            repo.cache.legacy,
            repo.cloud.get_remote_odb(remote, "push --run-cache", hash_name="md5-dos2unix"),
        )
        known = _runs(there)
        whole = {
            run: path
            for run, path in _runs(here).items()
            if not (only_new and run in known)
            and _may_be_whole(repo, path)
            and _is_whole(cache, *run)
        }
        new = {run: path for run, path in whole.items() if run not in known}
        for odb, objects in cache.get_used_objs(whole).items():
            if repo.cloud.push(objects, remote=remote, odb=odb).failed:
                raise OSError(f"results of stages could not be pushed to {remote}")
        for (key, value), path in new.items():
            to = there.fs.join(there.path, "runs", key[:2], key, value)
            there.fs.makedirs(there.fs.parent(to), exist_ok=True)
            there.fs.put_file(path, to)
    return len(new)


def _may_be_whole(repo: Repo, path: str) -> bool:
    """Whether the cache has what a run's text names; most runs are other machines', so be quick."""
    _, _, outputs = Path(path).read_text().partition("\nouts:\n")
    return all(repo.cache.local.exists(digest) for digest in _DIGEST.findall(outputs))


def _is_whole(cache: Any, key: str, value: str) -> bool:
    """Whether a stage could be restored from its run, as DVC asks it."""
    entry = cache._load_cache(key, value)
    return entry is not None and cache._create_stage(entry).outs_cached()


def _runs(store: Any) -> dict[tuple[str, str], str]:
    """Place of every run in a cache or remote, by the two checksums that name it."""
    runs = store.fs.join(store.path, "runs")
    if not store.fs.exists(runs):
        return {}
    return {store.fs.parts(path)[-2:]: path for path in store.fs.find(runs)}


if __name__ == "__main__":
    print(f"runs of stages pushed: {push(sys.argv[1], only_new='--new' in sys.argv[2:])}")
