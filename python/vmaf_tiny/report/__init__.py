"""A report as one page: curves, scores over time, a table, and the worst pictures to compare.

Ladders are shown with their hull and rungs, searches with their probes. The page needs no network
and no other file. Charts are Bokeh's.
"""

from vmaf_tiny.report.groups import read_for_report
from vmaf_tiny.report.page import write_report

__all__ = ["read_for_report", "write_report"]
