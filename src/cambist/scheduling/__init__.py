"""When things happen, and how what waits is run."""

from cambist.scheduling.scheduler import Callback, Clock, LoopScheduler, ManualScheduler, Scheduler, Timer
from cambist.scheduling.steady_clock import SteadyClock
from cambist.scheduling.steps import Suspended, first_step

__all__ = ["Callback", "Clock", "LoopScheduler", "ManualScheduler", "Scheduler", "SteadyClock", "Suspended", "Timer", "first_step"]
