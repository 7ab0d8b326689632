"""A report as one page: curves, scores over time, a table, and the worst pictures to compare.

The page needs no network and no other file. Charts are Bokeh's.
"""

from vmaf_tiny.report.page import write_report

__all__ = ["write_report"]
