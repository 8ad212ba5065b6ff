"""Entry of `python -m gan_core`."""

import sys

from gan_core.allocator import keep_freed_memory
from gan_core.cli import main

keep_freed_memory()
sys.exit(main())
