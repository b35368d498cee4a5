"""The two maps that every comparison of maps has."""

from collections.abc import Sequence


def require_both(methods: Sequence[str], *, section: str) -> None:
    """Raise ValueError unless the error map and saliency are among a section's methods."""
    for method in ("reconstruction_error", "saliency"):
        if method not in methods:
            raise ValueError(f"{section}.methods lacks {method}, which is compared: add it")
