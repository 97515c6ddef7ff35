"""The worker's steps, one a file, none of which knows Kafka or Faust.

order -> decode -> partition (features) -> score -> settle (write, publish) -> snapshot -> trail.
"""
