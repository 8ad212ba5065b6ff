"""The entry point of `python -m gan_core`."""

import sys

from gan_core.cli import main
from gan_core.system.allocator import keep_freed_memory

keep_freed_memory()
sys.exit(main())
