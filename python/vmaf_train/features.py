# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Names and order of the features that every six-feature model takes."""

from __future__ import annotations

FEATURES = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
TEACHER = "vmaf_v0.6.1"
