"""The maps that comparisons of maps must have."""

from collections.abc import Sequence


def require_both(methods: Sequence[str], *, section: str, also: Sequence[str] = ()) -> None:
    """Raise ValueError unless the error map, saliency and `also` are among a section's methods."""
    for method in ("reconstruction_error", "saliency", *also):
        if method not in methods:
            raise ValueError(f"{section}.methods lacks {method}, which is compared: add it")
