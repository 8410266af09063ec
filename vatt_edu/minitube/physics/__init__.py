"""What happens.

Actions (`motions` by formula, `actions` the other five and the list of all) play on a `stage`, and leave a `scene`.
"""
