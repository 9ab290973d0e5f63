"""Pictures of data, training and networks: one family of picture a file.

Every function returns a matplotlib `Figure` and never shows it: in a notebook,
end a cell with it; in a script, `save(figure, "picture.png")`. Nothing here
touches `matplotlib.pyplot`, so no window opens and no figure has to be closed.
"""

from course.plots.confusion_matrix import confusion_matrix
from course.plots.decision_boundary import decision_boundary
from course.plots.filters import filters
from course.plots.prediction_grid import prediction_grid
from course.plots.roofline import roofline
from course.plots.saving import save
from course.plots.training_curves import training_curves

__all__ = [
    "confusion_matrix",
    "decision_boundary",
    "filters",
    "prediction_grid",
    "roofline",
    "save",
    "training_curves",
]
