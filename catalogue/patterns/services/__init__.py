"""The AWS services: one module each. `registry` finds them by their files, and `known` is what readers see of them."""
