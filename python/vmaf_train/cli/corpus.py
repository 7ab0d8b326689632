# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Steps that make a table of feature rows."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from vmaf_train.cli.options import Steps, whole
from vmaf_train.provenance import Invocation, run_provenance

CORPUS = Path(__file__).parents[1] / "corpus.toml"


def _declare_extract(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--corpus",
        default=str(CORPUS),
        help="manifest, or a folder's layout: netflix, konvid-1k, bvi-dvc, or local for any clips "
        "and stills (default: our manifest)",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of clips and stills")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="table to write (parquet); beside it, what it holds (json)",
    )
    parser.add_argument("--parts", type=Path, help="folder of finished units (default: OUT.parts)")
    parser.add_argument("--workers", type=whole(1), default=2, help="processes (default: 2)")
    parser.add_argument(
        "--every",
        type=whole(1),
        help="apply every so many-th distortion only, for a quick table (default: the corpus's)",
    )
    parser.add_argument(
        "--full-features",
        action="store_true",
        help="add what libvmaf measures beside the six features, such as PSNR and CAMBI",
    )


def _extract(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.corpora import LOADERS, read_units
    from vmaf_train.extract import extract
    from vmaf_train.files import write_json

    parts = args.parts or args.out.with_name(f"{args.out.name}.parts")
    units = read_units(args.corpus, args.data)
    if args.every:
        units = [dataclasses.replace(unit, every=args.every) for unit in units]
    done = extract(units, args.data, parts, args.out, args.workers, args.full_features)
    print(f"{args.out}: {done.rows} rows of {len(done.sources)} sources")
    about = args.out.with_suffix(".json")
    named, manifest = args.corpus in LOADERS, Path(args.corpus)
    provenance = run_provenance(
        invocation,
        {
            "corpus": args.corpus if named else manifest,
            "data": args.data,
            "out": args.out,
            "every": args.every,
            "full_features": args.full_features,
        },
        {"data": args.data} if named else {"corpus": manifest},
        {"table": args.out, "about": about},
        itself="about",
    )
    write_json(about, dataclasses.asdict(done) | {"run_provenance": provenance})
    return 0


STEPS: Steps = {
    "extract": ("Distort a corpus and measure it with libvmaf.", _declare_extract, _extract),
}
