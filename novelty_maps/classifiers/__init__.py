"""Classifiers whose representations are examined, and the ways to train them.

A network takes images (N, C, H, W) float32 in [0, 1] and has three methods: `forward` is what its
training loss needs, `logits` (N, K) what stops the training, `outputs` what is kept of each image,
named tensors with a row an image, among them the representation `z` (N, D).

`base` has the backbones and the plain network; each other network has a module with its loss, and
one line in `objectives`, by which `train` finds both. Losses take uint8 images and are in nats.
Classes are told by their places in ascending order. Whatever is random in training is drawn from
the CPU generator that the loss is given, initial weights from PyTorch's, seeded for the moment.

In: images and labels of the training part. Out: `files` names the weights and their record.
"""
