import keras


class Conv2D(keras.Layer):
    def build(self, shape):
        pass
	def call(self, x):
		return x
