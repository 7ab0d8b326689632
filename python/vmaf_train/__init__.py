# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The model factory: corpus, features, training, export, validation, registry.

Each step is a module of small functions and a subcommand of ``python -m vmaf_train``, in this
order::

    extract   corpus.py material.py synthetic.py distort.py libvmaf.py extract.py -> table.py
    train     sampling.py teacher.py fit.py polish.py train.py                    -> checkpoint.py
    crossval  splits.py metrics.py evaluate.py
    export    net.py export.py                                                    -> ONNX, sidecar
    validate  runtime.py evaluate.py
    eval      runtime.py evaluate.py
    register  registry.py
    card      card.py

What to build is data: models in ``models.py``, pictures in ``corpus.toml``, distortions in
``distort.py``. Only ``fit.py`` needs torch; what ships runs without it.
"""
