"""Figures of several runs, a module a question: a study in, name to matplotlib figure out.

Where a figure of one run serves, with means in place of single values, it is that of
`novelty_maps.figures`. Colours and looks are those of `novelty_maps.figures.style`.
"""
