"""A figure with its target, and how it is printed."""

import statistics


class Figure:
    """`rounds` are the values that `value` stands for, to show how far they lie apart."""

    def __init__(self, name, value, unit="", must=None, least=True, rounds=()):
        self.name, self.value, self.unit = name, value, unit
        self.must, self.least, self.rounds = must, least, list(rounds)

    def met(self):
        return self.value >= self.must if self.least else self.value <= self.must

    def row(self):
        target = verdict = ""
        if self.must is not None:
            target = f"{'>=' if self.least else '<='} {self.must:g}{self.unit}"
            verdict = "met" if self.met() else "MISSED"
        spread = f"{shown(min(self.rounds))} to {shown(max(self.rounds))}" if self.rounds else ""
        return f"| {self.name} | {shown(self.value)}{self.unit} | {target} | {verdict} | {spread} |"


def shown(value):
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def ratio(name, of, to, must=None):
    """The ratio of the medians of two series of the same rounds; the spread is of the pairs."""
    value = statistics.median(of) / statistics.median(to)
    return Figure(name, value, "", must, rounds=[a / b for a, b in zip(of, to)])


def print_table(figures):
    print("| figure | value | target | | rounds |\n| --- | --- | --- | --- | --- |")
    for figure in figures:
        print(figure.row())
