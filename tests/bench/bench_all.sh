#!/bin/sh
# From end to end with one thread: bench_all.sh --tiny-model M --backend=cpu|cuda
set -eu
here=$(dirname "$(readlink -f "$0")")
python=$here/../../.venv/bin/python
[ -x "$python" ] || python=python3
exec "${PYTHON:-$python}" "$here/bench_all.py" "$@"
