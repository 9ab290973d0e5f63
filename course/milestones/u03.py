"""FCNN on flowers and digits."""

from course.milestones.trained import Goal

GOALS = (
    Goal("FCNN", "iris", 0.95, epochs=40, batch_size=16, minutes=0.2),
    Goal("FCNN", "digits", 0.96, epochs=20, batch_size=32, minutes=0.3),
    Goal("FCNN", "mnist", 0.98, epochs=12, batch_size=128, minutes=3),
)
