"""Does an autoencoder's reconstruction-error map show the pixels that matter? The measurements.

The library imports no stage: functions take arrays, networks and settings, and return arrays,
tables and numbers; what a package's stages write is named and read in its `files`. Packages import
downwards only, from the bottom up:

    pipeline, statistics    files, errors, commands; intervals, tests, effect sizes
    params                  the sections of params.yaml, one file each
    machine                 devices, threads, memory
    networks                what all networks share: input, layers, weights, outputs
    images, training        data sets and their split; one training loop
    autoencoders, classifiers   the networks, by the names in params.yaml
    maps                    a value for each pixel: error, saliency, attributions, controls
    agreement, planting     do two maps name the same pixels; novelties of known place
    localization            does a map find a planted novelty
    faithfulness, representation, figures
                            is a map true to its network; do its features tell novel images; plots
    map_metric, api         the measures for maps and scores of others, as functions of arrays

What holds everywhere: images are (N, C, H, W) uint8; a network takes float32 in [0, 1]; maps are
(N, H, W) float32, a higher value meaning more; novel is the positive class and a higher score more
novel. Randomness comes from a generator or a seed that is an argument, never from global state.
"""
