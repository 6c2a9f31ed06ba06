"""The curves as one SVG: a panel for each, the point on a logarithmic scale, the cost of a job
beside the smallest point's."""

import math

BASES = {"backlog": 0, "bytes": 10240}  # the smallest points that are not 1
TITLES = {
    "backlog": "jobs that wait",
    "tenants": "tenants",
    "types": "types",
    "workers": "workers",
    "bytes": "bytes of a payload (cost of a byte)",
}
COLOURS = {"sqlite": "#0b7285", "postgres": "#d9480f"}
DASHES = {"dispatch": "4 3", "drain": "none"}
WIDTH, HEIGHT, PAD, ACROSS, TOP = 300, 190, 38, 3, 40
CEILING = 3  # what costs more is drawn at the edge
STYLE = "text{font:11px sans-serif;fill:#495057}.t{font-weight:bold}line{stroke:#dee2e6}"


def short(point):
    for unit, size in (("M", 1000000), ("k", 1000)):
        if point >= size:
            return f"{point / size:.0f}{unit}"
    return str(point)


class Panel:
    """Where things are, inside one panel."""

    def __init__(self, index, points):
        self.left = (index % ACROSS) * WIDTH + PAD
        self.top = (index // ACROSS) * HEIGHT + TOP + 20
        self.width, self.height = WIDTH - PAD - 16, HEIGHT - 60
        self.first, self.last = (math.log10(max(point, 1)) for point in (min(points), max(points)))

    def x(self, point):
        span = (self.last - self.first) or 1
        return self.left + (math.log10(max(point, 1)) - self.first) / span * self.width

    def y(self, ratio):
        return self.top + self.height * (1 - min(ratio, CEILING) / CEILING)


def text(x, y, words, more=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {more}>{words}</text>'


def frame(panel, title, points):
    yield text(panel.left, panel.top - 8, title, 'class="t"')
    for ratio in range(CEILING + 1):
        y = panel.y(ratio)
        yield f'<line x1="{panel.left}" x2="{panel.left + panel.width}" y1="{y:.0f}" y2="{y:.0f}"/>'
        yield text(panel.left - 6, y + 4, ratio, 'text-anchor="end"')
    for point in points:
        where = 'text-anchor="middle"'
        yield text(panel.x(point), panel.top + panel.height + 15, short(point), where)


def line(panel, rows, store, half):
    found = sorted((row["point"], row["ratio"]) for row in rows if row["ratio"] is not None)
    path = " ".join(f"{panel.x(point):.1f},{panel.y(ratio):.1f}" for point, ratio in found)
    look = (
        f'fill="none" stroke="{COLOURS[store]}" stroke-width="2" stroke-dasharray="{DASHES[half]}"'
    )
    return f'<polyline points="{path}" {look}/>'


def panel_of(index, curve, rows):
    rows = [row for row in rows if row["point"] >= BASES.get(curve, 1)]
    points = sorted({row["point"] for row in rows})
    panel = Panel(index, points)
    yield from frame(panel, TITLES[curve], points)
    for store in COLOURS:
        for half in DASHES:
            mine = [row for row in rows if (row["store"], row["half"]) == (store, half)]
            if mine:
                yield line(panel, mine, store, half)


def legend():
    x = PAD
    for store, colour in COLOURS.items():
        for half, dashes in DASHES.items():
            look = f'style="stroke:{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
            yield f'<line x1="{x}" x2="{x + 24}" y1="16" y2="16" {look}/>'
            yield text(x + 30, 20, f"{store}, {half}")
            x += 150


def draw(rows):
    curves = [curve for curve in TITLES if any(row["curve"] == curve for row in rows)]
    size = (ACROSS * WIDTH, -(-len(curves) // ACROSS) * HEIGHT + TOP)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}">'.format(*size)]
    parts += [f"<style>{STYLE}</style>", '<rect width="100%" height="100%" fill="#fff"/>']
    parts += legend()
    for index, curve in enumerate(curves):
        parts += panel_of(index, curve, [row for row in rows if row["curve"] == curve])
    return "\n".join([*parts, "</svg>", ""])
