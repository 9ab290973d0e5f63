"""The course's layers and networks beside Keras's: what `bench/layers.py` is made of."""
