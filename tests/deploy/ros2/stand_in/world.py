"""Where the stand-in's nodes live: simulated time, topics, and who listens."""

import heapq
import itertools


class World:
    """Time stands still until `advance`; messages arrive when it moves."""

    def __init__(self):
        self.now_ns = 10**9
        self.topics = {}
        self.publishers = []
        self.timers = []
        self.queue = []
        self.order = itertools.count()
        self.ok = False

    def deliver(self, topic, message):
        """To everyone whose subscription fits; a late joiner gets latched ones."""
        for subscription in list(self.topics.get(topic, [])):
            if subscription.fits(message):
                entry = (next(self.order), subscription, message)
                heapq.heappush(self.queue, entry)

    def work(self):
        """Run the callbacks of all that has arrived."""
        while self.queue:
            _, subscription, message = heapq.heappop(self.queue)
            if not subscription.destroyed:
                subscription.hand_over(message)

    def advance(self, seconds):
        """Let time pass, timer by timer."""
        end = self.now_ns + round(seconds * 1e9)
        self.work()
        while True:
            due = [t for t in self.timers if not t.cancelled and t.due <= end]
            if not due:
                break
            timer = min(due, key=lambda t: t.due)
            self.now_ns = max(self.now_ns, timer.due)
            timer.due += timer.timer_period_ns
            timer.callback()
            self.work()
        self.now_ns = end


WORLD = World()


def reset():
    """An empty world."""
    WORLD.__init__()
