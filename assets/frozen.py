"""Where the program begins in a folder that needs no Python: see kinetrail.spec and docs/install.md.

There is no `python -m` in such a folder, but the program starts some of its own modules in processes of their
own, with `sys.executable -P -m MODULE`. So that is understood here, for our modules only.
"""

import runpy
import sys

ours = ("app", "engine", "trackers")

if sys.argv[1:3] == ["-P", "-m"] and sys.argv[3:] and sys.argv[3].partition(".")[0] in ours:
    module, sys.argv[1:] = sys.argv[3], sys.argv[4:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
else:
    from app.cli import main

    sys.exit(main())
