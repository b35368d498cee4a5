"""Figures: tables and arrays in, matplotlib figures out.

A module draws what one package's tables hold (`agreement`, `training`, `localization`, `planted`,
`faithfulness`, `representation`, `oracles`) or images and their maps (`examples`, `overlay`);
`shown` chooses what is shown, and colours, lines and intervals come from `style` alone. Nothing is
measured here, read from a file or saved: stages load the tables and write the figures, and take
every width, label and limit from here.

Normal images are blue, novel ones vermilion, chance and maps that never see the network grey, in
every figure, and all colours are told apart without colour vision. A measure m has its interval in
the columns m_low and m_high. No display is needed: figures are drawn by Agg, over matplotlib's own
defaults whatever the user's are.
"""
