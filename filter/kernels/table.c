// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "kernels/kernel.h"

const VmtKernels KB(kernels) = {
    .vif_vertical_ref    = KB(vif_vertical_ref),
    .vif_vertical_dis    = KB(vif_vertical_dis),
    .vif_horizontal_ref  = K(vif_horizontal_ref),
    .vif_horizontal_dis  = K(vif_horizontal_dis),
    .vif_sum_ref         = K(vif_sum_ref),
    .vif_sum_dis         = K(vif_sum_dis),
    .vif_down_vertical   = KB(vif_down_vertical),
    .vif_down_horizontal = K(vif_down_horizontal),
    .wavelet0_vertical   = KB(wavelet0_vertical),
    .wavelet0_horizontal = K(wavelet0_horizontal),
    .wavelet1_vertical   = K(wavelet1_vertical),
    .wavelet_vertical    = K(wavelet_vertical),
    .wavelet_horizontal  = K(wavelet_horizontal),
    .adm0_decouple       = K(adm0_decouple),
    .adm_decouple        = K(adm_decouple),
    .adm0_visible        = K(adm0_visible),
    .adm_visible         = K(adm_visible),
    .adm0_cubes          = K(adm0_cubes),
    .adm_cubes           = K(adm_cubes),
    .motion_vertical     = KB(motion_vertical),
    .motion_horizontal   = K(motion_horizontal),
    .sample_bits         = KB(sample_bits),
};
