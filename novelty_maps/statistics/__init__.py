"""Intervals, tests and effect sizes; everything in float64.

Images are the unit, each as likely as the next to be drawn anew, unless `groups` says which of them
show the same thing: then it is the group, with all of its images (Davison & Hinkley 1997, section
3.8). Groups are numbers of any kind, (N,), of which it counts only which are equal; where no two
images share one, results are those without groups, exactly.
"""
