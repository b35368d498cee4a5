"""The one error that a user can cause and mend."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the value and the remedy; a stage prints it and exits
    with status 1, without a traceback.
    """
