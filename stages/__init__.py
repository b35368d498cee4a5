"""The pipeline's stages: one file a stage, each a command (`python -m stages.NAME --help`)."""
