"""The alerter's steps: decode, apply, explain, settle; and what comes beside the log."""
