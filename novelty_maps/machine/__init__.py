"""The machine that a stage computes on: device, threads, memory, and a wheel that needs help.

Nothing here changes a result. `runtime.prepare` comes before the first import of PyTorch, and
`devices.select_device` sets its algorithms to deterministic ones; `torchvision_import` is the only
place from which torchvision is imported.
"""
