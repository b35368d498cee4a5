"""How a network is trained, whatever it is: one loop, resumed to the byte.

A network, tensors of equal length and two losses come in; the network, trained in place, and a
`loop.TrainingState` go out: history, best epoch, weights of the epochs that were asked for. An
epoch is a function of seed, its number and the state before it, so that an interrupted training
(`checkpoints`) ends with the bytes of an uninterrupted one. `batch_norm` brings the statistics up
to the weights after each epoch, `progress` shows a bar, `files` names the record. Several
`processes` can share each batch of one training (`parallel`).
"""
