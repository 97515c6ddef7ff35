"""Errors that reach a person: one readable sentence that says what, where and what to do."""


class TelltaleError(Exception):
    """Base of every error that the command line prints without a traceback."""


class ProfileError(TelltaleError):
    """A profile file has a mistake; the message names file, key and what is allowed."""


class SettingsError(TelltaleError):
    """A setting is missing or wrong; the message names it and what is allowed."""


class DataError(TelltaleError):
    """Input data can't be used; the message names the file and the place in it."""


class ModelError(TelltaleError):
    """A model is damaged, foreign or unfit; the message says which and why."""


class UnavailableError(TelltaleError):
    """A broker or store can't be reached, or refuses us; the message says which and what to try."""
