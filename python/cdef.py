"""Write the C source of vmaf_tiny._native from the declarations in vmaf_tiny.h.

Run by the build: python cdef.py HEADER OUTPUT
"""

import sys
from pathlib import Path

import cffi  # type: ignore[import-untyped]

# A push lends 1 + N pictures under one loan. The core's threads give them back by counting down,
# in C, so that they never wait for Python.
LOAN_DECLARATIONS = """
typedef struct { ...; } Loan;
static void loan_begin(Loan *loan, int pictures);
static void loan_release(void *loan);
static int loan_pending(Loan *loan);
"""

LOAN_SOURCE = """
#include <stdatomic.h>

#include "vmaf_tiny.h"

typedef struct {
    atomic_int pictures;
} Loan;

static void loan_begin(Loan *loan, int pictures)
{
    atomic_init(&loan->pictures, pictures);
}

static void loan_release(void *loan)
{
    atomic_fetch_sub_explicit(&((Loan *)loan)->pictures, 1, memory_order_release);
}

static int loan_pending(Loan *loan)
{
    return atomic_load_explicit(&loan->pictures, memory_order_acquire);
}
"""


def declarations(header: str) -> str:
    """Return what cffi needs: the marked part of the header, without VMT_API."""
    _, begin, rest = header.partition("/* declarations: from here")
    body, end, _ = rest.partition("/* end of declarations */")
    if not (begin and end):
        raise SystemExit("cdef.py: the header has no part marked as declarations")
    return body[body.index("*/") + 2 :].replace("VMT_API ", "")


def main() -> None:
    """Read the header named on the command line and write the C source."""
    header, output = map(Path, sys.argv[1:])
    ffi = cffi.FFI()
    ffi.cdef(declarations(header.read_text(encoding="utf-8")) + LOAN_DECLARATIONS)
    ffi.set_source("vmaf_tiny._native", LOAN_SOURCE)
    ffi.emit_c_code(str(output))


if __name__ == "__main__":
    main()
