"""What autoencoders and classifiers share, whatever they are trained for.

Images (N, C, H, W) uint8 come in through `inputs.as_input`, float32 in [0, 1], and what a network
says of them goes out of `outputs` as float32 arrays with a row an image. A state dict comes in
through `weights.load_weights` alone, whole or not at all. Networks are built under a seed of their
own, and noise is drawn on the CPU, so that it is the same on every device.
"""
