# Made by cdef.py: cffi's view of vmaf_tiny.h, without types.
from typing import Any

ffi: Any
lib: Any
