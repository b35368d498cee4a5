"""Images as arrays: data sets, folders of files, new images, and the split into parts.

A name or a folder comes in, a `base.Dataset` goes out: images (N, C, H, W) uint8 in 0..255 with one
or three channels, labels (N,) int64 counting the classes from 0, and masks (H, W) that are True
where an image is novel. Every file is read as it is named or is an `InputError`; nothing turns into
another data set, no bad file is passed over, listings are sorted. Draws are seeded, and what is
normal or novel changes none of them.
"""
