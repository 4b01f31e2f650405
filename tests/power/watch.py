"""Who stands at the disk and looks at each request: cuts the power, or lets requests fail."""

from vhost import FLUSH, WRITE, Broken, Cut

LOG, FRAME = "log", b"SFRM"  # a write of the log, told by the magic of frames


class Watch:
    """Stands at the disk, and cuts the power at a request, or lets requests fail."""

    def __init__(self):
        self.left = None  # requests until the cut
        self.kinds, self.where = (), "before"
        self.failing = ()  # kinds that fail once the count is up
        self.broken = False

    def arm(self, n, kinds=(WRITE, FLUSH), where="before", failing=()):
        self.kinds, self.where, self.failing = kinds, where, failing
        self.left = n

    def disarm(self):
        self.left, self.failing, self.broken = None, (), False

    def before(self, kind, data):
        if self.where == "before":
            self.count(kind, data)
        if self.broken and kind in self.failing:
            raise Broken

    def after(self, kind, data):
        if self.where == "after":
            self.count(kind, data)

    def count(self, kind, data):
        if self.left is None or not (kind in self.kinds or (LOG in self.kinds and FRAME in data)):
            return
        self.left -= 1
        if self.left <= 0:
            self.left = None
            if not self.failing:
                raise Cut
            self.broken = True
