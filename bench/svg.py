"""Pictures as SVG, without any library: lines on two logarithmic axes, and bars to an aim."""
import math
from xml.sax.saxutils import escape

COLOURS = ["#1b6ca8", "#c1440e", "#2e8b57", "#8a4fbf", "#b8860b", "#008b8b", "#c71585", "#555555"]
STYLE = "<style>text{font:12px sans-serif;fill:#222}.t{font-size:15px}.s{fill:#666}</style>"


class Picture:
    def __init__(self, width, height):
        top = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d">'
        self.parts = [top % (width, height), STYLE,
                      '<rect width="100%" height="100%" fill="white"/>']

    def text(self, x, y, text, anchor="start", kind=""):
        self.parts.append('<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>' % (
            x, y, anchor, kind, escape(text)))

    def line(self, x1, y1, x2, y2, colour="#ddd", width=1):
        self.parts.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" '
                          'stroke-width="%s"/>' % (x1, y1, x2, y2, colour, width))

    def path(self, points, colour):
        self.parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (
            " ".join("%.1f,%.1f" % p for p in points), colour))
        for x, y in points:
            self.parts.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (x, y, colour))

    def box(self, x, y, width, height, colour):
        self.parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>' % (
            x, y, width, height, colour))

    def write(self, path):
        with open(path, "w") as f:
            f.write("\n".join(self.parts) + "\n</svg>\n")


class Scale:
    """A logarithmic axis from low to high over the pixels from a to b."""

    def __init__(self, low, high, a, b):
        self.low, self.a = math.log10(low), a
        self.per = (b - a) / (math.log10(high) - self.low)

    def at(self, value):
        return self.a + (math.log10(value) - self.low) * self.per


def steps(low, high):
    """1, 2, 5, 10, … that lie between."""
    out, power = [], 10.0 ** math.floor(math.log10(low))
    while power <= high:
        out += [power * k for k in (1, 2, 5) if low <= power * k <= high]
        power *= 10
    return out


def chart(path, title, x_name, y_name, series):
    """series: {name: [(x, y), …]}; both axes are logarithmic."""
    points = [p for line in series.values() for p in line]
    x_low, x_high = min(p[0] for p in points), max(p[0] for p in points)
    y_low = min(0.5, min(p[1] for p in points) / 1.3)
    y_high = max(2.0, max(p[1] for p in points) * 1.3)
    pic = Picture(900, 460)
    x = Scale(x_low, max(x_high, x_low * 10), 70, 560)
    y = Scale(y_low, y_high, 400, 50)
    pic.text(20, 28, title, kind="t")
    pic.text(315, 440, x_name, "middle", "s")
    pic.text(20, 44, y_name, kind="s")
    for v in steps(y_low, y_high):
        pic.line(70, y.at(v), 560, y.at(v), "#aaa" if v == 1 else "#e4e4e4")
        pic.text(62, y.at(v) + 4, "%g" % v, "end", "s")
    for v in (10.0 ** k for k in range(int(math.log10(x_low)), 12)):
        if x_low <= v <= x_high * 1.01:
            pic.line(x.at(v), 50, x.at(v), 400, "#e4e4e4")
            pic.text(x.at(v), 418, "10^%d" % round(math.log10(v)), "middle", "s")
    ends = sorted(((y.at(line[-1][1]), name) for name, line in series.items()))
    below = 0.0
    for (height, name), colour in zip(ends, COLOURS):
        pic.path([(x.at(a), y.at(b)) for a, b in series[name]], colour)
        below = max(height + 4, below + 16)  # names do not lie upon each other
        pic.text(572, below, "%s: %.2f" % (name, series[name][-1][1]))
        pic.box(563, below - 9, 5, 10, colour)
    pic.write(path)


def bars(path, rows):
    """How far each row is from its aim: left of 1 it is reached, whichever way the aim goes."""
    shown = [r for r in rows if r.sign and not r.skipped]
    far = [max(0.01, r.middle() / r.limit if r.limit else 1 + r.middle()) for r in shown]
    far = [f if r.sign == "<=" else 1 / max(f, 0.01) for f, r in zip(far, shown)]
    pic = Picture(900, 70 + 22 * len(shown))
    x = Scale(0.1, 10, 360, 860)
    pic.text(20, 28, "How far from the aim: left of the line it is reached", kind="t")
    for v in (0.1, 0.2, 0.5, 1, 2, 5, 10):
        pic.line(x.at(v), 40, x.at(v), 44 + 22 * len(shown), "#222" if v == 1 else "#ddd")
        pic.text(x.at(v), 60 + 22 * len(shown), "%gx" % v, "middle", "s")
    for i, (r, f) in enumerate(zip(shown, far)):
        top = 46 + 22 * i
        a, b = sorted((x.at(1), x.at(min(10, max(0.1, f)))))
        pic.box(a, top, max(2, b - a), 14, "#2e8b57" if r.verdict() == "reached" else "#c1440e")
        pic.text(350, top + 12, r.name, "end")
    pic.write(path)
