"""When things happen, and how what waits is run."""

from cambist.scheduling.lockstep import Lockstep
from cambist.scheduling.scheduler import Callback, Clock, LoopScheduler, ManualScheduler, Scheduler, Timer
from cambist.scheduling.steady_clock import SteadyClock
from cambist.scheduling.steps import Suspended, Watched, first_step

__all__ = [
    "Callback",
    "Clock",
    "Lockstep",
    "LoopScheduler",
    "ManualScheduler",
    "Scheduler",
    "SteadyClock",
    "Suspended",
    "Timer",
    "Watched",
    "first_step",
]
