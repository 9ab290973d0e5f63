"""Right, and shows a picture on the way."""

import matplotlib.pyplot as plt

plt.plot([1, 2, 3])
plt.show()

### THE REFERENCE
