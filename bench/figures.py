"""Rows of results: what was aimed at, what was reached, how it was measured; table and JSON."""
import json
import os
import shutil
import textwrap

from tools import Spread, short

FORMS = {"<=": lambda x, y: x <= y, ">=": lambda x, y: x >= y}


class Row:
    """One result. sign and limit are the aim (None: for information); value is a number or a
    Spread. Ratios have no unit; times never stand alone."""

    def __init__(self, name, sign, limit, value, how, unit="x"):
        self.name, self.sign, self.limit, self.unit = name, sign, limit, unit
        self.value, self.how, self.skipped = value, how, None

    @classmethod
    def skip(cls, name, sign, limit, why):
        row = cls(name, sign, limit, None, why, unit="")
        row.skipped = why
        return row

    def middle(self):
        return self.value.middle if isinstance(self.value, Spread) else self.value

    def verdict(self):
        if self.skipped:
            return "SKIPPED"
        if self.sign is None:
            return "-"
        return "reached" if FORMS[self.sign](self.middle(), self.limit) else "NOT REACHED"

    def aim(self):
        return "-" if self.sign is None else ("%s %s %s" % (
            self.sign, self.limit, self.unit)).strip()

    def reached(self):
        if self.skipped:
            return "-"
        return (str(self.value) if isinstance(self.value, Spread) else short(self.value)) + \
            ("" if self.unit == "x" else " " + self.unit)

    def as_dict(self):
        d = {"row": self.name, "aim": None if self.sign is None else
             {"sign": self.sign, "limit": self.limit}, "unit": self.unit,
             "reached": None if self.skipped else round(self.middle(), 4),
             "verdict": self.verdict().lower(), "how": self.how}
        if isinstance(self.value, Spread):
            d["quartiles"] = [round(self.value.low, 4), round(self.value.high, 4)]
        return d


def heading():
    return "%-44s %-11s %-23s %-12s %s" % ("row", "aim", "reached (quartiles)", "verdict", "how")


def line(row):
    """As a line of the table; how goes on below itself."""
    left = "%-44s %-11s %-23s %-12s " % (row.name, row.aim(), row.reached(), row.verdict())
    width = max(40, shutil.get_terminal_size((180, 24)).columns - len(left))
    how = textwrap.wrap(row.how, width)
    return ("\n" + " " * len(left)).join([left + how[0], *how[1:]])


def write_json(path, rows, about):
    with open(path + ".new", "w") as f:
        json.dump({**about, "rows": [r.as_dict() for r in rows]}, f, indent=1)
        f.write("\n")
    os.replace(path + ".new", path)
