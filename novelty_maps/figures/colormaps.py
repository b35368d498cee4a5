"""Which colour maps there are."""

from novelty_maps.pipeline.errors import InputError


def require_colormap(name: str) -> None:
    """Raise InputError unless matplotlib knows the colour map."""
    from matplotlib import colormaps

    if name not in colormaps:
        raise InputError(
            f"plots.colormap is {name!r}, which matplotlib does not know: use gray, viridis, magma"
        )
