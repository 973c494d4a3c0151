"""Storms over a whole private instance: kills, stops and commands at random, then a reckoning.

`python -m tests.chaos --rounds N --seed S` runs them; a round is made again by its seed, as far
as the timing of real processes can be.
"""
