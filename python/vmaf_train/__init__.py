# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The model factory: corpus, features, training, export, validation, registry.

Each step is a module with small functions and a subcommand of ``python -m vmaf_train``. Only
:mod:`vmaf_train.fit` needs torch.
"""
