"""Draws figures as SVG: lines over a logarithmic axis, legible on a light and on a dark page."""

import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 320, 62, 30, 52, 52
# Blue and orange, which are told apart by all kinds of sight; the marks differ as well.
COLOURS = ("#0072b2", "#d55e00"), ("#5fb4e8", "#ff9a4d")
STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.page { fill: #ffffff }
.grid { stroke: #d8dee4; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }
.s0 { stroke: %s } .f0 { fill: %s } .s1 { stroke: %s } .f1 { fill: %s }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #30363d }
.s0 { stroke: %s } .f0 { fill: %s } .s1 { stroke: %s } .f1 { fill: %s }
}
</style>""" % tuple(colour for pair in COLOURS for colour in pair for _ in range(2))


def panels(made):
    """One picture of several panels beside each other; each is the arguments of `panel`."""
    width = WIDTH * len(made)
    body = "".join(panel(WIDTH * nth, **arguments) for nth, arguments in enumerate(made))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
            f'role="img">\n{STYLE}\n<rect class="page" width="{width}" height="{HEIGHT}"/>\n{body}</svg>\n')


def panel(x, title, x_label, y_label, series, names=str, logarithmic=True):
    """`series` is `{name: [(x, y)]}` over the same x's, which stand at equal distances; y's axis begins at 0 or is logarithmic."""
    places = [at for at, _ in next(iter(series.values()))]
    values = [value for line in series.values() for _, value in line]
    ticks = decades(values) if logarithmic else steps(max(values))
    scale = math.log10 if logarithmic else float
    low, high = scale(ticks[0]), scale(ticks[-1])

    def across(nth):
        return x + LEFT + (WIDTH - LEFT - RIGHT) * (nth / max(len(places) - 1, 1))

    def up(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (scale(max(value, ticks[0])) - low) / (high - low)

    out = [f'<text class="title" x="{x + LEFT}" y="20">{title}</text>']
    for tick in ticks:
        y = up(tick)
        out.append(f'<line class="grid" x1="{x + LEFT}" x2="{x + WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                   f'<text x="{x + LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    for nth, place in enumerate(places):
        out.append(f'<text x="{across(nth):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{names(place)}</text>')
    middle = (HEIGHT + TOP - BOTTOM) / 2
    out.append(f'<text x="{x + (WIDTH + LEFT - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{x_label}</text>')
    out.append(f'<text transform="translate({x + 14} {middle}) rotate(-90)" text-anchor="middle">{y_label}</text>')
    for nth, (name, line) in enumerate(series.items()):
        points = [(across(place), up(value)) for place, (_, value) in enumerate(line)]
        joined = " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
        out.append(f'<polyline class="line s{nth}" points="{joined}"/>')
        out += [mark(nth, *point) for point in points]
        legend = x + LEFT + 130 * nth
        out.append(f'{mark(nth, legend + 5, 36)}<text x="{legend + 16}" y="40">{name}</text>')
    return "\n".join(out) + "\n"


def mark(nth, x, y):
    """A point of the first series is a disc, of the second a square."""
    if nth == 0:
        return f'<circle class="f0" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<rect class="f1" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'


def decades(values):
    """Powers of ten around the values, at least one apart."""
    above = [value for value in values if value > 0] or [1]
    low, high = math.floor(math.log10(min(above))), math.ceil(math.log10(max(above)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def steps(most):
    """Four to eight round steps from 0 to the first at or above the greatest value."""
    size = 10.0 ** math.floor(math.log10(most or 1))
    step = next(part * size for part in (0.2, 0.5, 1, 2) if most / (part * size) <= 6)
    return [step * nth for nth in range(math.ceil(most / step) + 1)]


def short(value):
    """A number as a tick says it: 1.5k, 20k, 0.1."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
