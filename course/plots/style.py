"""The look that all pictures share: colours, markers, type."""

import io

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Ten colours chosen to stay apart in the common kinds of colour blindness and in
# lightness (Petroff, 2021, https://arxiv.org/abs/2107.02270).
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")

INK = "#222222"
GREY = "#6e6e6e"
BLUE = "#1f6fb4"  # The palette's blue and orange, dark enough for text on white.
ORANGE = "#c44f00"
RED = "#bd1f01"

SHADES = "Blues"  # From nothing to everything.
DIVERGING = "PuOr_r"  # From negative through white to positive.

# Decorates each plotting function: its figure looks the same whatever the reader's
# own matplotlib settings are, and these are left as they were.
styled = matplotlib.rc_context(
    {
        "font.family": "DejaVu Sans",  # Comes with matplotlib, has ✓ and ✗.
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "white",
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.grid": False,
        "text.color": INK,
        "figure.facecolor": "white",
        "figure.constrained_layout.wspace": 0.08,
        "figure.constrained_layout.hspace": 0.06,
    }
)


class Picture(Figure):
    """A figure that pyplot knows nothing of and that notebooks can show.

    Jupyter shows matplotlib's own `Figure` as an image only once pyplot is loaded.
    """

    def _repr_png_(self) -> bytes:
        image = io.BytesIO()
        self.savefig(image, format="png")
        return image.getvalue()


def new_figure(width: float, height: float) -> Picture:
    """Returns an empty figure, width and height in inches."""
    return Picture(figsize=(width, height), layout="constrained")


def tidy(axes: Axes) -> None:
    """Makes the ticks quiet: short, grey, their labels in ink."""
    axes.tick_params(length=3, color=GREY, labelcolor=INK, labelsize=9)


def frameless(axes: Axes) -> None:
    """Takes the frame and the ticks away, for axes that hold an image."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=INK, labelsize=9)
