"""What a run cost: uses become quantities (`usage`), quantities a bill (`bill`), a bill a month (`projection`). Pure.

`avoided` calculates what was not spent.
"""
