"""The page of a run: tables, images and maps in, one HTML file out that loads nothing.

`answers`, `charts`, `tables`, `images` and `novelties` make what the page shows of one thing
each; `sprites` puts many pictures into one; `render` fills `templates/page.html`, into which the
styles, the scripts beside it and the libraries go whole: Vega, Vega-Lite and Vega-Embed draw the
charts, DataTables sorts the tables. Nothing is measured here and no file of a run is read; a
question that was not asked is None. Numbers that the page shows are those of the tables, but for
the shares beside the slider: the scripts count those on the pictures as they are drawn, reduced and
in `sprites.STEPS` steps.

A picture is uint8, (H, W) or (H, W, 3), pictures have N before that. Colours are names of CSS
variables, so that charts follow light and dark mode; normal is blue, novel vermilion.
"""
