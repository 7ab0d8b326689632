# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Names of features, and the order in which every model takes the six."""

from __future__ import annotations

from vmaf_tiny._core import FEATURES as FEATURES

TEACHER = "vmaf_v0.6.1"

# fmt: off
FULL_FEATURES = (
    "adm2", "adm_scale0", "adm_scale1", "adm_scale2", "adm_scale3",
    "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion", "motion2", "motion3",
    "psnr_y", "psnr_cb", "psnr_cr", "float_ssim", "float_ms_ssim", "cambi", "ciede2000",
    "psnr_hvs", "ssimulacra2", "adm3",
)
"""What a table may have beside the six. libvmaf 3.2 knows all but ssimulacra2."""
# fmt: on

LIBVMAF_NAMES = {
    **{name: f"integer_{name}" for name in FULL_FEATURES if name[:3] in ("adm", "vif", "mot")},
    "motion": "VMAF_integer_feature_motion_sad_score",
}
"""What libvmaf calls a feature in its logs, where that is not our name."""
