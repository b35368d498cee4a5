"""Names of the scores that tables and figures tell apart, without computing any."""

# Scores of z alone, in the order of tables; they are no network's own.
LATENT_SCORES = (
    "mahalanobis",
    "relative_mahalanobis",
    "nearest_neighbours",
    "vim",
    "kl_matching",
)

# Tasks beside classification, each an objective and the name of its score.
TASKS = ("rotation", "recolouring", "sobel")
