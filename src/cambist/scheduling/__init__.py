"""When things happen, and how what waits is run."""

from cambist.scheduling.scheduler import Callback, Clock, LoopScheduler, ManualScheduler, Scheduler, Timer
from cambist.scheduling.steps import Suspended, first_step

__all__ = ["Callback", "Clock", "LoopScheduler", "ManualScheduler", "Scheduler", "Suspended", "Timer", "first_step"]
