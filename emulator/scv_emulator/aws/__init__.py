"""A local AWS around Amazon Connect: runs a SAM template, its events and functions. Needs the extra emulator-aws."""

from scv_emulator.aws.functions import InProcessFunctions as InProcessFunctions
from scv_emulator.aws.functions import WorkerFunctions as WorkerFunctions
from scv_emulator.aws.local import LocalAws as LocalAws
