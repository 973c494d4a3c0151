"""Real bash as the referee of the shell judge: what it tries to run of a text by chance was judged.

`python -m tests.referee --texts N --seed S` compares many; a text is made again by its seed.
"""
