"""The proof in figures: what the product promises of its speed, measured in ratios of one run.

`clinic` makes the data, `harness` runs servers and load, `peer` the usual stack beside ours, `items_*` measure, `report` judges.
"""
