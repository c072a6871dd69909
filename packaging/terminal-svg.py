#!/usr/bin/env python3
"""A picture of a terminal: reads what `tmux capture-pane -e -p` prints, writes an SVG.

    tmux new-session -d -x 92 -y 18 'pipe run --file examples/pipelines/service.yml; sleep 9'; sleep 2
    tmux capture-pane -e -p | packaging/terminal-svg.py 'pipe run' >docs/pipe-run.svg
"""
import re
import sys
from xml.sax.saxutils import escape

PALETTE = ["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
           "#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff"]
WIDTH, HEIGHT, TOP = 8.4, 19, 52


def apply(style, codes):
    """The style after one SGR sequence."""
    style = dict(style)
    codes = [int(c or 0) for c in codes.split(";")]
    while codes:
        c = codes.pop(0)
        if c == 0:
            style = {}
        elif c in (1, 2, 3, 4):
            style[{1: "bold", 2: "dim", 3: "italic", 4: "underline"}[c]] = True
        elif c == 22:
            style.pop("bold", None)
            style.pop("dim", None)
        elif 30 <= c <= 37 or 90 <= c <= 97:
            style["fill"] = PALETTE[c - 30 if c < 90 else c - 82]
        elif c == 38 and codes[:1] == [5]:
            style["fill"] = PALETTE[codes[1] % 16]
            codes = codes[2:]
        elif c == 39:
            style.pop("fill", None)
    return style


def spans(line):
    """(column, text, style) for each stretch of one style."""
    style, column, out = {}, 0, []
    for part in re.split(r"(\x1b\[[0-9;]*m|\x1b[()]B|\x0f)", line):
        match = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if match:
            style = apply(style, match[1])
        elif part and part[0] not in "\x1b\x0f":
            out.append((column, part, style))
            column += len(part)
    return out


def attributes(style):
    out = [f'fill="{style["fill"]}"'] if "fill" in style else []
    if "bold" in style:
        out.append('font-weight="bold"')
    if "dim" in style:
        out.append('opacity="0.65"')
    return "".join(" " + a for a in out)


def main():
    lines = [line.rstrip("\n") for line in sys.stdin]
    while lines and not lines[-1].strip():
        lines.pop()
    drawn = [spans(line) for line in lines]
    columns = max((c + len(t.rstrip()) for line in drawn for c, t, _ in line), default=0)
    width, height = int(columns * WIDTH) + 40, TOP + len(lines) * HEIGHT + 12
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
          'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>')
    for i, colour in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")):
        print(f'<circle cx="{22 + 20 * i}" cy="20" r="6" fill="{colour}"/>')
    print(f'<text x="90" y="25" fill="#8b949e">{escape(sys.argv[1] if len(sys.argv) > 1 else "")}</text>')
    print('<g fill="#c9d1d9" xml:space="preserve">')
    for row, line in enumerate(drawn):
        for column, text, style in line:
            if text.strip():
                x, y, shown = 20 + column * WIDTH, TOP + row * HEIGHT, text.rstrip()
                print(f'<text x="{x:.1f}" y="{y}" textLength="{len(shown) * WIDTH:.1f}"{attributes(style)}>{escape(shown)}</text>')
    print("</g></svg>")


if __name__ == "__main__":
    main()
