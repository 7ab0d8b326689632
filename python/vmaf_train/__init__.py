# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The model factory: corpus, features, training, export, validation, registry.

Each step is a module of small functions and a subcommand of ``vmaf-train``, in this order::

    extract     corpus.py corpora.py material.py synthetic.py distort.py libvmaf.py measure.py
                extract.py -> table.py
    train       sampling.py teacher.py fit.py adam.py polish.py train.py -> checkpoint.py
    crossval    splits.py metrics.py evaluate.py
    export      net.py export.py onnx_file.py -> ONNX file, sidecar
    validate    runtime.py evaluate.py
    eval        runtime.py evaluate.py
    quantize-int8
                quantize.py -> ONNX file
    registry    registry.py
    card        card.py

Others make models of other kinds, ``import-svm`` (import_svm.py) and ``placeholders``
(placeholders.py), or write the scores that models must keep, ``expect`` (drift.py).

What to build is data: models in ``models.py``, pictures in ``corpus.toml``, distortions in
``distort.py``. Nothing here needs torch, though checkpoints are such as it reads and writes.
"""
