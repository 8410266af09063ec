"""How a number is made of a table of similarities, and how sure it is: rules that change it while the model stays.

``ties``: four rules for equal scores. ``rescoring``: the dual softmax, by which queries compete for items. ``truth``:
more than one right item. ``roles``: two things, and who does what. ``intervals``: how uncertain a share and a
difference are.
"""
