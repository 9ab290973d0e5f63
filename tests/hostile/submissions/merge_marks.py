import keras

<<<<<<< HEAD
FILTERS = 3
=======
FILTERS = 4
>>>>>>> main
